//! JSON in one line, for what is read line by line: codex's protocol and server-sent events.

/// Makes a space of each line break. Between the parts of JSON it says as much, and inside of its strings there is none.
/// Whoever could begin a line of their own could tell the other end anything.
pub(crate) fn in_one_line(json: &mut [u8]) {
    for end in [b'\n', b'\r'] {
        // Nearly always there is none, and to see that is quick.
        if json.contains(&end) {
            json.iter_mut().filter(|byte| **byte == end).for_each(|byte| *byte = b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_laid_out_is_one_line_and_says_the_same() {
        let mut json = b"{\n\"a\":\r\n[1,\t\"x\\ny\"]\r}".to_vec();
        in_one_line(&mut json);
        assert_eq!(json, b"{ \"a\":  [1,\t\"x\\ny\"] }");
    }
}
