//! Recognizes errors about a thread's file that codex cannot read.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use crate::message::RpcError;

/// The byte order mark that some editors write. Codex cannot read a file that begins with it.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Returns the name of a thread's file and why codex cannot read it. `None` if the error is about something else.
///
/// Codex reports it as three nested errors that all contain the full path.
pub fn thread_damage(error: &RpcError) -> Option<String> {
    let (_, rest) = error.message.rsplit_once("rollout at ")?;
    let (path, reason) = [" is empty", " does not start with session metadata"]
        .into_iter()
        .find_map(|words| rest.split_once(words).map(|(path, _)| (Path::new(path), words.trim_start())))?;
    let name = path.file_name()?.to_string_lossy();
    let reason = match reason {
        _ if has_byte_order_mark(path) => "begins with a byte order mark",
        // Codex also calls a file empty in which no line is JSON.
        "is empty" if fs::metadata(path).is_ok_and(|file| file.len() > 0) => {
            "has no line that codex can read"
        }
        reason => reason,
    };
    Some(format!("{name} {reason}"))
}

fn has_byte_order_mark(path: &Path) -> bool {
    let mut first = [0; BYTE_ORDER_MARK.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == BYTE_ORDER_MARK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(message: &str) -> Option<String> {
        thread_damage(&RpcError { code: -32603, message: message.to_owned() })
    }

    #[test]
    fn message_has_the_file_name_once_and_without_its_directory() {
        let nested = |reason: &str| {
            format!(
                "failed to read thread: thread-store internal error: failed to read session metadata /h/rollout-1.jsonl: \
                 rollout at /h/rollout-1.jsonl {reason}"
            )
        };
        assert_eq!(damage(&nested("is empty")).as_deref(), Some("rollout-1.jsonl is empty"));
        let no_metadata = nested("does not start with session metadata");
        assert_eq!(
            damage(&no_metadata).as_deref(),
            Some("rollout-1.jsonl does not start with session metadata")
        );
        assert_eq!(damage("no rollout found for thread id x"), None);
    }

    #[test]
    fn byte_order_mark_is_reported_as_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollout-1.jsonl");
        std::fs::write(&path, "\u{feff}{}").unwrap();
        let message = format!("rollout at {} does not start with session metadata", path.display());
        assert_eq!(damage(&message).as_deref(), Some("rollout-1.jsonl begins with a byte order mark"));
    }

    #[test]
    fn file_without_json_is_not_called_empty() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rollout-1.jsonl");
        std::fs::write(&path, "no JSON").unwrap();
        let message = format!("rollout at {} is empty", path.display());
        assert_eq!(damage(&message).as_deref(), Some("rollout-1.jsonl has no line that codex can read"));
    }
}
