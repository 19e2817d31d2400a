//! The page that stands for a conversation while the browser loads it, because the server would take too long to render
//! it.

use view::prelude::*;

use super::header::Header;
use crate::i18n::texts;

/// Says that the conversation is being loaded.
#[component]
pub(super) fn DeferredPage() -> impl IntoView {
    view! {
        <div class="page">
            <Header/>
            <main class="message-page">
                <p role="status">{texts().loading_conversation()}</p>
            </main>
        </div>
    }
}
