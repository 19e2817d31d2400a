//! JSON objects that keep the order of their fields.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The fields of an object, in the order of the text.
pub(super) struct OrderedObject(Vec<(String, Box<RawValue>)>);

impl OrderedObject {
    /// Parses an object. `None` if the JSON is not an object.
    pub(super) fn parse(json: &RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    /// Returns the value of a field.
    pub(super) fn take(self, name: &str) -> Option<Box<RawValue>> {
        self.0.into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    pub(super) fn into_fields(self) -> impl Iterator<Item = (String, Box<RawValue>)> {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for OrderedObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = OrderedObject;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OrderedObject, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(OrderedObject(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The names of a form's fields, as close as possible to the order in which the MCP server wrote them. Codex sorts the
/// fields by name and keeps the order of the list of required fields.
pub(super) fn form_order(params: &RawValue) -> Option<Vec<String>> {
    let schema = OrderedObject::parse(params)?.take("requestedSchema")?;
    let properties = OrderedObject::parse(&schema)?.take("properties")?;
    let mut names: Vec<String> =
        OrderedObject::parse(&properties)?.into_fields().map(|(name, _)| name).collect();
    let required: Vec<String> = OrderedObject::parse(&schema)?
        .take("required")
        .and_then(|names| serde_json::from_str(names.get()).ok())
        .unwrap_or_default();
    if names.is_sorted() {
        let position =
            |name: &String| required.iter().position(|other| other == name).unwrap_or(required.len());
        names.sort_by_key(position);
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
    fn fields_keep_the_order_of_their_schema() {
        let form = r#"{"requestedSchema":{"properties":{"zip":{},"city":{},"age":{}},"required":["city"]}}"#;
        assert_eq!(order(form), ["zip", "city", "age"]);
    }

    #[test]
    fn sorted_fields_follow_the_order_of_required_fields() {
        let form = r#"{"requestedSchema":{"properties":{"age":{},"city":{},"note":{},"zip":{}},"required":["zip","city"]}}"#;
        assert_eq!(order(form), ["zip", "city", "age", "note"]);
    }

    #[test]
    fn parameters_without_a_form_have_no_order() {
        for params in ["7", "{}", r#"{"requestedSchema":[]}"#, r#"{"requestedSchema":{"properties":7}}"#] {
            assert!(order(params).is_empty(), "{params}");
        }
    }
}
