//! The alert about a failure: of a turn, or of the start of a conversation.

use view::prelude::*;

use crate::icon::{Icon, icon};

/// What went wrong, and why. The children are details and what the user can do.
#[component]
pub(crate) fn FailureAlert(
    what: &'static str,
    why: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="failure" role="alert">
            {icon(Icon::Alert)}
            <div class="message"><strong>{what}</strong> <p>{why}</p></div>
            {children.map(|children| children())}
        </div>
    }
}
