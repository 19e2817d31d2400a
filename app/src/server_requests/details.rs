//! What a request asks for: a command, changes of files, a tool call, permissions.

use codex_gateway_wire::{
    Content, Item, UserRequest,
    codex::FileUpdateChange,
    request::{RequestKind, ToolArgument},
    shell::unwrap_shell_command,
};
use view::prelude::*;

use super::{
    approval_choices::long_labels, card_context::CardContext, heading::long_names,
    permission_list::PermissionList,
};
use crate::{
    cards::{FileChanges, JsonField},
    i18n::Texts,
    icon::{Icon, icon},
    text::hidden::{TextKind, exact, exact_name},
};

/// The details of a request. A request without any is shown as JSON, so that nobody accepts something unspecified.
#[component]
pub(super) fn RequestDetails(card: CardContext) -> impl IntoView {
    let t = card.chat.t;
    let request = card.request.clone();
    let (kind, summary) = (request.kind, &request.summary);

    let description = match &summary.tool {
        Some(tool) => tool.description.as_deref(),
        None => summary.reason.as_deref().filter(|_| kind == RequestKind::Elicitation),
    };
    let description =
        description.map(|text| view! { <p class="description">{exact(text, TextKind::Prose, t)}</p> });
    let arguments = summary.tool.as_ref().map(|tool| tool.arguments.clone());
    let arguments = arguments.filter(|arguments| !arguments.is_empty());
    let arguments = arguments.map(|arguments| view! { <ArgumentTable arguments t/> });
    let command = summary.command.as_ref().map(|line| {
        view! {
            <pre class="prompt" aria-label=t.asked_command()>
                <code>{exact(&unwrap_shell_command(line), TextKind::Code, t)}</code>
            </pre>
        }
    });
    let cwd = summary.cwd.as_ref().filter(|_| summary.command.is_some());
    let cwd = cwd.map(|cwd| {
        view! {
            <p class="location">
                {icon(Icon::Folder)}
                <code>{exact_name(cwd, t)}</code>
            </p>
        }
    });
    let changes = (kind == RequestKind::FileChange).then(|| view! { <RequestedChanges card/> });
    let grant_root = summary.grant_root.as_ref().map(|root| {
        view! {
            <p class="location">
                {t.grants_directory()} " "
                <code>{exact_name(root, t)}</code>
            </p>
        }
    });
    let permissions = Some(summary.permissions.clone()).filter(|permissions| !permissions.is_empty());
    let permissions = permissions.map(|permissions| view! { <PermissionList permissions t/> });
    let truncated_texts = long_names(&request).into_iter().chain(long_labels(&request, t));
    let truncated_texts = truncated_texts.map(|text| {
        view! {
            <p class="location">
                <code>{exact_name(&text, t)}</code>
            </p>
        }
    });
    let json = (!has_details(&request))
        .then(|| view! { <JsonField label=t.request_params() json=request.params.clone() t/> });
    view! {
        {description}
        {arguments}
        {command}
        {cwd}
        {changes}
        {grant_root}
        {permissions}
        {truncated_texts.collect::<Vec<_>>()}
        {json}
    }
}

/// Returns `true` if the page shows what a request asks for in another form than JSON.
fn has_details(request: &UserRequest) -> bool {
    let summary = &request.summary;
    match request.kind {
        RequestKind::Command => summary.command.is_some() || summary.host.is_some(),
        // Changes and forms fall back to JSON themselves.
        RequestKind::FileChange | RequestKind::UserInput | RequestKind::Elicitation => true,
        RequestKind::Permissions => !summary.permissions.is_empty(),
        RequestKind::Other => false,
    }
}

/// The arguments of a tool call.
#[component]
fn ArgumentTable(arguments: Vec<ToolArgument>, t: &'static Texts) -> impl IntoView {
    let rows = arguments.into_iter().map(|argument| {
        view! {
            <tr>
                <th scope="row">{exact_name(&argument.name, t)}</th>
                <td>
                    <code>{exact(&argument.value, TextKind::Code, t)}</code>
                </td>
            </tr>
        }
    });
    view! {
        <table class="arguments" aria-label=t.tool_arguments()>
            <tbody>{rows.collect::<Vec<_>>()}</tbody>
        </table>
    }
}

/// The diffs of the requested changes. If codex replaces the changes while the request waits, the new ones are shown and
/// their end must come into view again.
#[component]
fn RequestedChanges(card: CardContext) -> impl IntoView {
    let (t, gate) = (card.chat.t, card.gate);
    let cwd = card.chat.transcript.with_untracked(|transcript| transcript.cwd.clone()).unwrap_or_default();
    let params = card.request.params.clone();
    let changes = Memo::new(move |_| requested_changes(&card));
    Effect::watch(move || changes.get(), move |_, _, _| gate.restart(), false);
    view! {
        {move || {
            let changes = changes.get();
            if changes.is_empty() {
                return view! { <JsonField label=t.request_params() json=params.clone() t/> };
            }
            view! {
                <div class="files">
                    <FileChanges changes cwd=cwd.clone() expand_all=gate.is_expanded t/>
                </div>
            }
        }}
    }
}

/// Returns the changes of the item that the request is about, or those of the request if the transcript has no such item
/// (it is a sub-agent's); tracked.
fn requested_changes(card: &CardContext) -> Vec<FileUpdateChange> {
    let summary = &card.request.summary;
    let of_item = summary.item_id.as_ref().and_then(|item| {
        card.chat.transcript.read(item, |entry| match &entry.content {
            Content::Item(Item::FileChange(change)) => change.changes.clone(),
            _ => Vec::new(),
        })
    });
    of_item.filter(|changes| !changes.is_empty()).unwrap_or_else(|| summary.changes.clone())
}
