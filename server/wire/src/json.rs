//! JSON that is carried, not understood.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How many steps a line of JSON is indented at most.
const MAX_INDENT: usize = 32;

/// A piece of JSON kept as the text it came in, so that what nobody here knows passes through unchanged.
///
/// Two are equal when their texts are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The JSON as it came.
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// How many arrays and objects are inside one another at most.
    pub fn depth(&self) -> usize {
        let (mut depth, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
        for byte in self.get().bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = in_text,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => {
                    depth += 1;
                    most = most.max(depth);
                }
                b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        most
    }

    /// The text with line breaks and indentation, for people. Its parts stay as they are written. From a
    /// depth of 32 on, lines are not indented further: deep JSON would become mostly white space.
    pub fn pretty(&self) -> String {
        let mut pretty = String::with_capacity(self.get().len() * 2);
        let (mut depth, mut in_text, mut escaped) = (0, false, false);
        let new_line = |pretty: &mut String, depth| {
            pretty.push('\n');
            pretty.extend(std::iter::repeat_n("  ", MAX_INDENT.min(depth)));
        };
        for character in self.get().chars().filter(|c| !c.is_control()) {
            if in_text {
                pretty.push(character);
                in_text = escaped || character != '"';
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
                '"' => in_text = true,
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
    fn json_is_laid_out_for_people() {
        let json: Json = serde_json::from_str(r#"{"a":[1,{"b":"x, {y} \" z"}], "c":{},"d":[]}"#).unwrap();
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y} \\\" z\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
        assert_eq!(json.pretty(), expected);
    }

    #[test]
    fn deep_json_grows_by_a_constant_factor_when_it_is_laid_out() {
        for depth in [1000, 2000, 4000] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            let json: Json = serde_json::from_str(&text).unwrap();
            assert!(json.pretty().len() <= (2 + 2 * MAX_INDENT) * text.len());
        }
    }

    #[test]
    fn its_depth_is_that_of_its_brackets() {
        for (text, depth) in
            [("1", 0), ("[]", 1), (r#"{"a":[{}],"b":{}}"#, 3), (r#"["[[[\"[", "\\", [1]]"#, 2)]
        {
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(json.depth(), depth, "{text}");
        }
    }

    #[test]
    fn laying_out_changes_nothing_that_counts() {
        let text = r#"[null,-1.5e3,"\\",{"k":[[],[{}]]},true]"#;
        let json: Json = serde_json::from_str(text).unwrap();
        let again: serde_json::Value = serde_json::from_str(&json.pretty()).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}
