//! Markdown in the page's language.

use view::prelude::*;

use crate::{
    i18n::Texts,
    markdown::{AlertLabels, MarkdownLabels, MarkdownText, MarkdownView},
};

/// Markdown as the model wrote it, with labels in the page's language.
#[component]
pub(crate) fn Markdown(text: MarkdownText, t: &'static Texts) -> impl IntoView {
    let alerts = AlertLabels {
        note: t.alert_note(),
        tip: t.alert_tip(),
        important: t.alert_important(),
        warning: t.alert_warning(),
        caution: t.alert_caution(),
    };
    let labels =
        MarkdownLabels { copy: t.copy(), copied: t.copied(), plain: t.shown_as_plain_text(), alerts };
    view! { <MarkdownView text labels/> }
}
