//! The composer: where one writes.
//!
//! - [`area`]: the field; `keys`: what its keys do; [`enter`]: what Enter does
//! - [`models`], [`access`]: what the next message is to run with
//! - [`images`]: what goes with it; [`dropping`]: what is dropped on the page
//! - [`suggest`]: what is offered while one writes: files, and what can be done
//! - [`drafts`]: what is not sent yet; `recall`: what was; `owner`: whose that is

mod draft_owner;
mod dropping;
pub(crate) mod enter;
mod history;
mod images;
mod keys;
mod models;
mod permission;
mod send;
mod suggest;
mod text_area;
mod when_busy;

use std::{cell::Cell, sync::Arc, time::Duration};

use codex_gateway_wire::{
    StartTurn,
    api::{Model, WhenBusy},
};
use leptos::{ev, prelude::*};
use web_sys::Event;

pub(crate) use draft_owner::clear_drafts_of_other_owners;
pub(crate) use dropping::guard_window;
pub(crate) use images::thumbnail;
pub(crate) use text_area::TextArea;

use self::{images::Images, models::ModelChoice, permission::PermissionChoice, suggest::Suggestions};
use crate::{
    browser,
    commands::{Command, Commands},
    i18n::{Texts, texts},
    icon::{Icon, icon},
    node::{El, ElementExt as _, el, live},
    server_fns::SiteConfig,
    signal::RwSignalExt as _,
    state::{Chat, DraftEditor, drafts},
};

pub(crate) use crate::state::{Draft, drafts::upload};

/// What a composer works with.
pub(crate) struct ComposerSetup {
    /// Names the conversation that the draft belongs to.
    pub(crate) draft_key: String,
    pub(crate) placeholder: &'static str,
    /// The models that can be chosen.
    pub(crate) models: Vec<Model>,
    /// What the operator allows.
    pub(crate) site: SiteConfig,
    /// The conversation, if there is one already.
    pub(crate) chat: Option<Chat>,
    /// Where a new one is to work, if that was chosen.
    pub(crate) cwd: RwSignal<Option<String>>,
    pub(crate) submit: Submit,
}

/// What to do with a message.
pub(crate) type Submit = Arc<dyn Fn(Draft) + Send + Sync>;

/// A composer on the page, for all of its parts.
#[derive(Clone, Copy)]
pub(crate) struct Composer {
    t: &'static Texts,
    chat: Option<Chat>,
    /// Where a new conversation is to work, if that was chosen.
    cwd: RwSignal<Option<String>>,
    models: RwSignal<Vec<Model>>,
    site: RwSignal<SiteConfig>,
    submit: RwSignal<Option<Submit>>,
    area: TextArea,
    /// What is written.
    text: RwSignal<String>,
    /// Where the draft is kept.
    key: RwSignal<String>,
    picked: RwSignal<Picked>,
    images: Images,
    suggestions: Suggestions,
    /// What to do with a message while a turn runs.
    when_busy: RwSignal<WhenBusy>,
    /// See [`Signals`]. (Kept apart, so that a composer is handed on in few words.)
    signals: RwSignal<Signals>,
}

/// What the parts of a composer tell each other.
#[derive(Clone, Copy)]
struct Signals {
    /// How far back one has gone among what was sent before: 1 is the last message.
    recalled: RwSignal<usize>,
    /// Why something was not taken or sent.
    note: RwSignal<Option<String>>,
    /// Something is dragged over the page.
    dragged_over: RwSignal<bool>,
    /// Enter alone sends.
    enter_sends: RwSignal<bool>,
    /// The text is not stored yet: see [`Composer::keep`].
    unsaved: RwSignal<bool>,
}

impl Signals {
    fn new() -> Self {
        Self {
            recalled: RwSignal::new(0),
            note: RwSignal::new(None),
            dragged_over: RwSignal::new(false),
            enter_sends: RwSignal::new(true),
            unsaved: RwSignal::new(false),
        }
    }
}

/// A text longer than this, in bytes, is not stored at every key: that alone takes longer than a key may.
const MAX_STORED_AT_ONCE: usize = 20_000;
/// How long such a text may not be stored.
const STORE_DELAY: Duration = Duration::from_millis(500);
/// How many characters of the text hold the field's place: the field is as high as it gets long before them.
const MAX_MIRRORED: usize = 4_000;

/// What the reader picked for the next message.
#[derive(Clone, Debug, Default, PartialEq)]
struct Picked {
    mind: Option<ModelChoice>,
    access: Option<PermissionChoice>,
}

thread_local! {
    /// The composer that is on the page, whichever that is. (Of the page's one thread: a server has none on any.)
    static ACTIVE: Cell<Option<Composer>> = const { Cell::new(None) };
}

/// The composer of a conversation, while that is on the page.
pub(crate) fn composer_of(conversation: &str) -> Option<Composer> {
    let key = drafts::key(conversation);
    ACTIVE.get().filter(|composer| composer.key.try_with_untracked(|own| *own == key) == Some(true))
}

