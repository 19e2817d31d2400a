//! Integration tests: the real program over real HTTP.
//!
//! Tests use the real codex with the mock model, or the scripted fake codex for failures and rare events.
//! The modules mirror `src/routes`; the others are named after the behaviour that they test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers may panic")]

mod api_fuzzing;
mod auth;
mod base_path;
mod check;
mod cli;
mod cli_terminal;
mod codex_failures;
mod codex_versions;
mod conversations;
mod diff;
mod documentation;
mod environment;
mod errors;
mod events;
mod examples;
mod export;
mod faults;
mod files;
mod generated_clients;
mod guard;
mod headers;
mod health;
mod http2;
mod idempotency;
mod images;
mod info;
mod init_process;
mod items;
mod legacy;
mod limits;
mod logging;
mod mcp;
mod metrics;
mod modules;
mod owners;
mod pages;
mod parking;
mod persistence;
mod presence;
mod process_pool;
mod proxies;
mod queue;
mod replay;
mod requests;
mod response_size;
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
mod temp_dirs;
mod thread_actions;
mod thread_new;
mod thread_owners;
mod thread_resume;
mod threads_read;
mod token_command;
mod trust;
mod turn_options;
mod turn_replacement;
mod turn_wait;
mod turns;
mod unknown_fields;
mod uploads;
