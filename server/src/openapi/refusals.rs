//! Which errors a request can be answered with: groups of codes, named by what a handler does.

use std::collections::BTreeMap;

use codex_gateway_wire::api::{ErrorBody, ErrorCode};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type, extensions::ExtensionsBuilder,
        header::HeaderBuilder,
    },
};

/// Declares groups of codes. Those before a semicolon are groups themselves.
macro_rules! refusals {
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

refusals! {
    /// Of a request that needs no token.
    Open = [; BadHost, ForeignHost, ForeignOrigin, Internal],
    /// Of `GET /metrics`.
    Watch = [Open; Unauthorized, RateLimited, NotFound, BadQuery],
    /// Of every other request. (A query can have what no operation knows.)
    Call = [Open; Unauthorized, RateLimited, BadQuery],
    /// Of the stream of summaries, whose path an older gateway had.
    Summaries = [Call; Gone],
    /// Of one that may have a body.
    Write = [Call; BadBody, SlowBody, TooLarge, TooManyBodies],
    /// Of one that may be sent with a key.
    Once = [; BadKey, KeyReused, KeyUnfinished, Store],
    /// Of what is said to codex.
    Codex = [;
        CodexUnavailable, CodexConfig, CodexTooOld, CodexLacks, CodexTimeout, CodexRefused, CodexFailed, ThreadDamaged, CodexBadReply, CodexOverloaded, CodexCrashing,
        ShuttingDown],
    /// Of a path with a session's id in it.
    Session = [; NotFound, Store, ShuttingDown, ThreadHeld],
    /// Of what reads a session.
    ReadSession = [Call, Session;],
    /// Of what has to start a session's process first, if there is none.
    Wake = [Codex; SessionLimit, Archived, Starting, NotFound, Store],
    /// Of what a session is made with.
    Settings = [; BadCwd, OutsideWorkspaces, OverCeiling, BadEffort, NoSuchUpload],
    /// Of `POST /api/sessions`.
    Create = [Write, Once, Codex, Settings; SessionLimit, NotFound, BadThreadId, ThreadHeld, Archived],
    /// Of what ends a session.
    EndSession = [Write; NotFound, Store, ShuttingDown],
    /// Of what begins a turn.
    Turn = [Write, Session, Wake; TurnActive],
    /// Of a message.
    Message = [Turn, Once;
        EmptyPrompt, PromptTooLong, BadEffort, TooManyParts, TooManyImages, NoSuchUpload, NoSuchFile, OutsideSession, OverCeiling,
        NoImages, QueueFull, QueueWaits, EmptyThread, ConversationChanged],
    /// Of what stops a turn.
    Interrupt = [Write, Session, Codex; NoActiveTurn],
    /// Of a change of what waits for its turn.
    Queue = [Write, Session; QueueItemSending, QueueFull, EmptyPrompt, PromptTooLong],
    /// Of a message that waits and is sent now.
    SendQueued = [Turn, Once; QueueItemSending, NoSuchUpload, NoSuchFile, NoImages],
    /// Of another thread for a session.
    ThreadChange = [Turn, Settings; BadThreadId, QueueWaits],
    /// Of what is done with what was said in a thread.
    ThreadAction = [ThreadChange; EmptyThread],
    /// Of what is made in a thread, and may be sent with a key.
    NewInThread = [ThreadAction, Once;],
    /// Of a list of threads.
    ListThreads = [Call, Codex; TooManyReads],
    /// Of what looks for files.
    FindFiles = [ReadSession; BadCwd, OutsideWorkspaces],
    /// Of a list of what an owner has decided about folders.
    ListProjects = [Call; Store],
    /// Of what reads the settings that a folder brings along.
    ReadProject = [Call; BadCwd, OutsideWorkspaces, Store],
    /// Of a decision about a folder.
    TrustFolder = [Write; BadCwd, OutsideWorkspaces, OverCeiling, Store],
    /// Of what reads a thread.
    ReadThread = [Call, Codex; NotFound, BadThreadId, TooManyReads, Indexing, Archived, Store],
    /// Of what becomes of a thread.
    WriteThread = [Write, Codex; NotFound, BadThreadId, ThreadHeld, TurnActive, TooManyReads, EmptyThread, Archived, QueueWaits, Store, Starting],
    /// Of an answer to what codex asks.
    Answer = [Write, Once, Session, Codex; RequestEnded, BadAnswer, TooManyRules],
    /// Of the caller's rules.
    ListRules = [Call; Store],
    /// Of what revokes a rule.
    DeleteRule = [Write; NotFound, Store],
    /// Of an image that is sent.
    SendImage = [Write, Once; NoImage, BrokenImage, TooManyPixels, NoRoom, Store],
    /// Of an image that is read.
    ReadImage = [Call; NotFound, Store],
    /// Of a picture of a conversation.
    ReadPicture = [ReadSession, Codex; TooManyReads, BadCwd, OutsideWorkspaces],
    /// Of what looks through a whole conversation.
    ReadHistory = [ReadSession, Codex; TooManyReads, Indexing, Archived],
}

/// The replies with these codes, one for each status.
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
    let said: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
    // One type for all errors. Which codes there can be is told beside it: a type for each set of them would make hundreds.
    let codes_told: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let schema = Ref::from_schema_name(ErrorBody::name());
    let mut response = ResponseBuilder::new()
        .description(said.join("\n\n"))
        .content("application/json", ContentBuilder::new().schema(Some(schema)).build())
        .extensions(Some(ExtensionsBuilder::new().add("x-error-codes", codes_told).build()));
    if codes.contains(&ErrorCode::Unauthorized) {
        response = response.header("WWW-Authenticate", header(Type::String, "`Bearer`"));
    }
    let later = [
        ErrorCode::RateLimited,
        ErrorCode::SessionLimit,
        ErrorCode::TooManyReads,
        ErrorCode::TooManyBodies,
        ErrorCode::Indexing,
    ];
    if later.iter().any(|code| codes.contains(code)) {
        response = response.header("Retry-After", header(Type::Integer, "When to try again, in seconds."));
    }
    response.build()
}

fn header(kind: Type, about: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new().schema(Some(Object::with_type(kind))).description(Some(about)).build()
}

/// What every error is written as.
pub fn schemas(all: &mut Vec<(String, RefOr<utoipa::openapi::Schema>)>) {
    all.push((ErrorBody::name().into_owned(), ErrorBody::schema()));
    ErrorBody::schemas(all);
}
