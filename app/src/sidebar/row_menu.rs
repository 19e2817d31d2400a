//! The menu of a conversation in the list: renaming and deleting.

use leptos::{ev::KeyboardEvent, task::spawn_local};
use view::prelude::*;

use super::conversations::{Conversations, is_shown_at};
use crate::{
    browser,
    i18n::Texts,
    router::{NavigateOptions, use_navigate, use_route},
    server_fns::{Row, delete_conversation, rename_conversation},
};

/// What the reader does with a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RowMode {
    /// The row is a link.
    #[default]
    Link,
    /// The menu is open.
    Menu,
    /// The title is being edited.
    Renaming,
    /// The menu asks whether the conversation shall really be deleted.
    ConfirmingDelete,
    /// The menu is open, and says that the last action failed.
    Failed,
}

/// The menu. The component is made again for each mode.
#[component]
pub(super) fn RowMenu(
    conversations: Conversations,
    row: Row,
    mode: RwSignal<RowMode>,
    /// The title that the form for renaming begins with.
    new_title: RwSignal<String>,
    t: &'static Texts,
) -> impl IntoView {
    let (route, navigate) = (use_route(), use_navigate());
    let mode_now = mode.get_untracked();
    let title = row.title.clone().unwrap_or_default();
    let start_renaming = move |_| {
        new_title.set(title.clone());
        mode.set(RowMode::Renaming);
        request_animation_frame(|| {
            browser::focus(".rename input");
            browser::select_contents(".rename input");
        });
    };
    let delete = move |_| {
        let row = row.clone();
        spawn_local(async move {
            if delete_conversation(row.thread.clone()).await.is_err() {
                mode.try_set(RowMode::Failed);
                return;
            }
            conversations.remove(&row.thread);
            if is_shown_at(&row, &route.get_untracked()) {
                navigate("/", NavigateOptions::default());
            }
        });
    };
    let (first, second) = if mode_now == RowMode::ConfirmingDelete {
        let cancel = move |_| mode.set(RowMode::Link);
        (
            view! { <button type="button" class="link danger" on:click=delete>{t.confirm_delete()}</button> },
            view! { <button type="button" class="link" on:click=cancel>{t.keep()}</button> },
        )
    } else {
        let confirm = move |_| mode.set(RowMode::ConfirmingDelete);
        (
            view! { <button type="button" class="link" on:click=start_renaming>{t.rename()}</button> },
            view! { <button type="button" class="link" on:click=confirm>{t.delete()}</button> },
        )
    };
    let failure = || view! { <span role="alert">{t.action_failed()}</span> };
    view! {
        <div class="row-menu">
            {(mode_now == RowMode::Failed).then(failure)}
            {first}
            {second}
        </div>
    }
}

/// The form that renames a conversation.
#[component]
pub(super) fn RenameForm(
    conversations: Conversations,
    row: Row,
    mode: RwSignal<RowMode>,
    /// The title that the field has.
    new_title: RwSignal<String>,
    t: &'static Texts,
) -> impl IntoView {
    let save = move || {
        let (title, thread) = (new_title.get_untracked(), row.thread.clone());
        mode.set(RowMode::Link);
        if title.trim().is_empty() {
            return;
        }
        spawn_local(async move {
            if rename_conversation(thread, title).await.is_err() {
                mode.try_set(RowMode::Failed);
            }
            conversations.refresh();
        });
    };
    let on_click = {
        let save = save.clone();
        move |_| save()
    };
    let on_keydown = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !browser::is_ime_composing(&event) {
            event.prevent_default();
            save();
        }
    };
    view! {
        <div class="rename">
            <input
                type="text"
                aria-label=t.rename()
                maxlength="200"
                value=new_title.get_untracked()
                on:input=move |event| new_title.set(event_target_value(&event))
                on:keydown=on_keydown
            />
            <button type="button" class="button" on:click=on_click>{t.save()}</button>
        </div>
    }
}
