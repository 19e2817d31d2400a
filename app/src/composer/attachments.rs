//! Images that are attached to the message: pasted, dropped or chosen. They are uploaded at once.

use codex_gateway_wire::{UploadId, api::InputPart};
use leptos::task::spawn_local;
use view::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DataTransfer, Event, File, FileList, HtmlInputElement};

use super::{ComposerState, models};
use crate::{
    base_path::address,
    browser,
    i18n::Texts,
    icon::{Icon, icon},
    text::hidden::plain_name,
    upload,
};

/// The largest number of images in a message.
const MAX_IMAGES: usize = 8;

/// An image of the message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attachment {
    /// The attachment's key on the page.
    id: String,
    /// The file's name. Empty if the image was restored.
    name: String,
    state: UploadState,
}

#[derive(Clone, Debug, PartialEq)]
enum UploadState {
    Uploading,
    Ready(UploadId),
    /// The upload failed for this reason.
    Failed(String),
}

/// The images of the message.
#[derive(Clone, Copy)]
pub(super) struct Attachments(RwSignal<Vec<Attachment>>);

impl Attachments {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Returns `true` if there are no images. Tracked.
    pub(super) fn is_empty(self) -> bool {
        self.0.try_with(Vec::is_empty).unwrap_or(true)
    }

    /// Returns `true` if all images are uploaded. Tracked.
    pub(super) fn are_ready(self) -> bool {
        let is_ready = |one: &Attachment| matches!(one.state, UploadState::Ready(_));
        self.0.try_with(|all| all.iter().all(is_ready)).unwrap_or_default()
    }

    /// Returns the uploaded images as parts of a message.
    pub(super) fn parts(self) -> Vec<InputPart> {
        let part = |one: &Attachment| match &one.state {
            UploadState::Ready(upload) => Some(InputPart::Image { upload: upload.clone() }),
            UploadState::Uploading | UploadState::Failed(_) => None,
        };
        self.0.try_with_untracked(|all| all.iter().filter_map(part).collect()).unwrap_or_default()
    }

    pub(super) fn clear(self) {
        self.0.set(Vec::new());
    }

    /// Adds images that are uploaded already: those of a stored draft, or of a message that was not sent.
    pub(super) fn restore(self, uploads: impl Iterator<Item = UploadId>) {
        self.0.update(|all| {
            all.extend(uploads.map(|upload| Attachment {
                id: browser::unique_id(),
                name: String::new(),
                state: UploadState::Ready(upload),
            }));
        });
    }

    fn ids(self) -> Vec<String> {
        self.0.get().into_iter().map(|one| one.id).collect()
    }

    fn set_state(self, id: &str, state: UploadState) {
        self.0.update(|all| {
            if let Some(attachment) = all.iter_mut().find(|one| one.id == id) {
                attachment.state = state;
            }
        });
    }

    fn remove(self, id: &str) {
        self.0.update(|all| all.retain(|one| one.id != id));
    }
}

/// Uploads images and attaches them. If not all of the files can be attached, the composer shows why.
fn attach(composer: ComposerState, files: Vec<File>) {
    let (attachments, t) = (composer.attachments, composer.t);
    composer.error.set(None);
    if files.is_empty() {
        return;
    }
    if untrack(|| composer.is_ended()) {
        return composer.show_error(t.nothing_attachable().to_owned());
    }
    if !untrack(|| models::supports_images(composer)) {
        return composer.show_error(t.model_without_images().to_owned());
    }
    let (images, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_image);
    let free = MAX_IMAGES.saturating_sub(attachments.0.try_with_untracked(Vec::len).unwrap_or_default());
    if let Some(other) = others.first() {
        composer.show_error((t.not_an_image)(&plain_name(&other.name())));
    } else if images.len() > free {
        composer.show_error((t.too_many_images)(MAX_IMAGES));
    }
    for file in images.into_iter().take(free) {
        let id = browser::unique_id();
        let attachment = Attachment { id: id.clone(), name: file.name(), state: UploadState::Uploading };
        attachments.0.update(|all| all.push(attachment));
        spawn_local(async move {
            let state = match upload::image(&file).await {
                Ok(upload) => UploadState::Ready(upload),
                Err(failure) => UploadState::Failed(t.failure(&failure)),
            };
            attachments.set_state(&id, state);
            composer.store_images();
        });
    }
}

