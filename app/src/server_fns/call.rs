//! How a call gets from the page to the server.
//!
//! On the server each is a server function of leptos. What leptos would put into the browser for each is a kilobyte;
//! here all of them share one that sends JSON to the same address and reads what comes back.

/// Declares calls: the name of the arguments' struct, the last part of the address, and the function, whose body runs
/// on the server.
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $arguments:ident $endpoint:literal $name:ident($($argument:ident: $type:ty),*) -> $answer:ty $body:block
    )*) => {$(
        $(#[$doc])*
        #[cfg(feature = "ssr")]
        #[leptos::server(
            name = $arguments,
            prefix = "/_fn",
            endpoint = $endpoint,
            input = leptos::server_fn::codec::Json,
            output = leptos::server_fn::codec::Json
        )]
        pub async fn $name($($argument: $type),*) -> Result<$answer, ApiError> $body

        $(#[$doc])*
        #[cfg(not(feature = "ssr"))]
        pub async fn $name($($argument: $type),*) -> Result<$answer, ApiError> {
            use crate::server_fns::call;
            call::call(concat!("/_fn/", $endpoint), &[$((stringify!($argument), call::json(&$argument))),*]).await
        }
    )*};
}
pub(super) use calls;

#[cfg(not(feature = "ssr"))]
pub(super) use self::browser::{call, json};

#[cfg(not(feature = "ssr"))]
mod browser {
    use serde::{Serialize, de::DeserializeOwned};

    use crate::{
        browser::{now_ms, post},
        server_fns::ApiError,
    };

    /// How long replies are waited for, in milliseconds. On a line that swallows what is sent none ever comes.
    const PATIENCE: [u32; 1] = [90_000];

    /// The same for messages. The server takes each of them once, however often it is sent: what got no reply is sent again
    /// over another connection.
    const PATIENCE_OF_MESSAGES: [u32; 3] = [8_000, 15_000, 30_000];

    /// The calls that bring a message.
    const MESSAGES: [&str; 4] = ["send", "start", "resume", "fork-and-send"];

    /// An argument as JSON. (Ours can all be written.)
    pub(in crate::server_fns) fn json(argument: &impl Serialize) -> String {
        serde_json::to_string(argument).unwrap_or_else(|_| "null".to_owned())
    }

    /// Asks the server; `arguments` are their names and their JSON.
    pub(in crate::server_fns) async fn call<T: DeserializeOwned>(
        path: &str,
        arguments: &[(&str, String)],
    ) -> Result<T, ApiError> {
        let answer = ask(path, arguments).await?;
        serde_json::from_str(&answer).map_err(|error| ApiError::internal(error.to_string()))
    }

    async fn ask(path: &str, arguments: &[(&str, String)]) -> Result<String, ApiError> {
        let mut body = "{".to_owned();
        for (at, (name, json)) in arguments.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            body.extend([comma, "\"", name, "\":", json]);
        }
        body.push('}');
        let body = body.into();
        let name = path.rsplit('/').next().unwrap_or_default();
        let patience: &[u32] = if MESSAGES.contains(&name) { &PATIENCE_OF_MESSAGES } else { &PATIENCE };
        let mut answer = Err(ApiError::unreachable());
        for timeout in patience {
            let since = now_ms();
            answer = post(path, &body, Some("application/json"), Some(*timeout)).await;
            // What failed at once would do so again.
            let is_late = now_ms() - since >= i64::from(*timeout);
            if !(is_late && answer.as_ref().is_err_and(ApiError::is_unreachable)) {
                break;
            }
        }
        answer
    }
}
