//! The HTTP client of the server functions.
//!
//! Leptos's own client waits without a limit, and cannot tell a proxy's sign-in page from a response of the gateway.
//! This one sends requests as the rest of the page does.

use std::future::{Future, ready};

use futures::{Sink, Stream, stream};
use http::Method;
use leptos::server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    request::ClientReq,
    response::ClientRes,
};
use send_wrapper::SendWrapper;

use super::ApiError;
use crate::browser::now_ms;

/// The client of server functions: one attempt with a long timeout.
pub type GatewayClient = FetchClient<false>;

/// The client of server functions that deliver a message: retries over a new connection.
///
/// A mobile connection that hangs often works again once it is replaced. The gateway accepts each message once, however
/// often it is sent.
pub type RetryingClient = FetchClient<true>;

/// Sends requests with the browser's `fetch`.
pub struct FetchClient<const RETRIES: bool>;

/// The time limit of a request that is sent once.
const REQUEST_TIMEOUT_MS: [u32; 1] = [90_000];

/// The time limits of the attempts of a request that is retried.
const ATTEMPT_TIMEOUTS_MS: [u32; 3] = [8_000, 15_000, 30_000];

impl<const RETRIES: bool> Client<ApiError> for FetchClient<RETRIES> {
    type Request = FetchRequest;
    type Response = FetchResponse;

    fn send(request: FetchRequest) -> impl Future<Output = Result<FetchResponse, ApiError>> + Send {
        let timeouts_ms: &[u32] = if RETRIES { &ATTEMPT_TIMEOUTS_MS } else { &REQUEST_TIMEOUT_MS };
        // Values of JavaScript are not `Send`. The page has only one thread.
        SendWrapper::new(request.send(timeouts_ms))
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
            ApiError,
        >,
    > + Send {
        <BrowserClient as Client<ApiError>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        leptos::task::spawn(future);
    }
}

/// A POST request.
pub struct FetchRequest {
    path: String,
    content_type: String,
    body: String,
}

impl FetchRequest {
    /// Sends the request, again after each timeout.
    async fn send(self, timeouts_ms: &[u32]) -> Result<FetchResponse, ApiError> {
        let body = self.body.into();
        let mut response = Err(ApiError::unreachable());
        for &timeout_ms in timeouts_ms {
            let sent_ms = now_ms();
            response = super::http::post(&self.path, &body, Some(&self.content_type), Some(timeout_ms)).await;
            // An attempt that fails before its timeout would fail again.
            let timed_out = now_ms() - sent_ms >= i64::from(timeout_ms);
            if !(timed_out && response.as_ref().is_err_and(ApiError::is_unreachable)) {
                break;
            }
        }
        response.map(FetchResponse)
    }
}

/// Server functions of the gateway have JSON bodies; all other kinds of requests are errors.
impl ClientReq<ApiError> for FetchRequest {
    type FormData = ();

    fn try_new_req_query(
        _path: &str,
        _content_type: &str,
        _accepts: &str,
        _query: &str,
        _method: Method,
    ) -> Result<Self, ApiError> {
        Err(unsupported("a query"))
    }

    fn try_new_req_text(
        path: &str,
        content_type: &str,
        _accepts: &str,
        body: String,
        method: Method,
    ) -> Result<Self, ApiError> {
        if method != Method::POST {
            return Err(unsupported(method.as_str()));
        }
        Ok(Self { path: path.to_owned(), content_type: content_type.to_owned(), body })
    }

    fn try_new_req_bytes(
        path: &str,
        content_type: &str,
        accepts: &str,
        body: Bytes,
        method: Method,
    ) -> Result<Self, ApiError> {
        let body = String::from_utf8(body.into()).map_err(|_| unsupported("a binary body"))?;
        Self::try_new_req_text(path, content_type, accepts, body, method)
    }

    fn try_new_req_form_data(
        _path: &str,
        _accepts: &str,
        _content_type: &str,
        (): (),
        _method: Method,
    ) -> Result<Self, ApiError> {
        Err(unsupported("form data"))
    }

    fn try_new_req_multipart(_path: &str, _accepts: &str, (): (), _method: Method) -> Result<Self, ApiError> {
        Err(unsupported("a multipart body"))
    }

    fn try_new_req_streaming(
        _path: &str,
        _accepts: &str,
        _content_type: &str,
        _body: impl Stream<Item = Bytes> + Send + 'static,
        _method: Method,
    ) -> Result<Self, ApiError> {
        Err(unsupported("a streamed body"))
    }
}

fn unsupported(what: &str) -> ApiError {
    ApiError::internal(format!("server functions cannot send {what}"))
}

/// The body of a successful response. Other responses are errors of [`Client::send`].
pub struct FetchResponse(String);

impl ClientRes<ApiError> for FetchResponse {
    fn try_into_string(self) -> impl Future<Output = Result<String, ApiError>> + Send {
        ready(Ok(self.0))
    }

    fn try_into_bytes(self) -> impl Future<Output = Result<Bytes, ApiError>> + Send {
        ready(Ok(self.0.into()))
    }

    fn try_into_stream(
        self,
    ) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, ApiError> {
        Ok(stream::once(ready(Ok(self.0.into()))))
    }

    fn status(&self) -> u16 {
        200
    }

    fn status_text(&self) -> String {
        String::new()
    }

    fn location(&self) -> String {
        String::new()
    }

    fn has_redirect(&self) -> bool {
        false
    }
}
