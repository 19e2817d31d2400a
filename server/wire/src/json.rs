//! JSON that is carried, not understood.

use serde::{Deserialize, Serialize};
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

/// Reads a field tolerantly: `null` is the default, as a missing field is.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
