//! The composer: where one writes.
//!
//! - [`area`]: the field; `keys`: what its keys do
//! - [`models`], [`access`]: what the next message is to run with
//! - [`images`]: what goes with it
//! - [`suggest`]: what is offered while one writes: files, and what can be done
//! - [`drafts`]: what is not sent yet; `recall`: what was; `owner`: whose that is

mod access;
mod area;
mod busy;
mod drafts;
mod images;
mod keys;
mod models;
mod owner;
mod recall;
mod send;
mod suggest;

use std::{cell::Cell, sync::Arc};

use codex_gateway_wire::{
    StartTurn,
    api::{Model, WhenBusy},
};
use leptos::prelude::*;
use web_sys::Event;

pub(crate) use area::Area;
pub(crate) use drafts::{edit_key, forget_of as forget_draft, upload};
pub(crate) use images::thumbnail;
pub(crate) use owner::keep_apart;

use self::{access::Access, images::Images, models::Mind, suggest::Suggestions};
use crate::{
    browser,
    commands::{Command, Commands},
    conversation::Chat,
    i18n::{Texts, texts},
    icon::{Icon, icon},
    node::{El, el, live},
    server_fns::Site,
    state::{State, effect},
};

/// A message as it leaves the composer.
pub(crate) struct Draft {
    /// What it says, and what it is to run with; what is used already is left out.
    pub(crate) turn: StartTurn,
    /// To be called once it has arrived: until then the browser keeps it.
    pub(crate) done: Box<dyn FnOnce()>,
}

/// What a composer works with.
pub(crate) struct ComposerSetup {
    /// Names the conversation that the draft belongs to.
    pub(crate) draft_key: String,
    pub(crate) placeholder: &'static str,
    /// The models that can be chosen.
    pub(crate) models: Vec<Model>,
    /// What the operator allows.
    pub(crate) site: Site,
    /// The conversation, if there is one already.
    pub(crate) chat: Option<Chat>,
    /// Where a new one is to work, if that was chosen.
    pub(crate) cwd: State<Option<String>>,
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
    cwd: State<Option<String>>,
    models: State<Vec<Model>>,
    site: State<Site>,
    submit: State<Option<Submit>>,
    area: Area,
    /// What is written.
    text: State<String>,
    /// Where the draft is kept.
    key: State<String>,
    picked: State<Picked>,
    images: Images,
    suggestions: Suggestions,
    /// What to do with a message while a turn runs.
    when_busy: State<WhenBusy>,
    /// How far back one has gone among what was sent before: 1 is the last message.
    recalled: State<usize>,
}

/// What the reader picked for the next message.
#[derive(Clone, Debug, Default, PartialEq)]
struct Picked {
    mind: Option<Mind>,
    access: Option<Access>,
}

thread_local! {
    /// The composer that is on the page, whichever that is. (Of the page's one thread: a server has none on any.)
    static MOUNTED: Cell<Option<Composer>> = const { Cell::new(None) };
}

/// The composer of a conversation, while that is on the page.
pub(crate) fn composer_of(conversation: &str) -> Option<Composer> {
    let key = drafts::key(conversation);
    MOUNTED.get().filter(|composer| composer.key.try_peek(|own| *own == key) == Some(true))
}

/// Takes a message that comes back: into the composer of its conversation, or into its draft while that is not there.
pub(crate) fn take_back(conversation: &str, turn: &StartTurn) {
    match composer_of(conversation) {
        Some(composer) => composer.take_back(turn),
        None => drafts::keep(&drafts::key(conversation), turn),
    }
}

impl Composer {
    fn new(setup: ComposerSetup) -> Self {
        let ComposerSetup { draft_key, models, site, chat, cwd, submit, .. } = setup;
        Self {
            t: texts(),
            chat,
            cwd,
            models: State::new(models),
            site: State::new(site),
            submit: State::new(Some(submit)),
            area: Area::new(),
            text: State::new(String::new()),
            key: State::new(drafts::key(&draft_key)),
            picked: State::new(Picked::default()),
            images: Images::new(),
            suggestions: Suggestions::new(),
            when_busy: State::new(WhenBusy::Queue),
            recalled: State::new(0),
        }
    }

