//! Messages for errors, by their codes.

use super::Texts;
use crate::server_fns::{ApiError, FOREIGN_REPLY};

impl Texts {
    /// Returns the message of an error. An error without a text of its own keeps the gateway's message.
    pub(crate) fn failure(&self, failure: &ApiError) -> String {
        let known = match failure.code.as_str() {
            "unreachable" => self.error_unreachable(),
            "turn_active" => self.error_turn_active(),
            "no_active_turn" => self.error_no_active_turn(),
            "codex_crashing" => self.error_codex_crashing(),
            "session_limit" => self.error_session_limit(),
            "empty_prompt" => self.error_empty_prompt(),
            "codex_unavailable" => self.error_codex_unavailable(),
            "codex_too_old" => self.error_codex_too_old(),
            "codex_lacks" => self.error_codex_unsupported(),
            "no_image" | "broken_image" => self.error_no_image(),
            "too_large" => self.error_too_large(),
            "codex_config" => {
                let location = failure.message.split_once(": ").map_or("", |(_, location)| location);
                return format!("{} {location}", self.error_codex_config());
            }
            "thread_damaged" => {
                // The gateway's message names the file and its problem before what to do.
                let file = failure.message.split_once("its file ").and_then(|(_, rest)| rest.split_once(';'));
                let file = file.map(|(file, _)| format!(" ({file})")).unwrap_or_default();
                return format!("{}{file}", self.error_thread_damaged());
            }
            "prompt_too_long" => self.error_prompt_too_long(),
            "conversation_changed" => self.error_conversation_changed(),
            "key_unfinished" | "key_reused" => self.error_delivery_unknown(),
            "queue_full" => self.error_queue_full(),
            "unauthorized" => self.sign_in_ended(),
            "proxy_signed_out" => self.proxy_sign_in_ended(),
            FOREIGN_REPLY => return (self.foreign_reply)(&failure.message),
            "rate_limited" | "too_many_bodies" => self.error_rate_limited(),
            _ => return failure.message.clone(),
        };
        known.to_owned()
    }
}
