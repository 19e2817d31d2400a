//! Searching in the conversation.
//!
//! The browser's own search would miss entries that are not mounted, folded away or not loaded. Here the server
//! searches, and the page scrolls to the matches. The bar is in `find_bar`.

use std::time::Duration;

use codex_gateway_wire::{ItemId, Match, Matches, ThreadId};
use leptos::{prelude::*, task::spawn_local};

use super::scroll::Scroll;
use crate::{
    browser,
    commands::{Command, CommandGroup, Commands, Key},
    icon::Icon,
    server_fns,
    signal::RwSignalExt as _,
    state::{Chat, DisclosureKey, GroupKey},
};

/// The search starts once the user has not typed for this long.
const TYPING_DELAY: Duration = Duration::from_millis(200);
/// The search stops after this many matches. Users step through a few of them.
const MAX_MATCHES: usize = 200;
/// How many entries are mounted on each side of a match.
const MOUNTED_EACH_SIDE: isize = 80;
/// The field of the bar.
const FIELD: &str = ".find input";

/// The search in a conversation.
#[derive(Clone, Copy)]
pub(super) struct Find {
    pub(super) chat: Chat,
    scroll: Scroll,
    pub(super) is_open: RwSignal<bool>,
    query: RwSignal<Query>,
    /// The matches so far. `None` before the first page of them has arrived.
    pub(super) matches: RwSignal<Option<Matches>>,
    /// The index of the current match.
    pub(super) current: RwSignal<usize>,
    /// The first match has not been found yet, or the current one is not in sight yet.
    pub(super) is_busy: RwSignal<bool>,
}

/// What is searched for.
#[derive(Clone, Debug, Default)]
struct Query {
    text: String,
    /// Identifies the search. Each change of the text starts another one.
    search_id: u32,
}

impl Query {
    /// Sets the text. Returns the id of the search for it.
    fn set_text(&mut self, text: String) -> u32 {
        *self = Self { text, search_id: self.search_id + 1 };
        self.search_id
    }
}

impl Find {
    pub(super) fn new(chat: Chat, scroll: Scroll) -> Self {
        Self {
            chat,
            scroll,
            is_open: RwSignal::new(false),
            query: RwSignal::new(Query::default()),
            matches: RwSignal::new(None),
            current: RwSignal::new(0),
            is_busy: RwSignal::new(false),
        }
    }

    /// Adds the command that opens the bar.
    pub(super) fn add_command(self, commands: Commands) {
        let open = Command::new(self.chat.t.find_in_conversation(), Icon::Search, move || self.open());
        commands.add(open.group(CommandGroup::Conversation).synonyms("find").key(Key::Ctrl("f")));
    }

    /// Opens the bar. Returns `false` if the user is in its field: then the key opens the browser's own search.
    fn open(self) -> bool {
        if browser::find(".find input:focus").is_some() {
            return false;
        }
        self.is_open.set(true);
        request_animation_frame(|| {
            browser::focus(FIELD);
            browser::select_contents(FIELD);
        });
        true
    }

    /// Closes the bar, and gives the focus back to the composer.
    pub(super) fn close(self) {
        self.is_open.set(false);
        self.is_busy.set(false);
        self.matches.set(None);
        self.query.update(|query| {
            query.set_text(String::new());
        });
        self.scroll.clear_match();
        browser::focus_composer();
    }

    /// Closes the bar. Returns `true` if it was open.
    pub(super) fn close_if_open(self) -> bool {
        let is_open = self.is_open.get_untracked_or_default();
        if is_open {
            self.close();
        }
        is_open
    }

    /// Starts a search for another text, once the user has finished typing.
    pub(super) fn set_text(self, text: String) {
        let search_id = self.query.try_update(|query| query.set_text(text.clone())).unwrap_or_default();
        // Matches of the previous text are not waited for any more.
        self.is_busy.set(false);
        self.matches.set(None);
        let Some(thread) = self.chat.transcript.with_untracked(|transcript| transcript.thread_id.clone())
        else {
            return;
        };
        set_timeout(
            move || {
                if !self.is_current_search(search_id) || text.trim().is_empty() {
                    return;
                }
                self.is_busy.set(true);
                spawn_local(async move { self.search(search_id, thread, text).await });
            },
            TYPING_DELAY,
        );
    }

