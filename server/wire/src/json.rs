//! JSON that is carried, not understood.

use std::collections::HashMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

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

    /// The text with line breaks and indentation, for people; as it came if it does not parse.
    pub fn pretty(&self) -> String {
        serde_json::from_str::<serde_json::Value>(self.get())
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| self.get().to_owned())
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

/// The fields of a JSON object, each still as text.
pub(crate) struct Fields(HashMap<String, Box<RawValue>>);

impl Fields {
    /// The fields of an object; `None` if it is something else.
    pub(crate) fn of(object: &RawValue) -> Option<Self> {
        serde_json::from_str(object.get()).ok().map(Self)
    }

    /// A field by its name in Rust, `like_this`; in JSON it is `likeThis`. One that is missing or `null` is
    /// the default; `None` is for one of another shape.
    pub(crate) fn take<T: Default + DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        match self.0.remove(&camel_case(name)) {
            Some(field) if field.get() != "null" => serde_json::from_str(field.get()).ok(),
            _ => Some(T::default()),
        }
    }

    /// As [`Fields::take`], but the field stays.
    pub(crate) fn peek<T: Default + DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.0.get(name).map_or_else(|| Some(T::default()), |field| serde_json::from_str(field.get()).ok())
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

/// Reads a field tolerantly: `null` is the default, as a missing field is.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn fields_have_the_names_that_codex_gives_them() {
        assert_eq!(camel_case("client_id"), "clientId");
        assert_eq!(camel_case("receiver_thread_ids"), "receiverThreadIds");
        assert_eq!(camel_case("text"), "text");
    }

    #[test]
    fn a_field_that_is_missing_or_null_is_the_default_and_one_of_another_shape_is_none() {
        let object: &RawValue = serde_json::from_str(r#"{"exitCode":3,"cwd":null,"command":[]}"#).unwrap();
        let mut fields = Fields::of(object).unwrap();
        assert_eq!(fields.take::<i64>("exit_code"), Some(3));
        assert_eq!(fields.take::<String>("cwd"), Some(String::new()));
        assert_eq!(fields.take::<String>("tool"), Some(String::new()));
        assert_eq!(fields.take::<String>("command"), None);
    }
}
