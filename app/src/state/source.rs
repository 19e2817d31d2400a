//! A stream of events from the server, read piece by piece.
//!
//! Not an `EventSource` of the browser's: that one delivers whatever has come by then in one go, thousands of events at
//! a time while an agent writes fast, and the page can neither draw nor answer a key meanwhile. Here the page takes
//! what it can in the time of half a frame, and the rest after others had their turn.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, ReadableStreamDefaultReader, RequestInit, Response,
    js_sys::{Function, Promise, Reflect, Uint8Array},
};

use super::sse::{Message, Parser};
use crate::{browser, server_fns::ApiError};

/// How long events are taken in at a time, in milliseconds.
const SLICE: i64 = 8;
/// When the next ones are taken in at the latest, in milliseconds.
const LATEST: i32 = 100;

/// A stream that is open for as long as this is held.
pub(crate) struct StreamHandle(AbortController);

impl StreamHandle {
    /// One that is to be read.
    pub(crate) fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }

    /// Stops the reading of it.
    pub(crate) fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for StreamHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What comes on a stream.
pub(crate) enum Arrival {
    /// Some bytes: the line is alive.
    Bytes,
    /// An event, whole.
    Event(Message),
}

/// What a reader accepts.
#[derive(Clone, Copy)]
pub(crate) enum Accept {
    EventStream,
    /// The events of a reply that ends, typed so that no proxy takes it for a stream.
    PlainText,
}

impl Accept {
    fn as_str(self) -> &'static str {
        match self {
            Self::EventStream => "text/event-stream",
            Self::PlainText => "text/plain",
        }
    }
}

/// Reads the events at a path of the gateway until the reply ends, or is not held any more.
///
/// # Errors
/// Why there is no reply with events. A reply that breaks off has ended.
pub(crate) async fn read_events(
    path: &str,
    signal: &AbortSignal,
    accept: Accept,
    take: impl Fn(Arrival),
) -> Result<(), ApiError> {
    let request = RequestInit::new();
    request.set_signal(Some(signal));
    if let Ok(headers) = Headers::new() {
        let _ = headers.set("Accept", accept.as_str());
        request.set_headers(&headers);
    }
    let reply = browser::ask(path, &request).await?;
    if !reply.ok() {
        return browser::text(&reply).await.map(drop);
    }
    // Why a reply breaks off makes no difference.
    let _ = pieces(&reply, signal, take).await;
    Ok(())
}

async fn pieces(reply: &Response, signal: &AbortSignal, take: impl Fn(Arrival)) -> Result<(), JsValue> {
    let Some(body) = reply.body() else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
    let mut parser = Parser::default();
    let mut since = browser::now_ms();
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        let Ok(bytes) = Reflect::get(&piece, &"value".into())?.dyn_into::<Uint8Array>() else {
            return Ok(());
        };
        parser.feed(&bytes.to_vec());
        if signal.aborted() {
            return Ok(());
        }
        take(Arrival::Bytes);
        while let Some(message) = parser.next() {
            // What came before may have had the stream given up.
            if signal.aborted() {
                return Ok(());
            }
            take(Arrival::Event(message));
            // In a page that is out of sight nobody waits, and its timers stand still.
            if browser::now_ms() - since >= SLICE && !browser::hidden() {
                yield_to_browser().await?;
                since = browser::now_ms();
            }
        }
    }
}

/// Lets the browser do what else there is to do, and draw. (No frame comes in a page that has just gone out of sight.)
async fn yield_to_browser() -> Result<(), JsValue> {
    let mut later = |resolve: Function, _| {
        let window = window();
        let _ = window.request_animation_frame(&resolve);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, LATEST);
    };
    JsFuture::from(Promise::new(&mut later)).await.map(drop)
}
