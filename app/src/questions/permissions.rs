//! What would be allowed beyond the sandbox, line by line.

use codex_gateway_wire::{Json, UserRequest, read_fields};

use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, el, many},
};

#[derive(Default)]
struct Asked {
    permissions: Profile,
    additional_permissions: Profile,
}
read_fields!(Asked { permissions, additional_permissions });

#[derive(Default)]
struct Profile {
    network: Network,
    file_system: Files,
}
read_fields!(Profile { network, file_system });

#[derive(Default)]
struct Network {
    enabled: bool,
}
read_fields!(Network { enabled });

#[derive(Default)]
struct Files {
    read: Vec<String>,
    write: Vec<String>,
    entries: Vec<Access>,
}
read_fields!(Files { read, write, entries });

#[derive(Default)]
struct Access {
    path: Json,
    access: String,
}
read_fields!(Access { path, access });

#[derive(Default)]
struct Path {
    path: Option<String>,
    pattern: Option<String>,
}
read_fields!(Path { path, pattern });

/// The list; nothing if nothing of the kind is asked for.
pub(super) fn permissions_view(request: &UserRequest, t: &Texts) -> Option<El> {
    let lines = lines(request, t);
    if lines.is_empty() {
        return None;
    }
    let line = |(mark, verb, target): Line| {
        el("li")
            .child(icon(mark))
            .child(el("span").child(verb))
            .child(target.map(|target| el("code").child(target)))
    };
    Some(el("ul").class("permissions").child(many(lines.into_iter().map(line))))
}

type Line = (Icon, &'static str, Option<String>);

fn lines(request: &UserRequest, t: &Texts) -> Vec<Line> {
    let asked: Asked = serde_json::from_str(request.params.get()).unwrap_or_default();
    let mut lines = Vec::new();
    for Profile { network, file_system } in [asked.permissions, asked.additional_permissions] {
        if network.enabled {
            lines.push((Icon::Globe, t.may_use_network, None));
        }
        let Files { read, write, entries } = file_system;
        lines.extend(read.into_iter().map(|path| (Icon::File, t.may_read_path, Some(path))));
        lines.extend(write.into_iter().map(|path| (Icon::File, t.may_write_path, Some(path))));
        for Access { path, access } in entries {
            let verb = match access.as_str() {
                "write" => t.may_write_path,
                "deny" => t.may_not_touch,
                _ => t.may_read_path,
            };
            let named: Path = serde_json::from_str(path.get()).unwrap_or_default();
            // A kind of place that has no path is shown as codex says it.
            let target = named.path.or(named.pattern).unwrap_or_else(|| path.get().to_owned());
            let line = (Icon::File, verb, Some(target));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::request::RequestKind;

    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn every_permission_has_its_line_once() {
        let t = Lang::En.texts();
        let params = r#"{"permissions":{"network":{"enabled":true},"fileSystem":{"read":["/a"],"write":["/b"],"entries":[
            {"path":{"type":"path","path":"/b"},"access":"write"},
            {"path":{"type":"glob_pattern","pattern":"**/.env"},"access":"deny"},
            {"path":{"type":"special","value":{"kind":"tmpdir"}},"access":"read"}]}},"additionalPermissions":null}"#;
        let request = UserRequest {
            id: "r".into(),
            kind: RequestKind::Permissions,
            method: String::new(),
            params: serde_json::from_str(params).unwrap(),
            available_decisions: Vec::new(),
            created_at: 0,
            deadline: None,
        };
        let lines: Vec<String> = lines(&request, t)
            .into_iter()
            .map(|(_, verb, target)| format!("{verb} {}", target.unwrap_or_default()))
            .collect();
        let special = format!("{} {}", t.may_read_path, r#"{"type":"special","value":{"kind":"tmpdir"}}"#);
        assert_eq!(
            lines,
            [
                format!("{} ", t.may_use_network),
                format!("{} /a", t.may_read_path),
                format!("{} /b", t.may_write_path),
                format!("{} **/.env", t.may_not_touch),
                special,
            ]
        );
    }
}
