//! Schemas of what serde is not told by deriving, for the OpenAPI document.

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

/// One of a few words: what each of them means stands in the description, as a list.
pub(crate) fn words(about: &str, words: &[(&str, &str)]) -> RefOr<Schema> {
    let mut description = about.trim().to_owned() + "\n";
    for (word, meaning) in words {
        description.push_str("\n- `");
        description.push_str(word);
        description.push_str("`: ");
        description.push_str(meaning.trim());
    }
    text(&description).enum_values(Some(words.iter().map(|(word, _)| *word))).into()
}

/// Says of an object which kind it is: its `type` is this word.
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

/// Whatever fits one of these schemas, or several.
pub(crate) fn any_of(about: &str, names: &[&str]) -> RefOr<Schema> {
    let all = AnyOfBuilder::new().description(Some(about));
    names.iter().fold(all, |all, name| all.item(Ref::from_schema_name(*name))).into()
}

/// Adds a schema, and all that it refers to.
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
        .description(Some("Any JSON; where it is codex's, it passes through as it came."))
);
schema!(
    EventId = text("The place of an event in a session's log: `<epoch>:<seq>`. Numbers of different epochs say nothing of each other.")
        .pattern(Some("^[0-9A-Za-z]{1,32}:[0-9]+$"))
);
schema!(
    Timestamp = text("A moment: RFC 3339 in UTC, to the millisecond.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);
schema!(
    UnknownItem = ObjectBuilder::new()
        .description(Some(
            "An item of a kind that this version of the gateway does not know, as codex wrote it."
        ))
        .property("type", text("What kind it is, in codex's words."))
        .property("id", text("Its id."))
        .required("id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
);
schema!(
    Decision = OneOfBuilder::new()
        .description(Some("A decision in codex's own JSON: a word, or an object whose one key is the word."))
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
        .description(Some("Whether the reply waits for the end of the turn: `true`, `false`, or for how many seconds at most."))
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(Wait::LONGEST))
        )
);
schema!(
    Output = OneOfBuilder::new()
        .description(Some(
            "What a command printed: all of it, or its head and its tail once it is longer than both."
        ))
        .item(text("All of it."))
        .item(
            ObjectBuilder::new()
                .property("head", text("The beginning."))
                .required("head")
                .property(
                    "omitted",
                    ObjectBuilder::new()
                        .schema_type(Type::Integer)
                        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                        .description(Some("How many bytes between head and tail were left out."))
                )
                .required("omitted")
                .property("tail", text("The end."))
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
