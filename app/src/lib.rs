//! The web UI: a Leptos application that shows codex's sessions as a chat.
//!
//! The server renders it (feature `ssr`); the browser hydrates it (feature `hydrate`).
//!
//! Pages and what is on them:
//!
//! - [`App`]: the root component; [`shell()`]: the document around it; `sign_in`: the sign-in form, a document of its own
//! - `pages`: the home page, the page of a conversation, error pages
//! - `sidebar`: the reader's conversations
//! - `conversation`: the transcript, turn by turn, and the status line
//! - `cards`: one file for each kind of item, such as commands and plans
//! - `composer`: writing messages
//! - `commands`: actions, the command palette and keyboard shortcuts; `dialog`: modal dialogs
//! - `server_requests`: requests of codex that wait for the user, and their answers; `rules`: the user's rules
//! - `folder_trust`: whether the user trusts the codex settings of the folder
//! - `panel`: the details of a conversation; `diff`: diffs; `markdown`: messages as HTML
//!
//! Data:
//!
//! - `state`: what the page knows, without views: the conversation, the event stream that feeds it, drafts
//! - [`server_fns`]: the server functions, which the page calls
//! - `notify`: notifications of the operating system
//! - `upload`: uploads of images
//!
//! Foundations:
//!
//! - `router`: which page an address shows, links and navigation; `base_path`: the path that the gateway is served below
//! - `prefs`: theme and language; `i18n`: all texts, in each language; `icon`: the icons; `copy_button`: copying texts;
//!   `search_field`: fields that search
//! - `lazy`: parts of the page whose code is loaded when they are first shown; `chunks`: the files of that code;
//!   `chunk_loader`: loading them
//! - `signal`: extensions of Leptos's signals
//! - `start`: starting the page in the browser; `cookies`: reading cookies on the server
//! - `text`: functions on texts; `browser`: functions of the browser

// `#[component]` generates a public item for each component.
#![allow(unreachable_pub)]

#[cfg(all(test, not(target_family = "wasm"), not(feature = "ssr")))]
compile_error!("the tests outside of the browser need the server's side: `--features codex-gateway-app/ssr`");

pub mod app;
mod base_path;
mod browser;
mod cards;
mod chunk_loader;
mod chunks;
mod commands;
mod composer;
mod conversation;
#[cfg(feature = "ssr")]
mod cookies;
mod copy_button;
mod dialog;
mod diff;
mod folder_trust;
mod i18n;
mod icon;

mod lazy;
pub mod markdown;
mod notify;
mod pages;
mod panel;
mod prefs;
mod router;
mod rules;
mod search_field;
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
pub use chunks::ChunkFiles;
#[cfg(feature = "ssr")]
pub use cookies::cookies;
#[cfg(feature = "ssr")]
pub use markdown::page_highlights;
#[cfg(feature = "ssr")]
pub use prefs::theme_word;
#[cfg(feature = "ssr")]
pub use server_fns::{PageData, ServerContext, load_page};
#[cfg(feature = "ssr")]
pub use shell::{PAGES, init_tasks, shell};
#[cfg(feature = "ssr")]
pub use sign_in::{SignInPage, TokenProblem, sign_in_page};
#[cfg(feature = "hydrate")]
pub use start::start;
#[cfg(feature = "ssr")]
pub use view::RenderBudget;
