//! The Leptos UI: pages, components and the live store.
//!
//! Rendered by the server (feature `ssr`), taken over by the browser (feature `hydrate`).
//!
//! - [`App`]: all pages; [`shell()`]: the document around them; `sign_in`: the one that is a document of its own
//! - `pages`: the first screen, a conversation, what is not there
//! - `sidebar`: the reader's conversations
//! - `conversation`: the log, turn by turn, and the line that says what is going on
//! - `cards`: the kinds of work, a file each
//! - `composer`: writing and sending messages
//! - `commands`: the commands, with the palette and the keyboard shortcuts; `dialog`: modal dialogs
//! - `server_requests`: requests of codex that wait for the user, and their answers; `rules`: the user's rules
//! - `folder_trust`: whether the user trusts the codex settings of the folder
//! - `state`: what the page knows, without views: the conversation, the event stream that feeds it, drafts
//! - [`server_fns`]: the server functions, which the page calls
//! - `cookies`: reading those of a request, on the server
//! - `i18n`: the texts in each language; `prefs`: theme, language and sidebar
//! - `base_path`: the addresses of the gateway's paths; `route`: which page an address is
//! - `lazy`: parts whose code is loaded when they are first shown
//! - `node`: the pieces that pages are built of; `signal`: what is added to signals
//! - `start`: how the page begins in the browser
//! - `upload`: uploads of images
//! - `notify`: what the system tells of while nobody looks
//! - `text`: plain functions on texts; `browser`: what is asked of the browser

// `#[component]` writes a public item beside each component.
#![allow(unreachable_pub)]

pub mod app;
mod base_path;
mod browser;
mod cards;
mod commands;
mod composer;
mod conversation;
#[cfg(feature = "ssr")]
mod cookies;
mod dialog;
mod diff;
mod folder_trust;
mod i18n;
mod icon;

mod lazy;
pub mod markdown;
mod node;
mod notify;
mod pages;
mod panel;
mod prefs;
mod route;
mod rules;
pub mod server_fns;
mod server_requests;
#[cfg(feature = "ssr")]
mod shell;
mod sidebar;
#[cfg(feature = "ssr")]
mod sign_in;
mod signal;
#[cfg(feature = "hydrate")]
mod start;

mod state;
mod text;
mod upload;

pub use app::App;
#[cfg(feature = "ssr")]
pub use base_path::{BasePath, NotABasePath};
#[cfg(feature = "ssr")]
pub use cookies::cookies;
#[cfg(feature = "ssr")]
pub use lazy::ChunkFiles;
#[cfg(feature = "ssr")]
pub use prefs::theme_word;
#[cfg(feature = "ssr")]
pub use server_fns::{PageData, ServerContext, load_page, page_highlights};
#[cfg(feature = "ssr")]
pub use shell::{PAGES, init_tasks, shell};
#[cfg(feature = "ssr")]
pub use sign_in::{SignInPage, TokenProblem, sign_in_page};
#[cfg(feature = "hydrate")]
pub use start::start;
#[cfg(feature = "ssr")]
pub use view::RenderBudget;
