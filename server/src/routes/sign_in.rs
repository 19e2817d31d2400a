//! `POST /sign-in` exchanges a token for a cookie, and `POST /sign-out` ends the browser session.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use codex_gateway_app::{BasePath, SignInPage, TokenProblem, sign_in_page};
use leptos::nonce::Nonce;
use serde::Deserialize;

use crate::{
    body::{has_content_type, read_form},
    cookie,
    error::ApiError,
    guard::SEC_FETCH_SITE,
    headers::set_form_policy,
    limits::Address,
    state::AppState,
    tokens::{BadToken, extract_token},
};

/// When to resend a form that was displaced, in seconds.
const FORM_RETRY_SECONDS: u64 = 5;

/// Fields of the sign-in form.
#[derive(Deserialize)]
struct SubmittedForm {
    #[serde(default)]
    token: String,
    /// Path to redirect to.
    #[serde(default)]
    to: String,
}

/// `POST /sign-in`: with a valid token, sets the cookie and redirects to the requested page. Otherwise the form
/// is shown again.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let address = Address::of(&request);
    let (parts, body) = request.into_parts();
    if !has_content_type(&parts.headers, "application/x-www-form-urlencoded") {
        return Err(ApiError::BadBody("the body must be a form with a token".to_owned()));
    }
    let permit = state.limits.form_permit(address);
    let bytes = tokio::select! {
        bytes = read_form(body) => bytes?,
        () = permit.displaced() => {
            return Err(ApiError::RateLimited { what: "sign-in forms at the same time", retry_after: FORM_RETRY_SECONDS });
        }
    };
    drop(permit);
    let sent: SubmittedForm = serde_urlencoded::from_bytes(&bytes)
        .map_err(|error| ApiError::BadBody(format!("the form is not what is expected: {error}")))?;
    let to = local_path(&sent.to);
    let identity = match state.auth.verify(extract_token(&sent.token)) {
        Ok(identity) => identity,
        Err(error) => {
            let problem = match error {
                BadToken::NotValidYet => {
                    tracing::info!(%address, "sign-in refused: the token is not valid yet");
                    TokenProblem::NotValidYet
                }
                BadToken::Invalid => {
                    tracing::info!(%address, "sign-in refused: the token is not valid");
                    state.limits.count_bad_token(address)?;
                    TokenProblem::Invalid
                }
            };
            return Ok(form_response(&state.base_path, &parts.headers, Form { to, problem: Some(problem) }));
        }
    };
    let mut response = Redirect::to(&state.base_path.address(to)).into_response();
    if let Some(browser_sessions) = state.auth.browser_sessions() {
        let (until, owner) = (identity.until, identity.owner.clone());
        let id = browser_sessions.create(identity).await.map_err(|error| {
            tracing::error!(%error, "cannot create a sign-in");
            ApiError::Internal
        })?;
        tracing::info!(owner = owner.as_str(), %address, "signed in");
        add_cookie(&mut response, &cookie::set(&state.base_path, &parts.headers, &id, until));
    }
    Ok(response)
}

/// `GET /sign-in`: redirects to the first page, which shows the form if a token is needed.
pub async fn redirect_to_page(State(state): State<AppState>) -> Redirect {
    Redirect::to(&state.base_path.address("/"))
}

/// `POST /sign-out`: revokes the browser session and removes its cookie.
pub async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    if let Some(browser_sessions) = state.auth.browser_sessions() {
        for id in cookie::values(&state.base_path, &headers) {
            if let Some((identity, _)) = browser_sessions.find(id) {
                tracing::info!(owner = identity.owner.as_str(), "signed out");
            }
            browser_sessions.revoke(id).await;
        }
    }
    let mut response = Redirect::to(&state.base_path.address("/")).into_response();
    add_cookie(&mut response, &cookie::expire(&state.base_path, &headers));
    response
}

/// Inputs of the sign-in form.
pub struct Form<'a> {
    /// Path to redirect to.
    to: &'a str,
    /// Why the token was refused. `None` if none was sent.
    problem: Option<TokenProblem>,
}

impl<'a> Form<'a> {
    /// Creates a form for a request of this page.
    pub fn for_page(uri: &'a Uri, problem: Option<TokenProblem>) -> Self {
        Self { to: uri.path_and_query().map_or("/", |path| local_path(path.as_str())), problem }
    }
}

/// Replies 401 with the sign-in form. It contains no script.
pub fn form_response(base: &BasePath, headers: &HeaderMap, Form { to, problem }: Form<'_>) -> Response {
    let nonce = Nonce::new();
    // The cookie is `SameSite=Strict`, so it is missing if a link of another site was followed. From the form,
    // the same URL is requested by an own page: reload once, in case the browser is signed in.
    let look_again =
        problem.is_none() && headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site");
    let html = sign_in_page(headers, SignInPage { base, nonce: &nonce, to, problem, look_again });
    let mut response = (StatusCode::UNAUTHORIZED, Html(html)).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    set_form_policy(response.headers_mut(), &nonce);
    response
}

/// Returns a path of this gateway, or `/`. Rejects paths that browsers read as another host (`//host`,
/// `/\host`), and control characters, which browsers skip.
fn local_path(to: &str) -> &str {
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
    use super::local_path;

    #[test]
    fn sign_in_redirects_to_local_paths_only() {
        for own in ["/", "/c/0b5e", "/c/0b5e?x=1&y=%20", "/a//b", "/:x@y"] {
            assert_eq!(local_path(own), own);
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
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