    /// Requests the matches page by page, the newest first, and shows each page as it arrives.
    async fn search(self, search_id: u32, thread: ThreadId, text: String) {
        let mut cursor = None;
        loop {
            let page = server_fns::search_thread(thread.clone(), text.clone(), cursor).await;
            if !self.is_current_search(search_id) {
                return;
            }
            let page = page.unwrap_or_else(|failure| {
                self.chat.handle_auth_error(&failure);
                Matches::default()
            });
            let count_before = self.match_count();
            let count = count_before + page.matches.len();
            cursor = page.next.clone().filter(|_| count < MAX_MATCHES);
            self.matches.update(|matches| {
                let matches = matches.get_or_insert_default();
                matches.matches.extend(page.matches);
                matches.next = page.next;
            });
            if count_before == 0 && count > 0 {
                self.go_to(0);
            }
            if cursor.is_none() {
                if count == 0 {
                    self.is_busy.set(false);
                }
                return;
            }
        }
    }

    /// Returns `true` if no other search was started since. An equal text may have been searched for before.
    fn is_current_search(self, search_id: u32) -> bool {
        self.query.try_with_untracked(|query| query.search_id == search_id) == Some(true)
    }

    fn match_count(self) -> usize {
        self.matches
            .try_with_untracked(|matches| matches.as_ref().map_or(0, |matches| matches.matches.len()))
            .unwrap_or_default()
    }

    fn match_at(self, index: usize) -> Option<Match> {
        self.matches.try_with_untracked(|matches| matches.as_ref()?.matches.get(index).cloned()).flatten()
    }

    /// Goes to the next match towards the beginning of the conversation, and on from its end.
    pub(super) fn go_back(self) {
        self.step(1);
    }

    /// Goes to the next match towards the end of the conversation, and on from its beginning.
    pub(super) fn go_forward(self) {
        self.step(self.match_count().saturating_sub(1));
    }

    /// Goes on by so many matches. The matches are sorted from the newest to the oldest.
    fn step(self, by: usize) {
        let count = self.match_count();
        if count > 0 {
            self.go_to((self.current.get_untracked_or_default() + by) % count);
        }
    }

    /// Scrolls to a match, after loading the entries up to it.
    fn go_to(self, index: usize) {
        let Some(found) = self.match_at(index) else { return };
        self.current.set(index);
        self.is_busy.set(true);
        let chat = self.chat;
        spawn_local(async move {
            // All entries between the match and those that are loaded are needed: the log has no gaps.
            while !chat.transcript.show_around(&found.id, MOUNTED_EACH_SIDE) {
                let Some(cursor) = chat.transcript.older().filter(|_| self.is_current_match(&found.id))
                else {
                    break;
                };
                match server_fns::read_items(chat.id(), cursor.before.clone(), cursor.cursor.clone()).await {
                    Ok(page) => chat.transcript.prepend(&cursor, page),
                    Err(failure) => {
                        chat.handle_auth_error(&failure);
                        break;
                    }
                }
            }
            self.is_busy.set(false);
            if self.is_current_match(&found.id) {
                self.reveal(found);
            }
        });
    }

    /// Returns `true` if the entry has the current match.
    fn is_current_match(self, id: &ItemId) -> bool {
        let current = self.match_at(self.current.get_untracked_or_default());
        current.is_some_and(|current| current.id == *id)
    }

    /// Unfolds the entry of a match, marks it and scrolls to it.
    fn reveal(self, found: Match) {
        let (chat, scroll) = (self.chat, self.scroll);
        chat.disclosures.set(DisclosureKey::Step(found.id.clone()), true);
        request_animation_frame(move || {
            if !scroll.is_mounted(&found.id)
                && let Some(turn) = &found.turn
            {
                chat.disclosures.set(DisclosureKey::Group(GroupKey::Turn(turn.clone())), true);
            }
            // The entry is laid out after this.
            request_animation_frame(move || {
                scroll.mark_match(&found.id, &self.query.get_untracked_or_default().text);
            });
        });
    }
}
