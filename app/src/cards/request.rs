//! Requests of codex that the gateway answered by itself.

use codex_gateway_wire::{Content, event::ServerRequest, lenient_deserialize, shell::unwrap_shell_command};
use view::prelude::*;

use super::{EntryHeader, Tone, field::JsonField, misc::first_line, of_kind};
use crate::{i18n::Texts, icon::Icon, state::EntryRef};

/// The parameters that say what a request is about.
#[derive(Default)]
struct Params {
    command: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}
lenient_deserialize!(Params { command, reason, message });

pub(super) fn header(request: &ServerRequest, t: &Texts) -> EntryHeader {
    let params: Params = serde_json::from_str(request.params.get()).unwrap_or_default();
    let verb = match request.method.as_str() {
        "item/commandExecution/requestApproval" | "execCommandApproval" => t.asked_command(),
        "item/fileChange/requestApproval" | "applyPatchApproval" => t.asked_edit(),
        "item/permissions/requestApproval" => t.asked_permissions(),
        "item/tool/requestUserInput" => t.asked_input(),
        "mcpServer/elicitation/request" => t.asked_form(),
        _ => t.asked_other(),
    };
    let header = EntryHeader::new(Icon::Shield, verb);
    let header = match (params.command, params.reason.or(params.message)) {
        (Some(command), _) => header.code(first_line(unwrap_shell_command(&command).trim())),
        (None, Some(reason)) => header.text(reason),
        (None, None) if verb == t.asked_other() => header.code(request.method.clone()),
        (None, None) => header,
    };
    header
        .result(if request.handled { t.declined_automatically() } else { t.not_supported() })
        .tone(Tone::NeedsYou)
}

/// The parameters of the request, and the gateway's response.
#[component]
pub(super) fn RequestBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let fields = move || {
        let parts = of_kind!(entry, Content::Request(request) => {
            [
                (t.request_params(), Some(request.params.clone())),
                (t.request_answer(), request.result.clone()),
                (t.request_answer(), request.error.clone()),
            ]
        });
        let parts = parts.into_iter().flatten();
        let fields = parts.filter_map(|(label, json)| json.map(|json| view! { <JsonField label json t/> }));
        fields.collect::<Vec<_>>()
    };
    view! { <div class="fields">{fields}</div> }
}
