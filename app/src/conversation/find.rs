//! Searching in the conversation: a bar above the log. The browser's own search would miss what is not mounted, is
//! folded away or not even loaded. The server looks; the page brings what was found into sight.

use std::time::Duration;

use codex_gateway_wire::{ItemId, Match, Matches, ThreadId};
use leptos::{prelude::*, task::spawn_local};
use web_sys::{Event, KeyboardEvent};

use super::{Chat, scroll::Scroll};
use crate::{
    browser,
    commands::{Command, Commands, Key},
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, live},
    server_fns,
    signal::RwSignalExt as _,
    state::{DisclosureKey, GroupKey},
};

/// How long to wait for the next letter.
const TYPING: Duration = Duration::from_millis(200);
/// How many matches are counted. A reader steps through a few of them.
const MAX_MATCHES: usize = 200;
/// How many entries are mounted before and after one that was found.
const AROUND: isize = 80;

/// The search.
#[derive(Clone, Copy)]
pub(super) struct Find {
    chat: Chat,
    scroll: Scroll,
    open: RwSignal<bool>,
    words: RwSignal<Words>,
    /// What has been found so far; `None` before the first part of it has come.
    found: RwSignal<Option<Matches>>,
    /// Which of them is shown.
    at: RwSignal<usize>,
    /// The first match is waited for, or one is on its way into sight.
    busy: RwSignal<bool>,
}

/// What is searched for.
#[derive(Clone, Debug, Default)]
struct Words {
    text: String,
    /// The number of the search: each change of the text begins another one.
    search: u32,
}

impl Words {
    /// Begins another search. Returns its number.
    fn change(&mut self, text: String) -> u32 {
        *self = Self { text, search: self.search + 1 };
        self.search
    }
}

impl Find {
    /// Offers it to the reader.
    pub(super) fn offer(chat: Chat, scroll: Scroll) -> Self {
        let find = Self {
            chat,
            scroll,
            open: RwSignal::new(false),
            words: RwSignal::new(Words::default()),
            found: RwSignal::new(None),
            at: RwSignal::new(0),
            busy: RwSignal::new(false),
        };
        if let Some(commands) = use_context::<Commands>() {
            chat.set_close_find(Callback::new(move |()| find.close_if_open()));
            commands.add(Command::new(chat.t.find(), Icon::Search, move || find.begin()).key(Key::Ctrl("f")));
        }
        find
    }

    /// Opens the bar. Whoever asks for it again while they are in it means the browser's own search.
    fn begin(self) -> bool {
        if browser::find(".find input:focus").is_some() {
            return false;
        }
        self.open.set(true);
        request_animation_frame(|| {
            browser::focus(".find input");
            browser::select(".find input");
        });
        true
    }

    fn close(self) {
        self.open.set(false);
        self.busy.set(false);
        self.found.set(None);
        self.words.update(|words| {
            words.change(String::new());
        });
        self.scroll.mark(None, "");
        browser::focus_composer();
    }

    /// Closes the bar. Returns `true` if it was open.
    fn close_if_open(self) -> bool {
        let is_open = self.open.get_untracked_or_default();
        if is_open {
            self.close();
        }
        is_open
    }

    fn typed(self, words: String) {
        let search = self.words.try_update(|now| now.change(words.clone())).unwrap_or_default();
        // What was looked for before is not waited for any more.
        self.busy.set(false);
        self.found.set(None);
        let Some(thread) = self.chat.live.with_untracked(|transcript| transcript.thread_id.clone()) else {
            return;
        };
        set_timeout(
            move || {
                if !self.is_wanted(search) || words.trim().is_empty() {
                    return;
                }
                self.busy.set(true);
                spawn_local(async move { self.search(search, thread, words).await });
            },
            TYPING,
        );
    }

    /// Searches part by part, the newest first, and shows what each part adds.
    async fn search(self, search: u32, thread: ThreadId, words: String) {
        let mut from = None;
        loop {
            let part = server_fns::search(thread.clone(), words.clone(), from).await;
            if !self.is_wanted(search) {
                return;
            }
            let part = part.unwrap_or_else(|failure| {
                self.chat.handle_auth_error(&failure);
                Matches::default()
            });
            let shown = self.count();
            let total = shown + part.matches.len();
            from = part.next.clone().filter(|_| total < MAX_MATCHES);
            self.found.update(|found| {
                let found = found.get_or_insert_default();
                found.matches.extend(part.matches);
                found.next = part.next;
            });
            if shown == 0 && total > 0 {
                self.go(0);
            }
            if from.is_none() {
                if total == 0 {
                    self.busy.set(false);
                }
                return;
            }
        }
    }