    fn running(self) -> bool {
        self.chat.is_some_and(Chat::running)
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

    /// Puts a text in place of what is written, and the caret behind so many of its bytes.
    fn write(self, text: &str, caret: usize) {
        self.recalled.set_to(0);
        self.area.set(text, caret);
        self.keep(text.to_owned());
    }

    /// Puts this in place of what is written, to be gone on with.
    pub(crate) fn begin_with(self, text: &str) {
        self.write(text, text.len());
        self.area.focus();
    }

    /// Adds a message that comes back, before what was written since.
    pub(crate) fn take_back(self, turn: &StartTurn) {
        let all = drafts::join(vec![turn.prompt.clone()], self.text.peek());
        self.write(&all, all.len());
        self.images.restore(turn.input.iter().filter_map(upload).cloned());
        drafts::keep_images(&self.key.peek(), &self.images.parts());
        self.area.focus();
    }

    /// The conversation has gone on in another thread: the draft goes along.
    pub(crate) fn follow_to(self, conversation: &str) {
        let (before, key) = (self.key.peek(), drafts::key(conversation));
        self.key.set(key.clone());
        browser::store(&key, &self.text.peek());
        drafts::keep_images(&key, &self.images.parts());
        browser::store(&before, "");
        drafts::keep_images(&before, &[]);
    }

    /// Adds something from elsewhere on the page at the end of what is written.
    pub(crate) fn add(self, text: &str) {
        let all = drafts::join(vec![self.text.peek()], text.to_owned());
        self.write(&all, all.len());
    }

    /// The text has become another.
    fn keep(self, text: String) {
        browser::store(&self.key.peek(), &text);
        self.text.set(text);
    }

    /// As soon as the field is there: what was written before stands in it.
    fn begin(self) {
        let Some(area) = self.area.track() else { return };
        MOUNTED.set(Some(self));
        let key = self.key.peek();
        if let Some(chat) = self.chat {
            // Drafts were once kept under the names of sessions.
            drafts::rename(&drafts::key(chat.id().as_str()), &key);
        }
        // Somebody may have begun to write before this program ran, which has not kept it then.
        if area.value().is_empty() {
            area.set_value(&browser::stored(&key).unwrap_or_default());
        } else {
            browser::store(&key, &area.value());
        }
        self.text.set(area.value());
        self.images.restore(drafts::images(&key).into_iter());
        self.when_busy.set(busy::chosen());
        // It is part of the page only after this.
        request_animation_frame(move || {
            if !browser::touch() {
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
    effect(move || composer.begin());
    if let Some(commands) = use_context::<Commands>() {
        commands.add(Command::always(t.choose_model(), Icon::Settings, models::go_to_picker).word("model"));
    }
    if let Some(chat) = chat {
        effect(move || composer.keep_unsent(chat));
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
        .attr("enterkeyhint", "send")
        .attr("autocomplete", "off")
        .live_attr("disabled", move || composer.closed());
    let area = suggestions.described(keys::listening(composer, area));
    let form = el("form")
        .class("composer")
        .on("submit", submitted)
        .child(suggestions.view(composer))
        .child(images::images_view(composer))
        .child(el("div").class("grow").live_attr("data-value", move || text.get()).child(area))
        .child(tools_view(composer));
    el("div").class("compose").child(images::taking(composer, form)).child(settings_view(composer))
}

/// What the next message is to run with.
fn settings_view(composer: Composer) -> El {
    el("div")
        .class("run-with")
        .child(models::picker(composer))
        .child(access::picker(composer))
        .child(models::context_meter(composer.chat, composer.t))
        .child(el("span").class("spring"))
        .child(el("span").class("keys").child(composer.t.keys_hint()))
}

fn tools_view(composer: Composer) -> El {
    let t = composer.t;
    let act = |label: &'static str| el("button").attr("aria-label", label).attr("title", label);
    let stop = move || {
        composer.running().then(|| {
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
        .child(live(move || composer.running().then(|| busy::picker(composer))))
        .child(live(stop))
        .child(live(send))
}
