//! Reading JSON objects field by field, tolerantly, with little code.
//!
//! A reader that serde derives costs the browser some 3 KB for each type, and there are dozens: a fifth of the
//! whole module. Here the object is cut into its fields once, by the same code for all types, and each field
//! is read as what it should be. A field that is missing or `null` is the default, one that is not known is
//! left out; only one of another shape is an error.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The fields of a JSON object, each still as text. (A list: there are too few for a map to pay.)
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

/// A field is missing that must be there, or is of another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field {0:?} is not as it should be")]
pub struct BadField(pub &'static str);

impl Fields {
    /// The fields of an object; `None` if it is something else.
    pub fn of(object: &RawValue) -> Option<Self> {
        serde_json::from_str(object.get()).ok()
    }

    /// The names and the values, in the order in which they are written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Takes a field out, by its name in Rust, `like_this`; in JSON it is `likeThis`. The default if it is
    /// missing or `null`.
    ///
    /// # Errors
    /// [`BadField`] if it is of another shape.
    pub fn take<T: Default + DeserializeOwned>(&mut self, name: &'static str) -> Result<T, BadField> {
        match self.remove(name) {
            Some(field) if field.get() != "null" => read(&field, name),
            _ => Ok(T::default()),
        }
    }

    /// Takes a field out that has no default.
    ///
    /// # Errors
    /// [`BadField`] if it is missing or of another shape.
    pub fn need<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, BadField> {
        let field = self.remove(name).ok_or(BadField(name))?;
        read(&field, name)
    }

    /// As [`Fields::need`], but the field stays. Its name is the one in JSON.
    ///
    /// # Errors
    /// [`BadField`] if it is missing or of another shape.
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
    // Not `from_str`, which would look whether anything follows: this text is one value and nothing else.
    T::deserialize(&mut serde_json::Deserializer::from_str(field.get())).map_err(|_| BadField(name))
}

/// Whether `camel` (`likeThis`) is what `name` (`like_this`) is called in JSON; the name itself will do too.
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

/// Lets a struct be read from a JSON object, field by field: all of its fields are listed. One whose name in
/// JSON is another follows it with `as`; those after a semicolon must be there.
///
/// ```
/// # use codex_gateway_wire::read_fields;
/// #[derive(Debug, PartialEq)]
/// struct Step { kind: String, took_ms: Option<u64>, text: String }
/// read_fields!(Step { kind as "type", took_ms; text });
/// let step: Step = serde_json::from_str(r#"{"type":"wait","text":"…","new":1}"#).unwrap();
/// assert_eq!(step, Step { kind: "wait".into(), took_ms: None, text: "…".into() });
/// ```
#[macro_export]
macro_rules! read_fields {
    ($type:ident { $($field:ident $(as $name:literal)?),* $(; $($needed:ident $(as $needed_name:literal)?),*)? }) => {
        impl $type {
            #[doc(hidden)]
            fn from_fields(fields: &mut $crate::fields::Fields) -> Result<Self, $crate::fields::BadField> {
                Ok(Self {
                    $($field: fields.take($crate::field_name!($field $($name)?))?,)*
                    $($($needed: fields.need($crate::field_name!($needed $($needed_name)?))?,)*)?
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let object = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                let mut fields = $crate::fields::Fields::of(&object)
                    .ok_or_else(|| D::Error::custom(concat!("not an object: ", stringify!($type))))?;
                Self::from_fields(&mut fields).map_err(D::Error::custom)
            }
        }
    };
}

/// The name of a field in JSON, if it is given one.
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
    fn fields_have_the_names_that_codex_gives_them() {
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
    fn a_field_that_is_missing_or_null_is_the_default_and_one_of_another_shape_an_error() {
        let object: &RawValue = serde_json::from_str(r#"{"exitCode":3,"cwd":null,"command":[]}"#).unwrap();
        let mut fields = Fields::of(object).unwrap();
        assert_eq!(fields.take::<i64>("exit_code"), Ok(3));
        assert_eq!(fields.take::<String>("cwd"), Ok(String::new()));
        assert_eq!(fields.take::<String>("tool"), Ok(String::new()));
        assert_eq!(fields.need::<String>("tool"), Err(BadField("tool")));
        assert_eq!(fields.take::<String>("command"), Err(BadField("command")));
    }
}
