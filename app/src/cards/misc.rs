//! Kinds of steps with a small body, or none: web searches, images, pauses, hooks, compactions and reviews.

use codex_gateway_wire::{
    Content, Item,
    codex::{EnteredReviewMode, HookPrompt, ImageGeneration, ImageView, Sleep, UserMessage, WebSearch},
    diff::relative_path,
    lenient_deserialize,
};
use view::prelude::*;

use super::{
    EntryHeader,
    field::{JsonField, TextField},
    of_kind,
};
use crate::{
    base_path::address,
    i18n::Texts,
    icon::Icon,
    state::{Chat, EntryRef},
};

/// A longer text does not fit into a header.
const MAX_HEADER_TEXT_BYTES: usize = 60;

/// The action of a web search, as far as the header shows it.
struct SearchAction {
    url: Option<String>,
}
lenient_deserialize!(SearchAction { url });

pub(super) fn web_search_header(search: &WebSearch, t: &Texts) -> EntryHeader {
    let action = search.action.as_ref().and_then(|action| serde_json::from_str(action.get()).ok());
    match action.and_then(|action: SearchAction| action.url) {
        Some(url) => EntryHeader::new(Icon::Globe, t.opened_page()).text(url),
        None => EntryHeader::new(Icon::Search, t.searched_web()).text(search.query.clone()),
    }
    .expandable(search.action.is_some())
}

pub(super) fn image_view_header(image: &ImageView, cwd: &str, t: &Texts) -> EntryHeader {
    EntryHeader::new(Icon::Image, t.viewed_image()).code(relative_path(&image.path, cwd))
}

pub(super) fn image_generation_header(image: &ImageGeneration, cwd: &str, t: &Texts) -> EntryHeader {
    let path = image.saved_path.as_deref().unwrap_or_default();
    EntryHeader::new(Icon::Image, t.generated_image()).code(relative_path(path, cwd))
}

pub(super) fn sleep_header(sleep: &Sleep, t: &Texts) -> EntryHeader {
    EntryHeader::new(Icon::Timer, t.waited()).duration_ms(Some(sleep.duration_ms)).expandable(false)
}

pub(super) fn hook_prompt_header(prompt: &HookPrompt, t: &Texts) -> EntryHeader {
    let text = hook_text(prompt);
    EntryHeader::new(Icon::Info, t.hook_message()).text(first_line(&text)).expandable(exceeds_header(&text))
}

pub(super) fn compaction_header(t: &Texts) -> EntryHeader {
    EntryHeader::new(Icon::Compact, t.conversation_compacted()).expandable(false)
}

pub(super) fn review_header(review: &EnteredReviewMode, t: &Texts) -> EntryHeader {
    EntryHeader::new(Icon::Search, t.review_started())
        .text(first_line(&review.review))
        .expandable(exceeds_header(&review.review))
}

/// The header of the instructions that codex gave itself, for example for a review.
pub(super) fn instructions_header(message: &UserMessage, t: &Texts) -> EntryHeader {
    let text = message.text();
    EntryHeader::new(Icon::Info, t.instructions()).text(first_line(&text)).expandable(exceeds_header(&text))
}

/// The action of a web search, as JSON.
#[component]
pub(super) fn WebSearchBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let field = move || {
        let action = of_kind!(entry, Content::Item(Item::WebSearch(search)) => search.action.clone());
        let field = action.flatten().map(|json| view! { <JsonField label=t.details() json t/> });
        field.into_iter().collect::<Vec<_>>()
    };
    view! { <div class="fields">{field}</div> }
}

/// The image of an item if the gateway serves it, else a note; and the item's text.
#[component]
pub(super) fn ImageBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let session = use_context::<Chat>().map(Chat::id).filter(|id| !id.as_str().is_empty());
    let is_missing = RwSignal::new(session.is_none());
    let source = session.map(|session| address(&format!("/api/sessions/{session}/images/{}", entry.id())));
    let picture = move || match &source {
        Some(source) if !is_missing.get() => view! {
            <img class="picture" src=source.clone() alt=t.image_preview() on:error=move |_| is_missing.set(true)/>
        },
        _ => view! { <p class="note">{t.image_unavailable()}</p> },
    };
    view! {
        {picture}
        <TextBody entry t/>
    }
}

/// The text of an item.
#[component]
pub(super) fn TextBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let field = move || {
        let text = of_kind!(entry, Content::Item(item) => match item {
            Item::HookPrompt(prompt) => Some(hook_text(prompt)),
            Item::EnteredReviewMode(review) => Some(review.review.clone()),
            Item::UserMessage(message) => Some(message.text()),
            Item::ImageGeneration(image) => image.revised_prompt.clone(),
            _ => None,
        });
        let field = text.flatten().map(|text| view! { <TextField label=t.details() text t/> });
        field.into_iter().collect::<Vec<_>>()
    };
    view! { <div class="fields">{field}</div> }
}

fn hook_text(prompt: &HookPrompt) -> String {
    let texts: Vec<&str> = prompt.fragments.iter().map(|fragment| fragment.text.as_str()).collect();
    texts.join("\n")
}

/// Returns `true` if a header cannot show all of the text.
pub(super) fn exceeds_header(text: &str) -> bool {
    text.len() > MAX_HEADER_TEXT_BYTES || text.trim().contains('\n')
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
