//! OpenAPI schemas of types that do not derive `ToSchema`.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
        schema::{AdditionalProperties, AnyOfBuilder, SchemaType},
    },
};

use crate::{
    EventId, Json, Output,
    codex::UnknownItem,
    request::Decision,
    timestamp::Timestamp,
    transcript::{Entries, Entry},
    turn::Wait,
};

/// The schema of a string enum. The description lists the values with their documentation.
pub(crate) fn string_enum(about: &str, values: &[(&str, &str)]) -> RefOr<Schema> {
    let mut description = about.trim().to_owned() + "\n";
    for (value, meaning) in values {
        description.push_str("\n- `");
        description.push_str(value);
        description.push_str("`: ");
        description.push_str(meaning.trim());
    }
    text(&description).enum_values(Some(values.iter().map(|(value, _)| *value))).into()
}

/// Adds the property `type` with a fixed value to an object's schema.
pub(crate) fn tagged(fields: RefOr<Schema>, about: &str, kind: &str) -> RefOr<Schema> {
    let mut schema = fields;
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        let tag = text("").description(None::<&str>).enum_values(Some([kind]));
        object.properties.insert("type".to_owned(), tag.into());
        object.required.push("type".to_owned());
        object.description = Some(about.trim().to_owned());
    }
    schema
}

/// The schema of a value that matches one or more of the named schemas.
pub(crate) fn any_of(about: &str, names: &[&str]) -> RefOr<Schema> {
    let all = AnyOfBuilder::new().description(Some(about));
    names.iter().fold(all, |all, name| all.item(Ref::from_schema_name(*name))).into()
}

/// Adds the schema of a type and all schemas that it refers to.
pub(crate) fn add<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

fn text(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

macro_rules! schema {
    ($type:ident = $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $type {}
    };
}

schema!(
    Json = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("Any JSON. JSON of codex is passed on unchanged."))
);
schema!(
    EventId = text("The position of an event in a session's log: `<epoch>:<seq>`. Sequence numbers of different epochs cannot be compared.")
        .pattern(Some("^[0-9A-Za-z]{1,32}:[0-9]+$"))
);
schema!(
    Timestamp = text("A point in time: RFC 3339 in UTC, with milliseconds.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);
schema!(
    UnknownItem = ObjectBuilder::new()
        .description(Some(
            "An item of a type that this version of the gateway does not know, as codex sent it."
        ))
        .property("type", text("The item's type."))
        .property("id", text("The item's id."))
        .required("id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
);
schema!(
    Decision = OneOfBuilder::new()
        .description(Some(
            "A decision in codex's own JSON: a string, or an object with the kind of the decision as its only key."
        ))
        .item(text("`accept`, `acceptForSession`, `decline`, `cancel`, …"))
        .item(
            ObjectBuilder::new()
                .description(Some(
                    "`{acceptWithExecpolicyAmendment: …}`, `{applyNetworkPolicyAmendment: …}`, …"
                ))
                .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        )
);
schema!(
    Wait = OneOfBuilder::new()
        .description(Some(
            "Whether the reply waits for the end of the turn: `true`, `false`, or a maximum number of seconds."
        ))
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(Wait::MAX_SECONDS))
        )
);
schema!(
    Output = OneOfBuilder::new()
        .description(Some(
            "The output of a command: all of it, or its head and its tail if it is longer than both."
        ))
        .item(text("The whole output."))
        .item(
            ObjectBuilder::new()
                .property("head", text("The head."))
                .required("head")
                .property(
                    "omitted",
                    ObjectBuilder::new()
                        .schema_type(Type::Integer)
                        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                        .description(Some("The number of omitted bytes between head and tail."))
                )
                .required("omitted")
                .property("tail", text("The tail."))
                .required("tail")
        )
);
impl PartialSchema for Entries {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Ref::from_schema_name(Entry::name())).into()
    }
}

impl ToSchema for Entries {
    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        add::<Entry>(all);
    }
}
