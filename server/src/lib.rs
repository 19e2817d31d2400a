//! The HTTP server of the gateway: API, event streams, pages and assets.
//!
//! [`router::router`] lists all routes.

pub mod assets;
pub mod auth;
pub mod base_path;
pub mod body;
pub mod browser_sessions;
pub mod check;
pub mod cli;
pub mod compression;
pub mod connections;
pub mod cookie;
pub mod demo;
pub mod drain;
pub mod env;
pub mod error;
pub mod extract;
pub mod guard;
pub mod headers;
pub mod health_client;
pub mod host;
pub mod in_flight;
pub mod init;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod openapi;
pub mod pages;
pub mod print;
pub mod proxies;
pub mod rendering;
pub mod reply;
pub mod request_id;
pub mod router;
pub mod routes;
pub mod serve;
pub mod sse;
pub mod state;
pub mod token_command;
pub mod tokens;
pub mod unknown_fields;
pub mod version;
