//! Raw JSON that is passed on unchanged.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The maximum indentation of a line, in levels.
const MAX_INDENT_LEVELS: usize = 32;

/// JSON kept as its original text, so that unknown content is passed on unchanged.
///
/// Equality compares the texts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The JSON as a [`RawValue`].
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// The maximum nesting of arrays and objects.
    pub fn depth(&self) -> usize {
        let (mut depth, mut max_depth, mut in_string, mut escaped) = (0_usize, 0, false, false);
        for byte in self.get().bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = in_string,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => {
                    depth += 1;
                    max_depth = max_depth.max(depth);
                }
                b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        max_depth
    }

    /// The JSON with line breaks and indentation. Strings and numbers stay as they are written. Indentation stops at 32
    /// levels, because deeply nested JSON would become mostly white space.
    pub fn pretty(&self) -> String {
        let mut pretty = String::with_capacity(self.get().len() * 2);
        let (mut depth, mut in_string, mut escaped) = (0, false, false);
        let new_line = |pretty: &mut String, depth| {
            pretty.push('\n');
            pretty.extend(std::iter::repeat_n("  ", MAX_INDENT_LEVELS.min(depth)));
        };
        for character in self.get().chars().filter(|c| !c.is_control()) {
            if in_string {
                pretty.push(character);
                in_string = escaped || character != '"';
                escaped = character == '\\' && !escaped;
                continue;
            }
            match character {
                ' ' => continue,
                '}' | ']' => {
                    depth -= usize::from(depth > 0);
                    if !pretty.ends_with(['{', '[']) {
                        new_line(&mut pretty, depth);
                    }
                }
                _ if pretty.ends_with(['{', '[']) => new_line(&mut pretty, depth),
                _ => {}
            }
            pretty.push(character);
            match character {
                '{' | '[' => depth += 1,
                ',' => new_line(&mut pretty, depth),
                ':' => pretty.push(' '),
                '"' => in_string = true,
                _ => {}
            }
        }
        pretty
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn pretty_json_has_line_breaks_and_indentation() {
        let json: Json = serde_json::from_str(r#"{"a":[1,{"b":"x, {y} \" z"}], "c":{},"d":[]}"#).unwrap();
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y} \\\" z\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
        assert_eq!(json.pretty(), expected);
    }

    #[test]
    fn pretty_json_grows_by_a_constant_factor_at_any_depth() {
        for depth in [1000, 2000, 4000] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            let json: Json = serde_json::from_str(&text).unwrap();
            assert!(json.pretty().len() <= (2 + 2 * MAX_INDENT_LEVELS) * text.len());
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        for (text, depth) in
            [("1", 0), ("[]", 1), (r#"{"a":[{}],"b":{}}"#, 3), (r#"["[[[\"[", "\\", [1]]"#, 2)]
        {
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(json.depth(), depth, "{text}");
        }
    }

    #[test]
    fn pretty_json_parses_to_the_same_value() {
        let text = r#"[null,-1.5e3,"\\",{"k":[[],[{}]]},true]"#;
        let json: Json = serde_json::from_str(text).unwrap();
        let again: serde_json::Value = serde_json::from_str(&json.pretty()).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}
