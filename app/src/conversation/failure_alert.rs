//! The alert about a failure: of a turn, or of the start of a conversation.

use view::prelude::*;

use crate::icon::{Icon, icon};

/// Alerts the user to a failure and its reason. The children are details and what the user can do.
#[component]
pub(crate) fn FailureAlert(
    title: &'static str,
    reason: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="failure" role="alert">
            {icon(Icon::Alert)}
            <div class="message"><strong>{title}</strong> <p>{reason}</p></div>
            {children.map(|children| children())}
        </div>
    }
}
