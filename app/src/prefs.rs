//! What a reader has chosen for themselves: theme, language, and whether the sidebar is there. Cookies, so that the server renders them.

use crate::i18n::Lang;

const THEME: &str = "theme";
const LANG: &str = "lang";
const SIDEBAR: &str = "sidebar";
const HIDDEN: &str = "hidden";

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its word in the cookie and in the `data-theme` attribute.
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

/// What a page is rendered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefs {
    /// The theme.
    pub(crate) theme: Theme,
    /// The language.
    pub(crate) lang: Lang,
    /// The sidebar is out of the way, where it stands beside the page.
    pub(crate) sidebar_hidden: bool,
}

/// The theme that the reader of a request has chosen, as the `data-theme` attribute has it.
#[cfg(feature = "ssr")]
pub fn theme_word(headers: &http::HeaderMap) -> &'static str {
    Prefs::of_request(headers).theme.word()
}

impl Prefs {
    /// Reads the headers `Cookie` and `Accept-Language` of a request.
    #[cfg(any(feature = "ssr", test))]
    fn from_headers(cookies: &str, languages: &str) -> Self {
        let theme = cookie(cookies, THEME).and_then(Theme::parse).unwrap_or_default();
        let lang = cookie(cookies, LANG).and_then(Lang::parse).or_else(|| Lang::accepted(languages));
        let sidebar_hidden = cookie(cookies, SIDEBAR) == Some(HIDDEN);
        Self { theme, lang: lang.unwrap_or_default(), sidebar_hidden }
    }

    /// Those of the page that is rendered, or that is taken over.
    #[cfg(feature = "ssr")]
    pub(crate) fn current() -> Self {
        let parts = leptos::prelude::use_context::<http::request::Parts>();
        parts.map_or_else(Self::default, |parts| Self::of_request(&parts.headers))
    }

    /// Those of the reader who sent a request.
    #[cfg(feature = "ssr")]
    pub(crate) fn of_request(headers: &http::HeaderMap) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self::from_headers(header(http::header::COOKIE), header(http::header::ACCEPT_LANGUAGE))
    }

    /// Those of the page that is rendered, or that is taken over.
    #[cfg(not(feature = "ssr"))]
    pub(crate) fn current() -> Self {
        use crate::browser::root_attribute;
        let theme = root_attribute("data-theme").and_then(|word| Theme::parse(&word));
        let lang = root_attribute("lang").and_then(|tag| Lang::parse(&tag));
        let sidebar_hidden = root_attribute("data-sidebar").is_some();
        Self { theme: theme.unwrap_or_default(), lang: lang.unwrap_or_default(), sidebar_hidden }
    }
}

/// Switches the page to a theme, and remembers it.
pub(crate) fn choose_theme(theme: Theme) {
    remember(THEME, theme.word());
    if let Some(root) = crate::browser::root() {
        let _ = root.set_attribute("data-theme", theme.word());
    }
}

/// Puts the sidebar out of the way, or back, and remembers it.
pub(crate) fn choose_sidebar(hidden: bool) {
    remember(SIDEBAR, if hidden { HIDDEN } else { "" });
    if let Some(root) = crate::browser::root() {
        let _ = if hidden {
            root.set_attribute("data-sidebar", HIDDEN)
        } else {
            root.remove_attribute("data-sidebar")
        };
    }
}

/// Loads the page anew in a language, which it remembers.
pub(crate) fn choose_lang(lang: Lang) {
    remember(LANG, lang.code());
    crate::browser::reload();
}

fn remember(name: &str, value: &str) {
    crate::browser::set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"));
}

#[cfg(any(feature = "ssr", test))]
fn cookie<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_beats_what_the_browser_accepts() {
        let prefs = Prefs::from_headers("a=b; lang=en; theme=dark; sidebar=hidden", "zh-CN,zh;q=0.9");
        assert_eq!(prefs, Prefs { theme: Theme::Dark, lang: Lang::En, sidebar_hidden: true });
    }

    #[test]
    fn without_cookies_the_browser_decides() {
        let prefs = Prefs::from_headers("", "zh-CN,zh;q=0.9,en;q=0.8");
        assert_eq!(prefs, Prefs { theme: Theme::System, lang: Lang::Zh, sidebar_hidden: false });
        assert_eq!(Prefs::from_headers("theme=purple; lang=tlh; sidebar=", "fr"), Prefs::default());
    }
}