thread_local! {
    /// What the next composer begins with: the page is about to be mounted anew, or a first message comes back.
    static TYPED: Cell<Option<String>> = const { Cell::new(None) };
}

/// Keeps what is written in the page's field, for the field that takes its place.
#[cfg(feature = "hydrate")]
pub(crate) fn keep_typed() {
    TYPED.set(text_area::value_of(".composer textarea").filter(|text| !text.is_empty()));
}

/// Brings a text back into the composer that is about to be made. The draft that is stored may be missing: storage can be
/// blocked or full.
pub(crate) fn bring_back(text: String) {
    TYPED.set(Some(text).filter(|text| !text.is_empty()));
}

impl DraftEditor for Composer {
    fn restore(&self, turn: &StartTurn) {
        self.take_back(turn);
    }

    fn append(&self, text: &str) {
        self.add(text);
    }

    fn move_to(&self, draft_key: &str) {
        self.follow_to(draft_key);
    }
}

impl Composer {
    fn new(setup: ComposerSetup) -> Self {
        let ComposerSetup { draft_key, models, site, chat, cwd, submit, .. } = setup;
        Self {
            t: texts(),
            chat,
            cwd,
            models: RwSignal::new(models),
            site: RwSignal::new(site),
            submit: RwSignal::new(Some(submit)),
            area: TextArea::new(),
            text: RwSignal::new(String::new()),
            key: RwSignal::new(drafts::key(&draft_key)),
            picked: RwSignal::new(Picked::default()),
            images: Images::new(),
            suggestions: Suggestions::new(),
            when_busy: RwSignal::new(WhenBusy::Queue),
            signals: RwSignal::new(Signals::new()),
        }
    }

    fn signals(self) -> Signals {
        self.signals.try_with_untracked(|signals| *signals).unwrap_or_else(Signals::new)
    }

    fn running(self) -> bool {
        self.chat.is_some_and(Chat::running)
    }

    fn can_stop(self) -> bool {
        self.chat.is_some_and(Chat::can_stop)
    }

    fn closed(self) -> bool {
        self.chat.is_some_and(Chat::ended)
    }

    fn signed_out(self) -> bool {
        self.chat.is_some_and(Chat::signed_out)
    }

    /// Whether there is something to send, and it can be; tracked.
    fn may_send(self) -> bool {
        let says = !self.text.try_with(|text| text.trim().is_empty()).unwrap_or(true);
        (says || !self.images.is_empty()) && self.images.are_ready() && !self.closed() && !self.signed_out()
    }

    /// Puts a text in place of what is written, and the caret behind so many of its bytes. Undo brings back what was written.
    fn write(self, text: &str, caret: usize) {
        self.area.replace(text, caret);
        self.signals().recalled.set_if_changed(0);
        self.suggestions.close();
        self.keep(text.to_owned());
    }

    /// Says why something was not taken or sent.
    fn refuse(self, why: String) {
        self.signals().note.set(Some(why));
    }

    /// Returns `true` while its field is there.
    fn is_on_page(self) -> bool {
        self.key.try_with_untracked(|_| ()).is_some()
            && self.area.get().is_some_and(|area| area.is_connected())
    }

    /// Puts this in place of what is written, to be gone on with.
    pub(crate) fn begin_with(self, text: &str) {
        self.write(text, text.len());
        self.area.focus();
    }

    /// Adds a message that comes back, before what was written since.
    fn take_back(self, turn: &StartTurn) {
        let all = drafts::join(vec![turn.prompt.clone()], self.text.get_untracked_or_default());
        self.write(&all, all.len());
        self.images.restore(turn.input.iter().filter_map(upload).cloned());
        drafts::store_images(&self.key.get_untracked_or_default(), &self.images.parts());
        self.area.focus();
    }

    /// The conversation has gone on in another thread: the draft goes along.
    fn follow_to(self, conversation: &str) {
        self.save();
        let (before, key) = (self.key.get_untracked_or_default(), drafts::key(conversation));
        self.key.set(key.clone());
        browser::store(&key, &self.text.get_untracked_or_default());
        drafts::store_images(&key, &self.images.parts());
        browser::store(&before, "");
        drafts::store_images(&before, &[]);
    }

    /// Adds something from elsewhere on the page at the end of what is written.
    fn add(self, text: &str) {
        let all = drafts::join(vec![self.text.get_untracked_or_default()], text.to_owned());
        self.write(&all, all.len());
    }

    /// The text has become another. A long one is stored a little later.
    fn keep(self, text: String) {
        let is_long = text.len() > MAX_STORED_AT_ONCE;
        self.text.set(text);
        if !self.signals().unsaved.get_untracked_or_default() && is_long {
            set_timeout(move || self.save(), STORE_DELAY);
        }
        self.signals().unsaved.set_if_changed(true);
        if !is_long {
            self.save();
        }
    }

    /// Stores the text, if it is not stored yet.
    fn save(self) {
        if self.signals().unsaved.get_untracked_or_default() {
            self.signals().unsaved.set_if_changed(false);
            self.text.try_with_untracked(|text| browser::store(&self.key.get_untracked_or_default(), text));
        }
    }

