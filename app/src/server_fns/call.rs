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
        pub async fn $name($($argument: $type),*) -> Result<$answer, Failure> $body

        $(#[$doc])*
        #[cfg(not(feature = "ssr"))]
        pub async fn $name($($argument: $type),*) -> Result<$answer, Failure> {
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

    use crate::{browser::post, server_fns::Failure};

    /// An argument as JSON. (Ours can all be written.)
    pub(in crate::server_fns) fn json(argument: &impl Serialize) -> String {
        serde_json::to_string(argument).unwrap_or_else(|_| "null".to_owned())
    }

    /// Asks the server; `arguments` are their names and their JSON.
    pub(in crate::server_fns) async fn call<T: DeserializeOwned>(
        path: &str,
        arguments: &[(&str, String)],
    ) -> Result<T, Failure> {
        let answer = ask(path, arguments).await?;
        serde_json::from_str(&answer).map_err(|error| Failure::internal(error.to_string()))
    }

    async fn ask(path: &str, arguments: &[(&str, String)]) -> Result<String, Failure> {
        let mut body = "{".to_owned();
        for (at, (name, json)) in arguments.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            body.extend([comma, "\"", name, "\":", json]);
        }
        body.push('}');
        let (ok, answer) = post(path, &body.into(), Some("application/json")).await?;
        if ok { Ok(answer) } else { Err(Failure::of(&answer)) }
    }
}
