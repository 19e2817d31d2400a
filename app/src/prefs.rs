//! The user's preferences: theme, language and sidebar. They are stored in cookies, so that the server can render them.

#[cfg(feature = "ssr")]
use crate::cookies::cookies;
use crate::{base_path, i18n::Lang};

const THEME: &str = "theme";
const LANG: &str = "lang";
const SIDEBAR: &str = "sidebar";
const HIDDEN: &str = "hidden";

/// The theme of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// The theme of the system.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// All themes.
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Returns the theme's name in the cookie and in the `data-theme` attribute.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }
}

/// The preferences that a page is rendered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefs {
    pub(crate) theme: Theme,
    pub(crate) lang: Lang,
    /// `true` if the sidebar is hidden on wide screens. On narrow ones it is a drawer.
    pub(crate) sidebar_hidden: bool,
}

/// Returns the theme of a request's cookie, as the value of the `data-theme` attribute.
#[cfg(feature = "ssr")]
pub fn theme_word(headers: &http::HeaderMap) -> &'static str {
    Prefs::of_request(headers).theme.word()
}

impl Prefs {
    /// Returns the preferences of the request whose page is rendered.
    #[cfg(feature = "ssr")]
    pub(crate) fn current() -> Self {
        let parts = leptos::prelude::use_context::<http::request::Parts>();
        parts.map_or_else(Self::default, |parts| Self::of_request(&parts.headers))
    }

    /// Reads the preferences from a request's headers.
    #[cfg(feature = "ssr")]
    pub(crate) fn of_request(headers: &http::HeaderMap) -> Self {
        let theme = cookies(headers, THEME).find_map(Theme::parse).unwrap_or_default();
        let languages = headers.get_all(http::header::ACCEPT_LANGUAGE).iter();
        let mut languages = languages.filter_map(|languages| languages.to_str().ok());
        let lang = cookies(headers, LANG).find_map(Lang::parse);
        let lang = lang.or_else(|| languages.find_map(Lang::accepted)).unwrap_or_default();
        let sidebar_hidden = cookies(headers, SIDEBAR).next() == Some(HIDDEN);
        Self { theme, lang, sidebar_hidden }
    }

    /// Returns the preferences of the page in the browser.
    #[cfg(not(feature = "ssr"))]
    pub(crate) fn current() -> Self {
        use crate::browser::root_attribute;
        let theme = root_attribute("data-theme").and_then(|word| Theme::parse(&word));
        let lang = root_attribute("lang").and_then(|tag| Lang::parse(&tag));
        let sidebar_hidden = root_attribute("data-sidebar").is_some();
        Self { theme: theme.unwrap_or_default(), lang: lang.unwrap_or_default(), sidebar_hidden }
    }
}

/// Switches the page to a theme and stores the choice.
pub(crate) fn choose_theme(theme: Theme) {
    store(THEME, theme.word());
    if let Some(root) = crate::browser::root_element() {
        let _ = root.set_attribute("data-theme", theme.word());
    }
}

/// Hides or shows the sidebar and stores the choice.
pub(crate) fn choose_sidebar(hidden: bool) {
    store(SIDEBAR, if hidden { HIDDEN } else { "" });
    if let Some(root) = crate::browser::root_element() {
        let _ = if hidden {
            root.set_attribute("data-sidebar", HIDDEN)
        } else {
            root.remove_attribute("data-sidebar")
        };
    }
}

/// Stores the choice of a language and reloads the page in it.
pub(crate) fn choose_lang(lang: Lang) {
    store(LANG, lang.code());
    crate::browser::reload();
}

/// Sets a cookie for one year.
fn store(name: &str, value: &str) {
    let path = base_path::cookie_path(base_path::base());
    crate::browser::set_cookie(&format!("{name}={value}; Path={path}; Max-Age=31536000; SameSite=Lax"));
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn prefs(cookies: &'static str, languages: &'static str) -> Prefs {
        let headers = [(header::COOKIE, cookies), (header::ACCEPT_LANGUAGE, languages)];
        let headers = headers.into_iter().filter_map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((name, value))
        });
        Prefs::of_request(&headers.collect())
    }

    #[test]
    fn cookie_takes_precedence_over_accept_language() {
        let prefs = prefs("a=b; lang=en; theme=dark; sidebar=hidden", "zh-CN,zh;q=0.9");
        assert_eq!(prefs, Prefs { theme: Theme::Dark, lang: Lang::En, sidebar_hidden: true });
    }

    #[test]
    fn invalid_cookies_are_skipped() {
        let dark = Prefs { theme: Theme::Dark, lang: Lang::Zh, sidebar_hidden: true };
        assert_eq!(prefs("x=é; lang=zh-CN; theme=purple; theme=dark; sidebar=hidden", "en"), dark);
    }

    #[test]
    fn accept_language_is_used_without_a_cookie() {
        assert_eq!(
            prefs("", "zh-CN,zh;q=0.9,en;q=0.8"),
            Prefs { theme: Theme::System, lang: Lang::Zh, sidebar_hidden: false }
        );
        assert_eq!(prefs("theme=purple; lang=tlh; sidebar=", "fr"), Prefs::default());
    }
}
