//! Images that go with a message: pasted, dropped or picked; they are sent to the server at once, and shown.

use codex_gateway_wire::{UploadId, api::InputPart};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DataTransfer, Event, File, HtmlInputElement};

use super::{Composer, drafts, models};
use crate::{
    base_path::address,
    browser,
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, list, live},
    signal::RwSignalExt as _,
    text::hidden::plain_name,
    upload,
};

/// How many images a message can bring.
const MOST: usize = 8;

/// An image beside what one writes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attached {
    /// Tells it from the others.
    key: String,
    name: String,
    state: AttachedState,
}

#[derive(Clone, Debug, PartialEq)]
enum AttachedState {
    Uploading,
    /// The server has it.
    Ready(UploadId),
    /// It has not, and this is why.
    Failed(String),
}

/// Those beside what one writes now.
#[derive(Clone, Copy)]
pub(super) struct Images(RwSignal<Vec<Attached>>);

impl Images {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Whether there is none; tracked.
    pub(super) fn is_empty(self) -> bool {
        self.0.try_with(Vec::is_empty).unwrap_or(true)
    }

    /// Whether all of them can be sent: none is on its way, and none failed; tracked.
    pub(super) fn are_ready(self) -> bool {
        let ready = |one: &Attached| matches!(one.state, AttachedState::Ready(_));
        self.0.try_with(|all| all.iter().all(ready)).unwrap_or_default()
    }

    /// As parts of a message.
    pub(super) fn parts(self) -> Vec<InputPart> {
        let part = |one: &Attached| match &one.state {
            AttachedState::Ready(upload) => Some(InputPart::Image { upload: upload.clone() }),
            AttachedState::Uploading | AttachedState::Failed(_) => None,
        };
        self.0.try_with_untracked(|all| all.iter().filter_map(part).collect()).unwrap_or_default()
    }

    pub(super) fn clear(self) {
        self.0.set(Vec::new());
    }

    /// Takes back those that were there before a reload, or of a message that comes back.
    pub(super) fn restore(self, uploads: impl Iterator<Item = UploadId>) {
        self.0.update(|all| {
            all.extend(uploads.map(|upload| Attached {
                key: browser::unique_id(),
                name: String::new(),
                state: AttachedState::Ready(upload),
            }));
        });
    }

    fn settle(self, key: &str, state: AttachedState) {
        self.0.update(|all| {
            for one in all.iter_mut().filter(|one| one.key == key) {
                one.state = state.clone();
            }
        });
    }
}

/// Sends images to the server, and shows them beside what one writes. What is no image, or too many, is named instead.
fn attach(composer: Composer, files: Vec<File>) {
    let (images, t) = (composer.images, composer.t);
    composer.signals().note.set(None);
    if files.is_empty() {
        return;
    }
    if untrack(|| composer.closed()) {
        return composer.refuse(t.no_message_here().to_owned());
    }
    if !untrack(|| models::sees(composer)) {
        return composer.refuse(t.no_images().to_owned());
    }
    let (taken, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_image);
    let room = MOST.saturating_sub(images.0.try_with_untracked(Vec::len).unwrap_or_default());
    if let Some(other) = others.first() {
        composer.refuse((t.not_an_image)(&plain_name(&other.name())));
    } else if taken.len() > room {
        composer.refuse((t.too_many_images)(MOST));
    }
    for file in taken.into_iter().take(room) {
        let key = browser::unique_id();
        let attached = |state| Attached { key: key.clone(), name: file.name(), state };
        images.0.update(|all| all.push(attached(AttachedState::Uploading)));
        spawn_local(async move {
            let state = match upload::image(&file).await {
                Ok(upload) => AttachedState::Ready(upload),
                Err(failure) => AttachedState::Failed(t.failure(&failure)),
            };
            images.settle(&key, state);
            drafts::store_images(&composer.key.get_untracked_or_default(), &images.parts());
        });
    }
}

fn is_image(file: &File) -> bool {
    file.type_().starts_with("image/")
}

