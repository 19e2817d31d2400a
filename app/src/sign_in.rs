//! The form that a token is given to: a document of its own, without scripts.

use http::HeaderMap;
use leptos::prelude::*;

use crate::{
    icon::{Icon, icon},
    node::Node,
    pages::window_title,
    prefs::Prefs,
};

/// All that the form looks like: it loads nothing.
const STYLE: &str = concat!(include_str!("../../style/tokens.css"), include_str!("../../style/sign-in.css"));

/// What the form is about.
#[derive(Clone, Copy, Debug)]
pub struct SignInPage<'a> {
    /// Lets the document's own style count.
    pub nonce: &'a str,
    /// The path to go to afterwards.
    pub to: &'a str,
    /// Whether a token was not good.
    pub refused: bool,
    /// Whether the browser shall ask for this address once more.
    pub look_again: bool,
}

/// The document.
pub fn sign_in_page(headers: &HeaderMap, page: SignInPage<'_>) -> String {
    let Prefs { theme, lang, .. } = Prefs::of_request(headers);
    let t = lang.texts();
    let SignInPage { nonce, to, refused, look_again } = page;
    let (nonce, to) = (nonce.to_owned(), to.to_owned());
    let described = if refused { "refused hint" } else { "hint" };
    let document = view! {
        <html lang=lang.code() data-theme=theme.word()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                {look_again.then(|| view! { <meta http-equiv="refresh" content="0" /> })}
                <title>{window_title(Some(t.sign_in()))}</title>
                <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml" />
                <style nonce=nonce inner_html=STYLE></style>
            </head>
            <body>
                <main>
                    <p class="brand">{Node::from(icon(Icon::Brand))}<span>"Codex Gateway"</span></p>
                    <h1>{t.sign_in()}</h1>
                    <p>{t.sign_in_why()}</p>
                    <form method="post" action="/sign-in">
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
                            aria-invalid=refused.then_some("true")
                        />
                        {refused.then(|| view! { <p id="refused" role="alert">{t.token_refused()}</p> })}
                        <button type="submit">{t.sign_in()}</button>
                    </form>
                    <p id="hint" class="hint">
                        {t.token_hint()} <code>"codex-gateway token --sub "{t.your_name()}</code>
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

    fn page(refused: bool, language: &'static str) -> String {
        let headers = HeaderMap::from_iter([(http::header::ACCEPT_LANGUAGE, language.parse().unwrap())]);
        let to = "/c/\"><script>alert(1)</script>";
        sign_in_page(&headers, SignInPage { nonce: "n0nce", to, refused, look_again: false })
    }

    #[test]
    fn it_runs_nothing_and_loads_nothing() {
        let html = page(false, "en");
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("<style nonce=\"n0nce\">") && html.contains("--accent:"), "{html}");
        assert!(html.contains("action=\"/sign-in\"") && !html.contains("http-equiv"), "{html}");
    }

    #[test]
    fn it_speaks_the_readers_language() {
        assert!(page(false, "en").contains("Access token") && page(false, "zh-CN").contains("访问令牌"));
        let says_why = |html: &str| html.contains("not valid, or not any more");
        assert!(says_why(&page(true, "en")) && !says_why(&page(false, "en")));
    }
}
