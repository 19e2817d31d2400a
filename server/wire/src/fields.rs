//! Lenient deserialization of JSON objects, field by field, with little code.
//!
//! A deserializer that serde derives costs the browser about 3 KB for each type, and there are dozens: a fifth of the
//! whole module. Here, the same code splits an object into its fields for all types, and each field is deserialized on
//! its own. A missing or `null` field gets its default, and an unknown field is ignored. Only a field with an
//! unexpected shape is an error.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The fields of a JSON object, with their values as text. A list, because objects have too few fields for a map.
#[derive(Debug)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = object.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The error for a required field that is missing, or a field with an unexpected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field {0:?} is not as it should be")]
pub struct BadField(pub &'static str);

impl Fields {
    /// Splits an object into its fields. `None` if the JSON is not an object.
    pub fn parse(object: &RawValue) -> Option<Self> {
        serde_json::from_str(object.get()).ok()
    }

    /// Iterates over the names and values in their order in the JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Removes a field and returns its value, or the default if the field is missing or `null`.
    ///
    /// `name` is the name in Rust, `like_this`. In JSON, the field is named `likeThis` or `like_this`.
    ///
    /// # Errors
    /// [`BadField`] if the value has an unexpected shape.
    pub fn take<T: Default + DeserializeOwned>(&mut self, name: &'static str) -> Result<T, BadField> {
        match self.remove(name) {
            Some(field) if field.get() != "null" => read(&field, name),
            _ => Ok(T::default()),
        }
    }

    /// As [`Fields::take`], but for a required field.
    ///
    /// # Errors
    /// [`BadField`] if the field is missing or its value has an unexpected shape.
    pub fn require<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, BadField> {
        let field = self.remove(name).ok_or(BadField(name))?;
        read(&field, name)
    }

    /// Returns the value of a required field without removing the field. `name` is the name in JSON.
    ///
    /// # Errors
    /// [`BadField`] if the field is missing or its value has an unexpected shape.
    pub fn peek<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, BadField> {
        let field = self.0.iter().find(|(field, _)| field == name).ok_or(BadField(name))?;
        read(&field.1, name)
    }

    fn remove(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.0.iter().position(|(field, _)| is_camel_case_of(field, name))?;
        Some(self.0.swap_remove(at).1)
    }
}

fn read<T: DeserializeOwned>(field: &RawValue, name: &'static str) -> Result<T, BadField> {
    // Not `serde_json::from_str`, which also checks for trailing characters: this text is exactly one value.
    T::deserialize(&mut serde_json::Deserializer::from_str(field.get())).map_err(|_| BadField(name))
}

/// Returns `true` if `camel` (`likeThis`) is the camel case of `name` (`like_this`), or `name` itself.
fn is_camel_case_of(camel: &str, name: &str) -> bool {
    if camel == name {
        return true;
    }
    let mut camel = camel.bytes();
    let mut upper = false;
    for byte in name.bytes() {
        if byte == b'_' && !upper {
            upper = true;
            continue;
        }
        if camel.next() != Some(if upper { byte.to_ascii_uppercase() } else { byte }) {
            return false;
        }
        upper = false;
    }
    camel.next().is_none()
}

/// Implements `Deserialize` for a struct, by the lenient deserialization of this crate's module `fields`.
///
/// All fields are listed. `as` gives the name in JSON if it is not the camel case of the field's name. Fields after the
/// semicolon are required.
///
/// ```
/// # use codex_gateway_wire::lenient_deserialize;
/// #[derive(Debug, PartialEq)]
/// struct Step { kind: String, took_ms: Option<u64>, text: String }
/// lenient_deserialize!(Step { kind as "type", took_ms; text });
/// let step: Step = serde_json::from_str(r#"{"type":"wait","text":"…","new":1}"#).unwrap();
/// assert_eq!(step, Step { kind: "wait".into(), took_ms: None, text: "…".into() });
/// ```
#[macro_export]
macro_rules! lenient_deserialize {
    ($type:ident { $($field:ident $(as $name:literal)?),* $(; $($needed:ident $(as $needed_name:literal)?),*)? }) => {
        impl $type {
            #[doc(hidden)]
            fn from_fields(fields: &mut $crate::fields::Fields) -> Result<Self, $crate::fields::BadField> {
                Ok(Self {
                    $($field: fields.take($crate::field_name!($field $($name)?))?,)*
                    $($($needed: fields.require($crate::field_name!($needed $($needed_name)?))?,)*)?
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let object = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                let mut fields = $crate::fields::Fields::parse(&object)
                    .ok_or_else(|| D::Error::custom(concat!("not an object: ", stringify!($type))))?;
                Self::from_fields(&mut fields).map_err(D::Error::custom)
            }
        }
    };
}

/// The name of a field for `Fields::take` and `Fields::require`.
#[doc(hidden)]
#[macro_export]
macro_rules! field_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn camel_case_matches_the_whole_name_only() {
        for (camel, name) in
            [("clientId", "client_id"), ("receiverThreadIds", "receiver_thread_ids"), ("text", "text")]
        {
            assert!(is_camel_case_of(camel, name), "{camel}");
        }
        for (camel, name) in
            [("clientID", "client_id"), ("client", "client_id"), ("clientIds", "client_id"), ("", "id")]
        {
            assert!(!is_camel_case_of(camel, name), "{camel}");
        }
    }

    #[test]
    fn missing_or_null_field_is_default_and_unexpected_shape_is_an_error() {
        let object: &RawValue = serde_json::from_str(r#"{"exitCode":3,"cwd":null,"command":[]}"#).unwrap();
        let mut fields = Fields::parse(object).unwrap();
        assert_eq!(fields.take::<i64>("exit_code"), Ok(3));
        assert_eq!(fields.take::<String>("cwd"), Ok(String::new()));
        assert_eq!(fields.take::<String>("tool"), Ok(String::new()));
        assert_eq!(fields.require::<String>("tool"), Err(BadField("tool")));
        assert_eq!(fields.take::<String>("command"), Err(BadField("command")));
    }
}