    /// Returns `true` if this is the search of what is in the field. The same words may have been another search before.
    fn is_wanted(self, search: u32) -> bool {
        self.words.try_with_untracked(|words| words.search == search) == Some(true)
    }

    fn count(self) -> usize {
        self.found
            .try_with_untracked(|found| found.as_ref().map_or(0, |found| found.matches.len()))
            .unwrap_or_default()
    }

    /// Goes back to what was said before, or on to what was said after.
    fn step(self, back: bool) {
        let count = self.count();
        if count > 0 {
            let by = if back { 1 } else { count - 1 };
            self.go((self.at.get_untracked_or_default() + by) % count);
        }
    }

    /// Brings one of those that were found into sight.
    fn go(self, at: usize) {
        let found = self
            .found
            .with_untracked(|found| found.as_ref().and_then(|found| found.matches.get(at).cloned()));
        let Some(found) = found else { return };
        self.at.set(at);
        self.busy.set(true);
        let chat = self.chat;
        spawn_local(async move {
            // It may be far from what is loaded; and there must be no hole between.
            while !chat.live.show_around(&found.id, AROUND) {
                let Some(place) = chat.live.older().filter(|_| self.is_meant(&found.id)) else { break };
                match server_fns::items(chat.id(), place.before.clone(), place.cursor.clone()).await {
                    Ok(page) => chat.live.prepend(&place, page),
                    Err(failure) => {
                        chat.handle_auth_error(&failure);
                        break;
                    }
                }
            }
            self.busy.set(false);
            if self.is_meant(&found.id) {
                self.reveal(found);
            }
        });
    }

    /// Whether the reader still wants to see that.
    fn is_meant(self, id: &ItemId) -> bool {
        let at = self.at.get_untracked_or_default();
        self.found.try_with_untracked(|found| {
            found.as_ref().is_some_and(|found| found.matches.get(at).is_some_and(|one| one.id == *id))
        }) == Some(true)
    }

    /// Unfolds what it is folded into, marks it and brings it into sight.
    fn reveal(self, found: Match) {
        let (chat, scroll) = (self.chat, self.scroll);
        chat.disclosures.set(DisclosureKey::Step(found.id.clone()), true);
        request_animation_frame(move || {
            if !scroll.has(&found.id)
                && let Some(turn) = &found.turn
            {
                chat.disclosures.set(DisclosureKey::Group(GroupKey::Turn(turn.clone())), true);
            }
            // It is laid out after this.
            request_animation_frame(move || {
                scroll.mark(Some(&found.id), &self.words.get_untracked_or_default().text)
            });
        });
    }

    fn pressed(self, event: &KeyboardEvent) {
        if browser::is_ime_composing(event) {
            return;
        }
        match event.key().as_str() {
            "Enter" => self.step(!event.shift_key()),
            // Esc is the conversation's to deal with: an edit goes before the search.
            _ => return,
        }
        event.prevent_default();
    }
}

/// The bar; nothing while nobody searches.
pub(super) fn find_view(find: Find) -> Node {
    live(move || find.open.get().then(|| bar_view(find)))
}

fn bar_view(find: Find) -> El {
    let t = find.chat.t;
    let field = el("input")
        .attr("type", "text")
        .attr("aria-label", t.find())
        .attr("placeholder", t.find_hint())
        .attr("autocomplete", "off")
        .unmanaged()
        .attr("enterkeyhint", "search")
        .on("input", move |event: Event| find.typed(event_target_value(&event)));
    let place = move || match find.found.get() {
        _ if find.busy.get() => t.searching().to_owned(),
        None => String::new(),
        Some(found) if found.matches.is_empty() => t.nothing_found().to_owned(),
        Some(found) => {
            let more = if found.next.is_some() { "+" } else { "" };
            (t.found_place)(find.at.get() + 1, format!("{}{more}", found.matches.len()))
        }
    };
    let excerpt = move || {
        let at = find.at.get();
        let found = find.found.get()?;
        found.matches.into_iter().nth(at).map(|found| el("p").class("excerpt").child(found.excerpt))
    };
    let button = |label: &'static str, class, mark, act: fn(Find)| {
        el("button")
            .attr("type", "button")
            .class(class)
            .attr("aria-label", label)
            .attr("title", label)
            .on_click(move || act(find))
            .child(icon(mark))
    };
    el("div")
        .class("find")
        .attr("role", "search")
        .on("keydown", move |event: KeyboardEvent| find.pressed(&event))
        .child(field)
        .child(el("span").class("place").attr("role", "status").child(live(place)))
        .child(button(t.previous(), "icon-button", Icon::Up, |find| find.step(true)))
        .child(button(t.next(), "icon-button newer", Icon::Up, |find| find.step(false)))
        .child(button(t.close(), "icon-button", Icon::Close, Find::close))
        .child(live(excerpt))
}
