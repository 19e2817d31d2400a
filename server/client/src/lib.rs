//! A client of `codex app-server`: starts the process, and speaks its JSON-RPC protocol over stdio.
//!
//! - [`start`] starts a process from a [`LaunchConfig`] and initializes it.
//! - [`Bridge`] is a handle on the process: typed requests with deadlines, and answers to codex's own requests.
//! - [`InboundReceiver`] receives everything else that codex writes, in order: notifications, requests, and the exit
//!   of the process.
//! - [`protocol`] has the requests and replies, [`version`] the supported versions of codex.
//!
//! The crate knows no sessions, no owners and no configuration besides [`LaunchConfig`].

mod bridge;
mod codec;
mod config_warning;
mod error;
mod handshake;
pub mod locate;
mod message;
pub mod process;
pub mod protocol;
mod reader;
pub mod version;
mod writer;

pub use self::{
    bridge::{Bridge, Direction, Exit, Inbound, InboundReceiver},
    config_warning::ConfigWarning,
    error::BridgeError,
    handshake::{InitializedProcess, hold_until_exit, start, with_exit_reason},
    message::{RpcAnswer, RpcError, RpcRequestId},
    process::{CommandOutput, LaunchConfig, Variables},
    protocol::{ClientInfo, Request},
    version::Version,
};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
