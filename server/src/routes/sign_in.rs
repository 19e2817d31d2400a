//! `POST /sign-in` and `POST /sign-out`: a token becomes a cookie, and the cookie ends.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use codex_gateway_app::{BasePath, SignInPage, TokenProblem, sign_in_page};
use leptos::nonce::Nonce;
use serde::Deserialize;

use crate::{
    body::{read_form, says},
    cookie,
    error::ApiError,
    guard::SITE,
    headers::allow_form,
    limits::Address,
    state::AppState,
    tokens::{BadToken, pasted},
};

/// When one may send a form again that had to give way to others, in seconds.
const FORM_RETRY: u64 = 5;

/// What the form sends.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    token: String,
    /// The page to go to afterwards.
    #[serde(default)]
    to: String,
}

/// `POST /sign-in`: a good token becomes a cookie, and one goes on to the page that was asked for. With a bad one the
/// form comes again.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let address = Address::of(&request);
    let (parts, body) = request.into_parts();
    if !says(&parts.headers, "application/x-www-form-urlencoded") {
        return Err(ApiError::BadBody("the body must be a form with a token".to_owned()));
    }
    let permit = state.limits.form(address);
    let bytes = tokio::select! {
        bytes = read_form(body) => bytes?,
        () = permit.displaced() => {
            return Err(ApiError::RateLimited { what: "sign-in forms at the same time", after: FORM_RETRY });
        }
    };
    drop(permit);
    let sent: Sent = serde_urlencoded::from_bytes(&bytes)
        .map_err(|error| ApiError::BadBody(format!("the form is not what is expected: {error}")))?;
    let to = own_path(&sent.to);
    let admission = match state.auth.read(pasted(&sent.token)) {
        Ok(admission) => admission,
        Err(error) => {
            let problem = match error {
                BadToken::NotValidYet => {
                    tracing::info!(%address, "sign-in refused: the token is not valid yet");
                    TokenProblem::NotValidYet
                }
                BadToken::Invalid => {
                    tracing::info!(%address, "sign-in refused: the token is not valid");
                    state.limits.bad_token(address)?;
                    TokenProblem::Invalid
                }
            };
            return Ok(form(&state.base_path, &parts.headers, Form { to, problem: Some(problem) }));
        }
    };
    let mut response = Redirect::to(&state.base_path.address(to)).into_response();
    if let Some(sign_ins) = state.auth.sign_ins() {
        let (until, owner) = (admission.until, admission.owner.clone());
        let id = sign_ins.begin(admission).await.map_err(|error| {
            tracing::error!(%error, "nobody can sign in");
            ApiError::Internal
        })?;
        tracing::info!(owner = owner.as_str(), %address, "signed in");
        add_cookie(&mut response, &cookie::set(&state.base_path, &parts.headers, &id, until));
    }
    Ok(response)
}

/// `GET /sign-in`: one goes to a page, which asks for a token if one is needed.
pub async fn begin(State(state): State<AppState>) -> Redirect {
    Redirect::to(&state.base_path.address("/"))
}

/// `POST /sign-out`: the cookie admits nobody any more.
pub async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    if let Some(sign_ins) = state.auth.sign_ins() {
        for id in cookie::values(&state.base_path, &headers) {
            if let Some((admission, _)) = sign_ins.find(id) {
                tracing::info!(owner = admission.owner.as_str(), "signed out");
            }
            sign_ins.end(id).await;
        }
    }
    let mut response = Redirect::to(&state.base_path.address("/")).into_response();
    add_cookie(&mut response, &cookie::expire(&state.base_path, &headers));
    response
}

/// A form to sign in with.
pub struct Form<'a> {
    /// The path to go to afterwards.
    to: &'a str,
    /// Why a token was refused, if there was one.
    problem: Option<TokenProblem>,
}

impl<'a> Form<'a> {
    /// For somebody who wants to see this page.
    pub fn asking(uri: &'a Uri, problem: Option<TokenProblem>) -> Self {
        Self { to: uri.path_and_query().map_or("/", |path| own_path(path.as_str())), problem }
    }
}

/// 401, and the form. It runs no script.
pub fn form(base: &BasePath, headers: &HeaderMap, Form { to, problem }: Form<'_>) -> Response {
    let nonce = Nonce::new();
    // Who follows a link of another site comes without the cookie, which is for our own pages only. Seen from the form,
    // the same address is a page of ours: look once more, before anybody signs in who has done so already.
    let look_again = problem.is_none() && headers.get(SITE).is_some_and(|site| site == "cross-site");
    let html = sign_in_page(headers, SignInPage { base, nonce: &nonce, to, problem, look_again });
    let mut response = (StatusCode::UNAUTHORIZED, Html(html)).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    allow_form(response.headers_mut(), &nonce);
    response
}

/// A path of ours, or else that of the first page. What browsers read as another host (`//host`, `/\host`), or skip
/// (control characters), is none.
fn own_path(to: &str) -> &str {
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_plain && to.starts_with('/') && !to.starts_with("//") { to } else { "/" }
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn one_goes_on_to_pages_of_ours_only() {
        for own in ["/", "/c/0b5e", "/c/0b5e?x=1&y=%20", "/a//b", "/:x@y"] {
            assert_eq!(own_path(own), own);
        }
        for foreign in [
            "",
            "c",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a b",
            "/日",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
