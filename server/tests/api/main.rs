//! The gateway as its clients meet it: the real program over real HTTP, with the real codex and a stand-in
//! model where codex behaves, and with a fake codex where it does not. The files mirror `src/routes`; those
//! about what has no route are named for what they are about.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod auth;
mod check;
mod cli;
mod cli_terminal;
mod codex;
mod codex_versions;
mod conversations;
mod diff;
mod environment;
mod errors;
mod events;
mod examples;
mod export;
mod faults;
mod files;
mod generated;
mod guard;
mod headers;
mod health;
mod http2;
mod images;
mod info;
mod items;
mod legacy;
mod limits;
mod logging;
mod mcp;
mod metrics;
mod once;
mod outliving;
mod owners;
mod pages;
mod parking;
mod presence;
mod proxies;
mod queue;
mod replacing;
mod replay;
mod requests;
mod rules;
mod search;
mod session_options;
mod sessions;
mod shutdown;
mod sign_in;
mod slow_clients;
mod store;
mod summaries;
mod support;
mod thread_actions;
mod thread_owners;
mod thread_resume;
mod threads;
mod threads_read;
mod token_command;
mod trust;
mod turn_options;
mod turns;
mod uploads;
mod wait;
mod warm;
