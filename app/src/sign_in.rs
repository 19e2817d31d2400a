//! The sign-in form, which asks for an access token: a document of its own, without scripts.

use http::HeaderMap;
use leptos::prelude::*;

use crate::{
    base_path::BasePath,
    icon::{Icon, icon},
    pages::window_title,
    prefs::Prefs,
};

/// The form's stylesheet, which is written into the document: the form loads nothing.
const STYLE: &str = concat!(include_str!("../../style/tokens.css"), include_str!("../../style/sign-in.css"));

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// The token is not valid, or has expired.
    Invalid,
    /// The token becomes valid later.
    NotValidYet,
}

/// The parameters of the sign-in form.
#[derive(Clone, Copy, Debug)]
pub struct SignInPage<'a> {
    /// The path that the gateway is served below.
    pub base: &'a BasePath,
    /// The nonce of the content security policy, which allows the document's own style.
    pub nonce: &'a str,
    /// The path to show after signing in.
    pub to: &'a str,
    /// Why the last token was refused; `None` if none was sent.
    pub problem: Option<TokenProblem>,
    /// `true` if the browser shall load this address again at once.
    pub look_again: bool,
}

/// Returns the HTML of the sign-in form, in the language and theme of the request.
pub fn sign_in_page(headers: &HeaderMap, page: SignInPage<'_>) -> String {
    let Prefs { theme, lang, .. } = Prefs::of_request(headers);
    let t = lang.texts();
    let SignInPage { base, nonce, to, problem, look_again } = page;
    let (nonce, to) = (nonce.to_owned(), to.to_owned());
    let (icon_address, action) = (base.address("/assets/favicon.svg"), base.address("/sign-in"));
    let (icon_address, action) = (icon_address.into_owned(), action.into_owned());
    let described = if problem.is_some() { "refused hint" } else { "hint" };
    let problem = problem.map(|problem| match problem {
        TokenProblem::Invalid => t.token_refused(),
        TokenProblem::NotValidYet => t.token_not_valid_yet(),
    });
    let document = view! {
        <html lang=lang.code() data-theme=theme.word()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                {look_again.then(|| view! { <meta http-equiv="refresh" content="0" /> })}
                <title>{window_title(Some(t.sign_in()))}</title>
                <link rel="icon" href=icon_address type="image/svg+xml" />
                <style nonce=nonce inner_html=STYLE></style>
            </head>
            <body>
                <main>
                    <p class="brand">{icon(Icon::Brand)}<span>"Codex Gateway"</span></p>
                    <h1>{t.sign_in()}</h1>
                    <p>{t.sign_in_hint()}</p>
                    <form method="post" action=action>
                        <input type="hidden" name="to" value=to />
                        <label for="token">{t.access_token()}</label>
                        <input
                            id="token"
                            name="token"
                            type="password"
                            autocomplete="current-password"
                            autocapitalize="off"
                            spellcheck="false"
                            required
                            autofocus
                            aria-describedby=described
                            aria-invalid=problem.map(|_| "true")
                        />
                        {problem.map(|problem| view! { <p id="refused" role="alert">{problem}</p> })}
                        <button type="submit">{t.sign_in()}</button>
                    </form>
                    <p id="hint" class="hint">
                        {t.token_hint()} <code>"codex-gateway token --sub "{t.token_name_example()}</code>
                    </p>
                </main>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", document.to_html())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(problem: Option<TokenProblem>, language: &'static str) -> String {
        let headers = HeaderMap::from_iter([(http::header::ACCEPT_LANGUAGE, language.parse().unwrap())]);
        let to = "/c/\"><script>alert(1)</script>";
        sign_in_page(
            &headers,
            SignInPage { base: &BasePath::default(), nonce: "n0nce", to, problem, look_again: false },
        )
    }

    #[test]
    fn form_has_no_scripts_and_its_own_style() {
        let html = page(None, "en");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("<style nonce=\"n0nce\">") && html.contains("--accent:"), "{html}");
        assert!(html.contains("action=\"/sign-in\"") && !html.contains("http-equiv"), "{html}");
    }

    #[test]
    fn form_is_in_the_language_of_the_request_and_says_why_a_token_was_refused() {
        assert!(page(None, "en").contains("Access token") && page(None, "zh-CN").contains("访问令牌"));
        let says_why = |html: &str| html.contains("Invalid or expired token");
        let [invalid, not_yet] =
            [TokenProblem::Invalid, TokenProblem::NotValidYet].map(|p| page(Some(p), "en"));
        assert!(says_why(&invalid) && !says_why(&page(None, "en")));
        assert!(not_yet.contains("not valid yet") && !says_why(&not_yet));
    }
}
