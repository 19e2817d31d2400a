//! JSON objects whose fields keep their order.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The fields of an object, as they are written.
pub(super) struct Ordered(Vec<(String, Box<RawValue>)>);

impl Ordered {
    /// Reads an object. `None` if it is something else.
    pub(super) fn of(json: &RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    /// Takes out the value of a field.
    pub(super) fn take(self, name: &str) -> Option<Box<RawValue>> {
        self.0.into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    pub(super) fn into_fields(self) -> impl Iterator<Item = (String, Box<RawValue>)> {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Ordered;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Ordered(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The names of a form's fields, in the order in which the server wrote them as far as it is known: codex sorts the fields by their
/// names, and leaves the list of those that are required as it is.
pub(super) fn form_order(params: &RawValue) -> Option<Vec<String>> {
    let schema = Ordered::of(params)?.take("requestedSchema")?;
    let properties = Ordered::of(&schema)?.take("properties")?;
    let mut names: Vec<String> = Ordered::of(&properties)?.into_fields().map(|(name, _)| name).collect();
    let required: Vec<String> = Ordered::of(&schema)?
        .take("required")
        .and_then(|names| serde_json::from_str(names.get()).ok())
        .unwrap_or_default();
    if names.is_sorted() {
        let place = |name: &String| required.iter().position(|one| one == name).unwrap_or(required.len());
        names.sort_by_key(place);
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(params: &str) -> Vec<String> {
        form_order(serde_json::from_str(params).unwrap()).unwrap_or_default()
    }

    #[test]
    fn fields_of_a_form_keep_the_order_of_their_schema() {
        let form = r#"{"requestedSchema":{"properties":{"zip":{},"city":{},"age":{}},"required":["city"]}}"#;
        assert_eq!(order(form), ["zip", "city", "age"]);
    }

    #[test]
    fn fields_that_codex_has_sorted_follow_the_list_of_required_ones() {
        let form = r#"{"requestedSchema":{"properties":{"age":{},"city":{},"note":{},"zip":{}},"required":["zip","city"]}}"#;
        assert_eq!(order(form), ["zip", "city", "age", "note"]);
    }

    #[test]
    fn what_is_no_form_has_no_order() {
        for params in ["7", "{}", r#"{"requestedSchema":[]}"#, r#"{"requestedSchema":{"properties":7}}"#] {
            assert!(order(params).is_empty(), "{params}");
        }
    }
}
