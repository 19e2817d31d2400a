//! The question in the heading of a card.

use std::borrow::Cow;

use codex_gateway_wire::{UserRequest, request::RequestKind};

use crate::i18n::Texts;

/// The longest name in a heading, in characters. The heading does not scroll: a longer name would push the details out
/// of view. [`long_names`] returns what is cut.
const MAX_NAME_CHARS: usize = 60;

/// Returns the question that a request asks.
pub(super) fn heading(request: &UserRequest, t: &Texts) -> String {
    let summary = &request.summary;
    let server = truncate(summary.server.as_deref().unwrap_or("MCP"), MAX_NAME_CHARS);
    match request.kind {
        RequestKind::Command => match &summary.host {
            Some(host) => (t.confirm_network)(&truncate(host, MAX_NAME_CHARS)),
            None => t.confirm_command().to_owned(),
        },
        RequestKind::FileChange => t.confirm_edit().to_owned(),
        RequestKind::Permissions => t.confirm_permissions().to_owned(),
        RequestKind::Elicitation if let Some(tool) = &summary.tool => {
            (t.confirm_tool)(&server, &truncate(&tool.name, MAX_NAME_CHARS))
        }
        RequestKind::Elicitation => (t.form_heading)(&server),
        RequestKind::UserInput | RequestKind::Other => t.question_heading().to_owned(),
    }
}

/// Returns the names that are cut in the heading, in full.
pub(super) fn long_names(request: &UserRequest) -> Vec<String> {
    let summary = &request.summary;
    let tool = summary.tool.as_ref().map(|tool| &tool.name);
    let names = summary.host.iter().chain(&summary.server).chain(tool);
    names.filter(|name| is_longer(name, MAX_NAME_CHARS)).cloned().collect()
}

/// Returns the beginning of a long text, with an ellipsis.
pub(super) fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Returns `true` if [`truncate`] cuts the text.
pub(super) fn is_longer(text: &str, max_chars: usize) -> bool {
    text.chars().nth(max_chars).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_over_the_limit_is_truncated() {
        assert_eq!(truncate("héllo", 5), "héllo");
        assert_eq!(truncate("héllo!", 5), "héllo…");
        assert!(!is_longer("héllo", 5) && is_longer("héllo!", 5));
    }
}
