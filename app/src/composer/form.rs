//! The composer's form and the settings below it.

use codex_gateway_wire::api::{Model, WhenBusy};
use view::prelude::*;
use web_sys::SubmitEvent;

use super::{
    InitialText, TextArea,
    attachments::{self, AttachButton, AttachmentList, Attachments},
    enter, keys,
    models::{self, ContextMeter, ModelPicker},
    permission::PermissionPicker,
    send::send,
    state::{ComposerState, Options, PickedSettings},
    suggestions::{SuggestionList, Suggestions},
    when_busy::WhenBusyPicker,
};
use crate::{
    commands::{Command, Commands},
    i18n::texts,
    icon::{Icon, icon},
    server_fns::SiteConfig,
    state::{Chat, Draft, drafts},
    text::direction::field_direction,
};

/// How many characters of the text the mirror of the field has. The field reaches its largest height with fewer.
const MAX_MIRRORED_CHARS: usize = 4_000;

/// Writes and sends messages.
#[component]
pub(crate) fn Composer(
    /// The name of the draft: the id of the conversation, or `new`.
    draft_name: String,
    placeholder: &'static str,
    /// The models to choose from.
    models: Vec<Model>,
    /// The operator's limits.
    site: SiteConfig,
    /// The conversation. `None` before the first message.
    #[prop(optional)]
    chat: Option<Chat>,
    /// The directory that was chosen for a new conversation.
    #[prop(optional, into)]
    cwd: Signal<Option<String>>,
    /// Called with each message.
    on_submit: Callback<Draft>,
) -> impl IntoView {
    let t = texts();
    let composer = ComposerState {
        t,
        chat,
        cwd,
        options: StoredValue::new(Options { models, site }),
        on_submit,
        area: TextArea::new(),
        text: RwSignal::new(String::new()),
        draft_key: RwSignal::new(drafts::key(&draft_name)),
        is_unsaved: RwSignal::new(false),
        picked: RwSignal::new(PickedSettings::default()),
        attachments: Attachments::new(),
        suggestions: Suggestions::new(),
        when_busy: RwSignal::new(WhenBusy::Queue),
        enter_sends: RwSignal::new(true),
        recalled: RwSignal::new(0),
        error: RwSignal::new(None),
        is_dragged_over: RwSignal::new(false),
    };
    let initial_text = use_context::<InitialText>();
    Effect::new(move |_| composer.start(initial_text));
    if let Some(commands) = use_context::<Commands>() {
        let choose_model = Command::always(t.choose_model(), Icon::Settings, models::focus_picker);
        commands.add(choose_model.synonyms("reasoning effort").word("model"));
    }
    enter::add_commands(composer);
    if let Some(chat) = chat {
        Effect::new(move |_| composer.restore_unsent(chat));
    }
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send(composer, None);
    };
    let error = move || composer.error.get().map(|why| view! { <p class="error" role="alert">{why}</p> });
    view! {
        <div class="compose">
            <form
                class="composer"
                data-over=composer.is_dragged_over
                on:submit=submit
                on:paste=move |event| attachments::attach_pasted(composer, &event)
            >
                <SuggestionList composer/>
                <AttachmentList composer/>
                <MessageField composer placeholder/>
                {error}
                <Tools composer/>
            </form>
            <Settings composer/>
        </div>
    }
}

/// The field, which grows with the text: the styles show the mirror of the text invisibly below it.
#[component]
fn MessageField(composer: ComposerState, placeholder: &'static str) -> impl IntoView {
    let suggestions = composer.suggestions;
    let leave = move |_| {
        suggestions.close();
        composer.save_text();
    };
    let direction = Memo::new(move |_| composer.text.with(|text| field_direction(text)));
    view! {
        <div class="auto-grow" data-value=move || composer.text.with(|text| mirrored(text))>
            <textarea
                dir=move || direction.get()
                node_ref=composer.area.0
                rows="1"
                aria-label=composer.t.message()
                placeholder=placeholder
                enterkeyhint=move || enter::key_hint(composer.enter_sends.get())
                autocomplete="off"
                // Password managers leave the field alone.
                data-1p-ignore=""
                data-lpignore="true"
                data-bwignore="true"
                data-form-type="other"
                disabled=move || composer.is_ended()
                aria-autocomplete="list"
                aria-controls=move || suggestions.list_id()
                aria-activedescendant=move || suggestions.active_id()
                on:input=move |_| keys::on_input(composer)
                on:click=move |_| suggestions.refresh(composer)
                on:blur=leave
                on:keydown=move |event| keys::on_keydown(composer, &event)
            />
        </div>
    }
}

/// Returns the start of a text, for the mirror of a field that grows with its text.
pub(crate) fn mirrored(text: &str) -> String {
    let end = text.char_indices().nth(MAX_MIRRORED_CHARS).map_or(text.len(), |(end, _)| end);
    text[..end].to_owned()
}

/// The buttons that attach, stop and send.
#[component]
fn Tools(composer: ComposerState) -> impl IntoView {
    let t = composer.t;
    let when_busy = move || composer.is_running().then(|| view! { <WhenBusyPicker composer/> });
    let stop = move || {
        composer.chat.filter(|_| composer.can_stop()).map(|chat| {
            let stop = move |_| chat.stop();
            view! {
                <button aria-label=t.stop() title=t.stop() type="button" class="composer-action stop" on:click=stop>
                    {icon(Icon::Stop)}
                </button>
            }
        })
    };
    // While a turn runs and there is no message, only the button that stops is shown.
    let send = move || {
        (!composer.is_running() || composer.can_send()).then(|| {
            view! {
                <button
                    aria-label=t.send()
                    title=t.send()
                    type="submit"
                    class="composer-action send"
                    disabled=move || !composer.can_send()
                >
                    {icon(Icon::Send)}
                </button>
            }
        })
    };
    view! {
        <div class="tools">
            <AttachButton composer/>
            <span class="spacer"></span>
            {when_busy}
            {stop}
            {send}
        </div>
    }
}

/// The settings of the next message, and what Enter does.
#[component]
fn Settings(composer: ComposerState) -> impl IntoView {
    let t = composer.t;
    let enter = move || if composer.enter_sends.get() { t.enter_sends_hint() } else { t.enter_breaks_hint() };
    view! {
        <div class="turn-settings">
            <ModelPicker composer/>
            <PermissionPicker composer/>
            {composer.chat.map(|chat| view! { <ContextMeter chat/> })}
            <span class="spacer"></span>
            <span class="keys">{enter}</span>
        </div>
    }
}