    /// As soon as the field is there: what was written before stands in it.
    fn begin(self) {
        let Some(area) = self.area.track() else { return };
        ACTIVE.set(Some(self));
        let key = self.key.get_untracked_or_default();
        if let Some(chat) = self.chat {
            chat.set_draft_editor(Arc::new(self));
            // Drafts were once kept under the names of sessions.
            drafts::rename(&drafts::key(chat.id().as_str()), &key);
        }
        if let Some(typed) = TYPED.take() {
            area.set_value(&typed);
        }
        // Somebody may have begun to write before this program ran, which has not kept it then.
        if area.value().is_empty() {
            area.set_value(&browser::stored(&key).unwrap_or_default());
        } else {
            browser::store(&key, &area.value());
        }
        self.text.set(area.value());
        self.images.restore(drafts::images(&key).into_iter());
        self.when_busy.set(when_busy::chosen());
        self.signals().enter_sends.set(enter::sends());
        let leaving = window_event_listener(ev::pagehide, move |_| self.save());
        on_cleanup(move || {
            self.save();
            leaving.remove();
        });
        // It is part of the page only after this.
        request_animation_frame(move || {
            if !browser::is_coarse_pointer() {
                let _ = area.focus();
            }
        });
    }

    /// Once one is signed out, the page will be loaded anew: what did not arrive survives that only as a draft.
    fn keep_unsent(self, chat: Chat) {
        if chat.signed_out() && !chat.outbox.busy() {
            for turn in chat.outbox.take_failed().iter().rev() {
                self.take_back(turn);
            }
        }
    }
}

/// A composer.
pub(crate) fn composer_view(setup: ComposerSetup) -> El {
    let placeholder = setup.placeholder;
    let composer = Composer::new(setup);
    let Composer { t, chat, text, suggestions, .. } = composer;
    Effect::new(move |_| composer.begin());
    if let Some(commands) = use_context::<Commands>() {
        commands.add(Command::always(t.choose_model(), Icon::Settings, models::go_to_picker).word("model"));
    }
    enter::offer_choice(composer);
    if let Some(chat) = chat {
        Effect::new(move |_| composer.keep_unsent(chat));
    }
    let submitted = move |event: Event| {
        event.prevent_default();
        send::send(composer, None);
    };
    let area = el("textarea")
        .attr("dir", "auto")
        .node_ref(composer.area.0)
        .attr("rows", "1")
        .attr("aria-label", t.message())
        .attr("placeholder", placeholder)
        .live_attr("enterkeyhint", move || enter::key_hint(composer.signals().enter_sends.get()))
        .attr("autocomplete", "off")
        .unmanaged()
        .live_attr("disabled", move || composer.closed());
    let area = suggestions.described(keys::bind_keys(composer, area));
    let form = el("form")
        .class("composer")
        .on("submit", submitted)
        .child(suggestions.view(composer))
        .child(images::images_view(composer))
        .child(
            el("div")
                .class("grow")
                .live_attr("data-value", move || text.try_with(|text| mirrored(text)).unwrap_or_default())
                .child(area),
        )
        .child(live(move || {
            composer.signals().note.get().map(|why| el("p").class("why").attr("role", "alert").child(why))
        }))
        .child(tools_view(composer));
    el("div").class("compose").child(images::taking(composer, form)).child(settings_view(composer))
}

/// The beginning of a text, which holds the place of the field.
pub(crate) fn mirrored(text: &str) -> String {
    let end = text.char_indices().nth(MAX_MIRRORED).map_or(text.len(), |(end, _)| end);
    text[..end].to_owned()
}

/// What the next message is to run with.
fn settings_view(composer: Composer) -> El {
    el("div")
        .class("run-with")
        .child(models::picker(composer))
        .child(permission::picker(composer))
        .child(models::context_meter(composer.chat, composer.t))
        .child(el("span").class("spring"))
        .child(el("span").class("keys").child(live(move || {
            let t = composer.t;
            if composer.signals().enter_sends.get() { t.keys_hint() } else { t.keys_hint_breaks() }
        })))
}

fn tools_view(composer: Composer) -> El {
    let t = composer.t;
    let act = |label: &'static str| el("button").attr("aria-label", label).attr("title", label);
    let stop = move || {
        composer.can_stop().then(|| {
            act(t.stop())
                .attr("type", "button")
                .class("act stop")
                .on_click(move || composer.chat.iter().for_each(|chat| chat.stop()))
                .child(icon(Icon::Stop))
        })
    };
    // While a turn runs, who writes nothing sends nothing.
    let send = move || {
        (!composer.running() || composer.may_send()).then(|| {
            act(t.send())
                .attr("type", "submit")
                .class("act send")
                .live_attr("disabled", move || !composer.may_send())
                .child(icon(Icon::Send))
        })
    };
    el("div")
        .class("tools")
        .child(images::picker(composer))
        .child(el("span").class("spring"))
        .child(live(move || composer.running().then(|| when_busy::picker(composer))))
        .child(live(stop))
        .child(live(send))
}
