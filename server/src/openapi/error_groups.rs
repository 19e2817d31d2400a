//! Error responses of operations: groups of error codes.

use std::collections::BTreeMap;

use codex_gateway_wire::api::{ErrorBody, ErrorCode};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type, extensions::ExtensionsBuilder,
        header::HeaderBuilder,
    },
};

/// Declares groups of error codes. The names before a semicolon are included groups.
macro_rules! error_groups {
    ($($(#[$doc:meta])* $name:ident = [$($group:ident),*; $($code:ident),*],)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl $name {
                fn codes() -> Vec<ErrorCode> {
                    #[allow(unused_mut, reason = "some groups have no others in them")]
                    let mut codes = vec![$(ErrorCode::$code),*];
                    $(codes.extend($group::codes());)*
                    codes
                }
            }

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    responses(&Self::codes())
                }
            }
        )*
    };
}

error_groups! {
    /// Operations without authentication.
    Public = [; BadHost, ForeignHost, ForeignOrigin, Internal],
    /// `GET /metrics`.
    ReadMetrics = [Public; Unauthorized, RateLimited, NotFound, BadQuery],
    /// All other operations. (A query may always contain unknown parameters.)
    Authenticated = [Public; Unauthorized, RateLimited, BadQuery],
    /// The stream of summaries, whose path an older gateway used.
    StreamSummaries = [Authenticated; Gone],
    /// Operations that may have a body.
    WithBody = [Authenticated; BadBody, SlowBody, TooLarge, TooManyBodies],
    /// Idempotent operations.
    Idempotency = [; BadKey, KeyReused, KeyUnfinished, Store],
    /// Operations that send a request to codex.
    CodexCall = [;
        CodexUnavailable, CodexConfig, CodexTooOld, CodexLacks, CodexTimeout, CodexRefused, CodexFailed, ThreadDamaged, CodexBadReply, CodexOverloaded, CodexCrashing,
        ShuttingDown],
    /// Operations with a session id in the path.
    InSession = [; NotFound, Store, ShuttingDown, ThreadHeld],
    /// Operations that read a session.
    ReadSession = [Authenticated, InSession;],
    /// Operations that start the session's process if it has none.
    StartProcess = [CodexCall; SessionLimit, Archived, Starting, NotFound, Store],
    /// Settings of a session.
    SessionSettings = [; BadCwd, OutsideWorkspaces, OverCeiling, BadEffort, NoSuchUpload],
    /// `POST /api/sessions`.
    Create = [WithBody, Idempotency, CodexCall, SessionSettings; SessionLimit, NotFound, BadThreadId, ThreadHeld, Archived],
    /// `DELETE /api/sessions/{id}`.
    EndSession = [WithBody; NotFound, Store, ShuttingDown],
    /// Operations that start a turn.
    StartTurn = [WithBody, InSession, StartProcess; TurnActive],
    /// Operations that send a message.
    SendMessage = [StartTurn, Idempotency;
        EmptyPrompt, PromptTooLong, BadEffort, TooManyParts, TooManyImages, NoSuchUpload, NoSuchFile, OutsideSession, OverCeiling,
        NoImages, QueueFull, QueueWaits, EmptyThread, ConversationChanged],
    /// Operations that interrupt a turn.
    InterruptTurn = [WithBody, InSession, CodexCall; NoActiveTurn],
    /// Operations that change a queued message.
    EditQueue = [WithBody, InSession; QueueItemSending, QueueFull, EmptyPrompt, PromptTooLong],
    /// Operations that send a queued message now.
    SendQueued = [StartTurn, Idempotency; QueueItemSending, NoSuchUpload, NoSuchFile, NoImages],
    /// Operations that switch the session to another thread.
    ThreadChange = [StartTurn, SessionSettings; BadThreadId, QueueWaits],
    /// Operations on the thread of a session.
    ThreadAction = [ThreadChange; EmptyThread],
    /// Idempotent operations on the thread of a session.
    NewInThread = [ThreadAction, Idempotency;],
    /// Operations that list threads.
    ListThreads = [Authenticated, CodexCall; TooManyReads],
    /// Operations that search files.
    FindFiles = [ReadSession; BadCwd, OutsideWorkspaces],
    /// Operations that list an owner's trust decisions.
    ListProjects = [Authenticated; Store],
    /// Operations that read the codex settings of a folder.
    ReadProject = [Authenticated; BadCwd, OutsideWorkspaces, Store],
    /// Operations that set the trust of a folder.
    TrustFolder = [WithBody; BadCwd, OutsideWorkspaces, OverCeiling, Store],
    /// Operations that read a thread.
    ReadThread = [Authenticated, CodexCall; NotFound, BadThreadId, TooManyReads, Indexing, Archived, Store],
    /// Operations that change a thread.
    WriteThread = [WithBody, CodexCall; NotFound, BadThreadId, ThreadHeld, TurnActive, TooManyReads, EmptyThread, Archived, QueueWaits, Store, Starting],
    /// Operations that answer a request of codex.
    Answer = [WithBody, Idempotency, InSession, CodexCall; RequestEnded, BadAnswer, TooManyRules],
    /// Operations that list rules.
    ListRules = [Authenticated; Store],
    /// Operations that revoke a rule.
    DeleteRule = [WithBody; NotFound, Store],
    /// Operations that upload an image.
    UploadImage = [WithBody, Idempotency; NoImage, BrokenImage, TooManyPixels, NoRoom, Store],
    /// Operations that read an uploaded image.
    ReadImage = [Authenticated; NotFound, Store],
    /// Operations that read a picture of a conversation.
    ReadPicture = [ReadSession, CodexCall; TooManyReads, BadCwd, OutsideWorkspaces],
    /// Operations that read a whole conversation.
    ReadHistory = [ReadSession, CodexCall; TooManyReads, Indexing, Archived],
}

/// Returns the responses for these codes, one per status.
fn responses(codes: &[ErrorCode]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for &code in codes {
        let same = by_status.entry(code.status()).or_default();
        if !same.contains(&code) {
            same.push(code);
        }
    }
    let reply = |(status, codes): (u16, Vec<ErrorCode>)| (status.to_string(), response(&codes).into());
    by_status.into_iter().map(reply).collect()
}

fn response(codes: &[ErrorCode]) -> Response {
    let descriptions: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
    // All errors have one schema. Their codes are listed in an extension, because a schema for each set would
    // make hundreds.
    let code_names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let schema = Ref::from_schema_name(ErrorBody::name());
    let mut response = ResponseBuilder::new()
        .description(descriptions.join("\n\n"))
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
        .extensions(Some(ExtensionsBuilder::new().add("x-error-codes", code_names).build()));
    if codes.contains(&ErrorCode::Unauthorized) {
        response = response.header("WWW-Authenticate", header(Type::String, "`Bearer`"));
    }
    let retryable = [
        ErrorCode::RateLimited,
        ErrorCode::SessionLimit,
        ErrorCode::TooManyReads,
        ErrorCode::TooManyBodies,
        ErrorCode::Indexing,
    ];
    if retryable.iter().any(|code| codes.contains(code)) {
        response = response.header("Retry-After", header(Type::Integer, "When to retry, in seconds."));
    }
    response.build()
}

fn header(kind: Type, about: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(Object::with_type(kind))).description(Some(about)).build()
}

/// Adds the schemas of errors.
pub fn schemas(all: &mut Vec<(String, RefOr<utoipa::openapi::Schema>)>) {
    all.push((ErrorBody::name().into_owned(), ErrorBody::schema()));
    ErrorBody::schemas(all);
}
