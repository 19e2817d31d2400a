//! Reads server-sent events from a response, chunk by chunk.
//!
//! The browser's `EventSource` delivers everything that has arrived at once: thousands of events while an agent writes
//! fast. The page can then neither draw nor react to a key. This reader yields to the browser after half a frame.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReadableStreamDefaultReader, Response,
    js_sys::{Function, Promise, Reflect, Uint8Array},
};

use super::sse_parser::{Message, Parser};
use crate::{
    browser,
    server_fns::{ApiError, http},
};

/// For how long events are processed before the reader yields to the browser.
const SLICE_MS: i64 = 8;
/// For how long the reader yields at most.
const MAX_YIELD_MS: i32 = 100;

/// Keeps a request open. Dropping it aborts the request.
pub(crate) struct StreamHandle(AbortController);

impl StreamHandle {
    /// `None` if the browser has no `AbortController`.
    pub(crate) fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }

    /// The signal that aborts the request.
    pub(crate) fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for StreamHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Something that arrives in a response.
pub(crate) enum Arrival {
    /// Some bytes, which show that the connection is alive.
    Bytes,
    /// A complete event.
    Event(Message),
}

/// The media type of the response.
#[derive(Clone, Copy)]
pub(crate) enum Accept {
    EventStream,
    /// For a response that ends soon. A proxy does not mistake it for a stream.
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

/// Reads the events at a path of the gateway until the response ends or `signal` aborts it.
///
/// # Errors
/// If the response has no events. A response that breaks off counts as ended.
pub(crate) async fn read_events(
    path: &str,
    signal: &AbortSignal,
    accept: Accept,
    on_arrival: impl Fn(Arrival),
) -> Result<(), ApiError> {
    let response = http::get(path, accept.as_str(), signal).await?;
    // It makes no difference why a response breaks off.
    let _ = read_body(&response, signal, on_arrival).await;
    Ok(())
}

async fn read_body(
    response: &Response,
    signal: &AbortSignal,
    on_arrival: impl Fn(Arrival),
) -> Result<(), JsValue> {
    let Some(body) = response.body() else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
    let mut parser = Parser::default();
    let mut slice_start = browser::now_ms();
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        let Ok(bytes) = Reflect::get(&chunk, &"value".into())?.dyn_into::<Uint8Array>() else {
            return Ok(());
        };
        parser.feed(&bytes.to_vec());
        if signal.aborted() {
            return Ok(());
        }
        on_arrival(Arrival::Bytes);
        while let Some(message) = parser.next() {
            // The event before may have closed the stream.
            if signal.aborted() {
                return Ok(());
            }
            on_arrival(Arrival::Event(message));
            // In a hidden page nobody waits, and its timers are slow.
            if browser::now_ms() - slice_start >= SLICE_MS && !browser::is_hidden() {
                yield_to_browser().await?;
                slice_start = browser::now_ms();
            }
        }
    }
}

/// Lets the browser draw and handle input. The timeout is for a page that is hidden meanwhile and gets no frames.
async fn yield_to_browser() -> Result<(), JsValue> {
    let mut later = |resolve: Function, _| {
        let window = window();
        let _ = window.request_animation_frame(&resolve);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, MAX_YIELD_MS);
    };
    JsFuture::from(Promise::new(&mut later)).await.map(drop)
}
