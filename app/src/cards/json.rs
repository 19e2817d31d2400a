//! JSON, shown as it is: for what has no better form, and for what is not known.

use super::of_kind;
use crate::{
    i18n::Texts,
    live::EntryRef,
    node::{El, Node, el, live, many},
};
use codex_gateway_wire::{Content, Item, Json};

/// A labelled piece of JSON; a plain text is shown as one.
pub(super) fn json_view(label: &'static str, json: &Json) -> El {
    text_view(label, serde_json::from_str(json.get()).unwrap_or_else(|_| pretty(json.get())))
}

/// A labelled text.
pub(super) fn text_view(label: &'static str, text: String) -> El {
    let text = el("pre").attr("tabindex", "0").child(el("code").child(text));
    el("div").class("field").child(el("div").class("label").child(label)).child(text)
}

/// Labelled pieces, as they are now.
pub(super) fn fields(pieces: impl Fn() -> Vec<Option<El>> + Send + 'static) -> Node {
    el("div").class("fields").child(live(move || many(pieces().into_iter().flatten()))).into()
}

/// The body of an item of an unknown kind.
pub(super) fn unknown_body(entry: EntryRef, t: &'static Texts) -> Node {
    fields(move || {
        vec![of_kind!(entry, Content::Item(Item::Unknown(item)) => json_view(t.details, &item.raw))]
    })
}

/// JSON with line breaks and indentation. (What is not a text is only moved about, so this need not read it as
/// a value, which would bring in all that numbers need.)
fn pretty(json: &str) -> String {
    let mut pretty = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut in_text = false;
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if in_text {
            pretty.push(c);
            match c {
                '\\' => pretty.extend(chars.next()),
                '"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match c {
            '{' | '[' => {
                pretty.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    pretty.push(close);
                } else {
                    depth += 1;
                    break_line(&mut pretty, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                break_line(&mut pretty, depth);
                pretty.push(c);
            }
            ',' => {
                pretty.push(c);
                break_line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                in_text = c == '"';
                pretty.push(c);
            }
        }
    }
    pretty
}

fn break_line(text: &mut String, depth: i32) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn json_is_laid_out_as_serde_does_it() {
        let cases = [
            r#"{"a":[1,-2.5e3,{"b":"c, \\\"d\\\": {é}"},[],{}],"e":null}"#,
            "[ ]",
            r#"{ "x" : true , "y":[ "" ] }"#,
            "7",
        ];
        for json in cases {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(
                pretty(json).replace("-2.5e3", "-2500.0"),
                serde_json::to_string_pretty(&value).unwrap()
            );
        }
    }
}
