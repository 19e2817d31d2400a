//! The session's thread is missing: codex has lost its file, or never wrote one.

use codex_gateway_wire::{
    Transcript,
    event::{History, WarningKind},
};

use super::{actor::Actor, attach::AttachedProcess};

impl Actor {
    /// Installs a process that was asked to resume the session's own thread. If the thread is not
    /// on disk, the process has started a new one. The session then keeps its turns, if it has any,
    /// and warns that codex no longer knows them.
    pub(super) fn install_own_thread(&mut self, mut attached: AttachedProcess) {
        let Transcript { thread_id, title, turns, entries, .. } = &self.transcript;
        let own = thread_id.as_ref().filter(|own| **own != attached.thread.reply.thread.id).cloned();
        let lost = own.filter(|_| !turns.is_empty());
        if lost.is_some() {
            attached.thread.history = Some(History {
                title: title.clone(),
                turns: turns.clone(),
                entries: entries.iter().cloned().collect(),
                // Older entries were only in codex's file.
                older: false,
            });
        }
        let had_older = self.has_older;
        self.install(attached);
        if let Some(thread) = lost {
            let more = if had_older { " What was said before what is shown here is gone, too." } else { "" };
            let message = format!(
                "Codex has lost this conversation and begins a new one: it does not remember what was said above.{more}"
            );
            let detail = format!("There is no file of the thread {thread} in codex's home any more.");
            self.warn(WarningKind::ThreadLost, message, Some(detail));
        }
    }
}
