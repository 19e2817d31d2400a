//! All keys, in a dialog.

use super::Commands;
use crate::{
    dialog::{Dialog, close_all},
    i18n::texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, el, many},
};

/// The dialog.
pub(crate) fn help_view(dialog: Dialog, commands: Commands) -> El {
    let t = texts();
    let row =
        |key: String, what: &'static str| many([el("dt").child(what), el("dd").child(el("kbd").child(key))]);
    let body = move || {
        let all = commands.all().into_iter();
        let keys = all.filter_map(|command| Some(row(command.key?.name(), command.name)));
        let others = t.other_keys.iter().map(|(key, what)| row((*key).to_owned(), what));
        let close = el("button")
            .attr("type", "button")
            .class("icon-button")
            .attr("aria-label", t.close())
            .attr("title", t.close())
            .on_click(close_all)
            .child(icon(Icon::Close));
        many([
            el("div").class("head").child(el("h2").child(t.keys())).child(close),
            el("dl").child(many(keys.chain(others))),
        ])
    };
    dialog.view(t.keys(), body).class("dialog keys-help")
}