/// The files that are pasted or dropped. Office programs put a picture of it beside a text: the text is meant.
fn files(data: Option<DataTransfer>) -> Vec<File> {
    let has = |data: &DataTransfer, kind| data.get_data(kind).is_ok_and(|text| !text.is_empty());
    let data = data.filter(|data| !(has(data, "text/plain") && has(data, "text/html")));
    let Some(files) = data.and_then(|data| data.files()) else { return Vec::new() };
    (0..files.length()).filter_map(|at| files.get(at)).collect()
}

/// Lets a composer take images that are pasted into it.
pub(super) fn taking(composer: Composer, form: El) -> El {
    form.live_attr("data-over", move || composer.signals().dragged_over.get()).on(
        "paste",
        move |event: ClipboardEvent| {
            let files = files(event.clipboard_data());
            if !files.is_empty() {
                event.prevent_default();
                attach(composer, files);
            }
        },
    )
}

/// Takes what was dropped on the page. A link is refused: to be written, it is dropped on the field.
pub(super) fn take_dropped(composer: Composer, data: Option<DataTransfer>) {
    let files = files(data);
    if files.is_empty() {
        return composer.refuse(composer.t.only_images().to_owned());
    }
    attach(composer, files);
}

/// Picks images from the reader's machine.
pub(super) fn picker(composer: Composer) -> El {
    let t = composer.t;
    let picked = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        let files = input.files().map(|files| (0..files.length()).filter_map(|at| files.get(at)).collect());
        attach(composer, files.unwrap_or_default());
        // The same one can be picked again.
        input.set_value("");
    };
    let input = el("input")
        .attr("type", "file")
        .attr("accept", "image/png,image/jpeg,image/gif,image/webp")
        .attr("multiple", true)
        .attr("aria-label", t.attach())
        .on("change", picked);
    el("label")
        .class("icon-button attach")
        .attr("title", t.attach())
        .live_attr("hidden", move || !models::sees(composer))
        .child(icon(Icon::Attach))
        .child(input)
}

/// The images beside what one writes.
pub(super) fn images_view(composer: Composer) -> Node {
    let images = composer.images;
    let all = list(
        move || images.0.get().into_iter().map(|one| one.key).collect(),
        move |key| image_view(composer, key).into(),
    );
    el("ul").class("images").live_attr("hidden", move || images.is_empty()).child(all).into()
}

fn image_view(composer: Composer, key: String) -> El {
    let (images, t) = (composer.images, composer.t);
    let key = RwSignal::new(key);
    let mine = move |one: &&Attached| key.try_with_untracked(|key| *key == one.key) == Some(true);
    let content = move || {
        let one = images.0.try_with(|all| all.iter().find(mine).cloned()).flatten()?;
        Some(match one.state {
            AttachedState::Uploading => {
                el("span").class("uploading").child(t.uploading()).attr("role", "status")
            }
            AttachedState::Ready(upload) => thumbnail(&upload, t),
            AttachedState::Failed(why) => {
                let why = el("span").class("why").child(why);
                el("span").class("failed").attr("role", "alert").child(el("span").child(one.name)).child(why)
            }
        })
    };
    let remove = move || {
        images.0.update(|all| all.retain(|one| !mine(&one)));
        drafts::store_images(&composer.key.get_untracked_or_default(), &images.parts());
        composer.area.focus();
    };
    let remove = el("button")
        .attr("type", "button")
        .class("remove")
        .attr("aria-label", t.remove_image())
        .attr("title", t.remove_image())
        .on_click(remove)
        .child(icon(Icon::Close));
    el("li").child(live(content)).child(remove)
}

/// An image, small; a click shows it whole.
pub(crate) fn thumbnail(upload: &UploadId, t: &'static Texts) -> El {
    let address = address(&format!("/api/uploads/{upload}"));
    let image = el("img").attr("src", address.clone()).attr("alt", t.image()).attr("loading", "lazy");
    el("a").class("thumbnail").attr("href", address).attr("target", "_blank").child(image)
}
