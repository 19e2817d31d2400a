//! Server functions: the page's requests to the server, as thin calls into the engine.
//!
//! Their paths are below `/_fn`; arguments, results and errors are JSON.

mod client;
#[cfg(feature = "ssr")]
mod context;
mod conversations;
mod error;
mod files;
mod highlight;
pub(crate) mod http;
mod listing;
mod page_data;
mod pages;
mod projects;
mod rules;
mod server_requests;
#[cfg(feature = "ssr")]
mod sessions;
mod turns;

#[cfg(feature = "ssr")]
pub use self::context::{ServerContext, load_page};
pub(crate) use self::{
    client::{GatewayClient, RetryingClient},
    conversations::{
        act_on_conversation, delete_conversation, list_conversations, read_items, rename_conversation,
        search_thread,
    },
    error::FOREIGN_REPLY,
    files::find_files,
    highlight::highlight_code,
    pages::{fetch_page, read_conversation},
    projects::{read_project, trust_project},
    rules::{list_rules, revoke_rule},
    server_requests::answer_server_request,
    turns::{
        change_queue, fork_and_send, interrupt_turn, resume_conversation, send_message, start_conversation,
    },
};
pub use self::{
    error::ApiError,
    listing::{Listing, Row},
    page_data::{Conversation, Home, PageData, SiteConfig},
};

/// The attribute of the `<html>` element that identifies the reader. It exists only where readers sign in.
pub(crate) const OWNER_ATTRIBUTE: &str = "data-signs-in";

/// Returns `true` if readers sign in, and can sign out.
pub(crate) fn auth_enabled() -> bool {
    #[cfg(feature = "ssr")]
    return leptos::prelude::use_context::<ServerContext>().is_some_and(|context| context.auth_enabled);
    #[cfg(not(feature = "ssr"))]
    return crate::browser::root_attribute(OWNER_ATTRIBUTE).is_some();
}
