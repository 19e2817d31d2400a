//! The kinds that are little more than their line.

use leptos::prelude::use_context;
use leptos::prelude::*;
use web_sys::Event;

use codex_gateway_wire::{
    Content, Item,
    codex::{EnteredReviewMode, HookPrompt, ImageGeneration, ImageView, Sleep, WebSearch},
    diff::relative_path,
    lenient_deserialize,
};

use super::{
    Head,
    json::{fields, json_view, text_view},
    of_kind,
};
use crate::{
    base_path::address,
    conversation::Chat,
    i18n::Texts,
    icon::Icon,
    node::{ElementExt as _, Node, el, live, many},
    state::EntryRef,
};

/// What a web search did.
struct SearchAction {
    url: Option<String>,
}
lenient_deserialize!(SearchAction { url });

pub(super) fn web_search(search: &WebSearch, t: &Texts) -> Head {
    let action = search.action.as_ref().and_then(|action| serde_json::from_str(action.get()).ok());
    match action.and_then(|action: SearchAction| action.url) {
        Some(url) => Head::new(Icon::Globe, t.opened_page()).words(url),
        None => Head::new(Icon::Search, t.searched()).words(search.query.clone()),
    }
    .opens(search.action.is_some())
}

pub(super) fn search_body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let action = of_kind!(entry, Content::Item(Item::WebSearch(search)) => {
            search.action.as_ref().map(|action| json_view(t.details(), action, t))
        });
        vec![action.flatten()]
    })
}

pub(super) fn image_view(image: &ImageView, cwd: &str, t: &Texts) -> Head {
    Head::new(Icon::Image, t.viewed_image()).code(relative_path(&image.path, cwd))
}

pub(super) fn image_generation(image: &ImageGeneration, cwd: &str, t: &Texts) -> Head {
    let path = image.saved_path.as_deref().unwrap_or_default();
    Head::new(Icon::Image, t.made_image()).code(relative_path(path, cwd))
}

pub(super) fn sleep(sleep: &Sleep, t: &Texts) -> Head {
    Head::new(Icon::Timer, t.waited()).took(Some(sleep.duration_ms)).opens(false)
}

pub(super) fn hook_prompt(prompt: &HookPrompt, t: &Texts) -> Head {
    let text = hook_text(prompt);
    Head::new(Icon::Info, t.told_by_hook()).words(first_line(&text)).opens(is_long(&text))
}

pub(super) fn compaction(t: &Texts) -> Head {
    Head::new(Icon::Compact, t.compacted()).opens(false)
}

pub(super) fn review(review: &EnteredReviewMode, t: &Texts) -> Head {
    Head::new(Icon::Search, t.review_started())
        .words(first_line(&review.review))
        .opens(is_long(&review.review))
}

/// The picture of an item, as far as the gateway can show it; its path is said above.
pub(super) fn image_body(entry: EntryRef, t: &'static Texts) -> Node {
    let session = use_context::<Chat>().map(Chat::id).filter(|id| !id.as_str().is_empty());
    let missing = RwSignal::new(session.is_none());
    let source = session.map(|session| address(&format!("/api/sessions/{session}/images/{}", entry.id())));
    let picture = move || match &source {
        Some(source) if !missing.get() => el("img")
            .class("picture")
            .attr("src", source.clone())
            .attr("alt", t.picture())
            .on("error", move |_: Event| missing.set(true)),
        _ => el("p").class("note").child(t.no_picture()),
    };
    many([live(picture), text_body(entry, t)])
}

/// The body of items that carry a text.
pub(super) fn text_body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let text = of_kind!(entry, Content::Item(item) => match item {
            Item::HookPrompt(prompt) => Some(hook_text(prompt)),
            Item::EnteredReviewMode(review) => Some(review.review.clone()),
            Item::ImageGeneration(image) => image.revised_prompt.clone(),
            _ => None,
        });
        vec![text.flatten().map(|text| text_view(t.details(), &text, t))]
    })
}

fn hook_text(prompt: &HookPrompt) -> String {
    let texts: Vec<&str> = prompt.fragments.iter().map(|fragment| fragment.text.as_str()).collect();
    texts.join("\n")
}

/// Whether a text says more than its line can show.
pub(super) fn is_long(text: &str) -> bool {
    const LINE: usize = 60;
    text.len() > LINE || text.trim().contains('\n')
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
