//! Something that codex asked, and what it was answered.

use codex_gateway_wire::{Content, event::ServerRequest, lenient_deserialize};

use super::{
    Head, Tone,
    json::{fields, json_view},
    misc::first_line,
    of_kind, unwrap_shell_command,
};
use crate::{i18n::Texts, icon::Icon, node::Node, state::EntryRef};

/// The parameters that say what it is about.
#[derive(Default)]
struct About {
    command: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}
lenient_deserialize!(About { command, reason, message });

pub(super) fn head(request: &ServerRequest, t: &Texts) -> Head {
    let about: About = serde_json::from_str(request.params.get()).unwrap_or_default();
    let verb = match request.method.as_str() {
        "item/commandExecution/requestApproval" | "execCommandApproval" => t.asked_command(),
        "item/fileChange/requestApproval" | "applyPatchApproval" => t.asked_edit(),
        "item/permissions/requestApproval" => t.asked_permissions(),
        "item/tool/requestUserInput" => t.asked_input(),
        "mcpServer/elicitation/request" => t.asked_form(),
        _ => t.asked_other(),
    };
    let head = Head::new(Icon::Shield, verb);
    let head = match (about.command, about.reason.or(about.message)) {
        (Some(command), _) => head.code(first_line(unwrap_shell_command(&command).trim())),
        (None, Some(reason)) => head.words(reason),
        (None, None) if verb == t.asked_other() => head.code(request.method.clone()),
        (None, None) => head,
    };
    head.result(if request.handled { t.declined() } else { t.not_supported() }).tone(Tone::NeedsYou)
}

pub(super) fn body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        let pieces = of_kind!(entry, Content::Request(request) => vec![
            Some(json_view(t.asked(), &request.params, t)),
            request.result.as_ref().map(|result| json_view(t.answered(), result, t)),
            request.error.as_ref().map(|error| json_view(t.answered(), error, t)),
        ]);
        pieces.unwrap_or_default()
    })
}
