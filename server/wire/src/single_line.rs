//! Single-line JSON, for formats that are read line by line: codex's protocol and server-sent events.

/// Replaces each line break with a space. Between JSON tokens that changes nothing, and JSON strings contain no raw
/// line breaks. Otherwise, text with a line break could inject a line of its own into the stream.
pub fn replace_newlines(json: &mut [u8]) {
    for newline in [b'\n', b'\r'] {
        // Usually there is nothing to replace, and `contains` is fast.
        if json.contains(&newline) {
            json.iter_mut().filter(|byte| **byte == newline).for_each(|byte| *byte = b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_between_tokens_become_spaces() {
        let mut json = b"{\n\"a\":\r\n[1,\t\"x\\ny\"]\r}".to_vec();
        replace_newlines(&mut json);
        assert_eq!(json, b"{ \"a\":  [1,\t\"x\\ny\"] }");
    }
}
