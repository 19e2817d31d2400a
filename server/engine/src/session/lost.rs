//! The actor's part about a thread that is gone: codex has no file of it any more, or never had one.

use codex_gateway_wire::{
    Transcript,
    event::{History, WarningKind},
};

use super::{actor::Actor, open::Opened};

impl Actor {
    /// Takes over a process that was to go on with the session's own thread. If that is not on disk, the process has begun
    /// another one. Nothing is lost with a thread in which nothing was said; of any other, the session keeps what it has,
    /// and says that the agent does not know it.
    pub(super) fn adopt_own(&mut self, mut opened: Opened) {
        let Transcript { thread_id, title, turns, entries, .. } = &self.transcript;
        let own = thread_id.as_ref().filter(|own| **own != opened.joined.thread.thread.id).cloned();
        let lost = own.filter(|_| !turns.is_empty());
        if lost.is_some() {
            opened.joined.history = Some(History {
                title: title.clone(),
                turns: turns.clone(),
                entries: entries.iter().cloned().collect(),
                // Those that only codex had are gone.
                older: false,
            });
        }
        let older = self.older;
        self.adopt(opened);
        if let Some(thread) = lost {
            let more = if older { " What was said before what is shown here is gone, too." } else { "" };
            let message = format!(
                "Codex has lost this conversation and begins a new one: it does not remember what was said above.{more}"
            );
            let detail = format!("There is no file of the thread {thread} in codex's home any more.");
            self.warn(WarningKind::ThreadLost, message, Some(detail));
        }
    }
}