fn is_image(file: &File) -> bool {
    file.type_().starts_with("image/")
}

fn to_vec(files: &FileList) -> Vec<File> {
    (0..files.length()).filter_map(|index| files.get(index)).collect()
}

/// Returns the files that were pasted or dropped.
///
/// Office programs put a picture of a text beside the text. That picture is left out.
fn files_of(data: Option<DataTransfer>) -> Vec<File> {
    let has = |data: &DataTransfer, kind| data.get_data(kind).is_ok_and(|text| !text.is_empty());
    let data = data.filter(|data| !(has(data, "text/plain") && has(data, "text/html")));
    data.and_then(|data| data.files()).map(|files| to_vec(&files)).unwrap_or_default()
}

/// Attaches the images that are pasted into the composer. Anything else is left to the browser.
pub(super) fn attach_pasted(composer: ComposerState, event: &ClipboardEvent) {
    let files = files_of(event.clipboard_data());
    if !files.is_empty() {
        event.prevent_default();
        attach(composer, files);
    }
}

/// Attaches the images that were dropped on the page, and refuses anything else. (A link that is dropped on the field
/// never gets here: the browser writes it into the field.)
pub(super) fn attach_dropped(composer: ComposerState, data: Option<DataTransfer>) {
    let files = files_of(data);
    if files.is_empty() {
        return composer.show_error(composer.t.only_images_attachable().to_owned());
    }
    attach(composer, files);
}

/// Chooses images from the user's machine. Hidden if the model does not support images.
#[component]
pub(super) fn AttachButton(composer: ComposerState) -> impl IntoView {
    let t = composer.t;
    let attach_chosen = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        attach(composer, input.files().map(|files| to_vec(&files)).unwrap_or_default());
        // Otherwise choosing the same file again would not fire an event.
        input.set_value("");
    };
    view! {
        <label
            class="icon-button attach"
            title=t.attach_images()
            hidden=move || !models::supports_images(composer)
        >
            {icon(Icon::Attach)}
            <input
                type="file"
                accept="image/png,image/jpeg,image/gif,image/webp"
                multiple
                aria-label=t.attach_images()
                on:change=attach_chosen
            />
        </label>
    }
}

/// The images of the message, each with a button that removes it.
#[component]
pub(super) fn AttachmentList(composer: ComposerState) -> impl IntoView {
    let attachments = composer.attachments;
    view! {
        <ul class="images" hidden=move || attachments.is_empty()>
            <For each=move || attachments.ids() key=String::clone let:id>
                <AttachmentItem composer id/>
            </For>
        </ul>
    }
}

#[component]
fn AttachmentItem(composer: ComposerState, id: String) -> impl IntoView {
    let (attachments, t) = (composer.attachments, composer.t);
    let id = StoredValue::new(id);
    let content = move || {
        let attachment =
            attachments.0.with(|all| all.iter().find(|one| id.with_value(|id| *id == one.id)).cloned())?;
        Some(match attachment.state {
            UploadState::Uploading => view! { <span class="uploading" role="status">{t.uploading()}</span> },
            UploadState::Ready(upload) => view! { <Thumbnail upload t/> },
            UploadState::Failed(reason) => view! {
                <span class="failed" role="alert">
                    <span>{attachment.name}</span>
                    <span class="error">{reason}</span>
                </span>
            },
        })
    };
    let remove = move |_| {
        id.with_value(|id| attachments.remove(id));
        composer.store_images();
        composer.area.focus();
    };
    view! {
        <li>
            {content}
            <button
                type="button"
                class="remove"
                aria-label=t.remove_image()
                title=t.remove_image()
                on:click=remove
            >
                {icon(Icon::Close)}
            </button>
        </li>
    }
}

/// A small preview of an uploaded image. A click opens the image in a new tab.
#[component]
pub(crate) fn Thumbnail(upload: UploadId, t: &'static Texts) -> impl IntoView {
    let address = address(&format!("/api/uploads/{upload}"));
    view! {
        <a class="thumbnail" href=address.clone() target="_blank">
            <img src=address alt=t.attached_image() loading="lazy"/>
        </a>
    }
}
