//! What a reader has chosen for themselves: theme, language, and whether the sidebar is there. Cookies, so that the server renders them.

#[cfg(feature = "ssr")]
use crate::cookies::cookies;
use crate::{base_path, i18n::Lang};

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
    /// Those of the page that is rendered, or that is taken over.
    #[cfg(feature = "ssr")]
    pub(crate) fn current() -> Self {
        let parts = leptos::prelude::use_context::<http::request::Parts>();
        parts.map_or_else(Self::default, |parts| Self::of_request(&parts.headers))
    }

    /// Those of the reader who sent a request.
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
    let path = base_path::cookie_path(base_path::base());
    crate::browser::set_cookie(&format!("{name}={value}; Path={path}; Max-Age=31536000; SameSite=Lax"));
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn of(cookies: &'static str, languages: &'static str) -> Prefs {
        let headers = [(header::COOKIE, cookies), (header::ACCEPT_LANGUAGE, languages)];
        let headers = headers.into_iter().filter_map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((name, value))
        });
        Prefs::of_request(&headers.collect())
    }

    #[test]
    fn the_cookie_beats_what_the_browser_accepts() {
        let prefs = of("a=b; lang=en; theme=dark; sidebar=hidden", "zh-CN,zh;q=0.9");
        assert_eq!(prefs, Prefs { theme: Theme::Dark, lang: Lang::En, sidebar_hidden: true });
    }

    #[test]
    fn odd_cookie_hides_no_preference() {
        let dark = Prefs { theme: Theme::Dark, lang: Lang::Zh, sidebar_hidden: true };
        assert_eq!(of("x=é; lang=zh-CN; theme=purple; theme=dark; sidebar=hidden", "en"), dark);
    }

    #[test]
    fn without_cookies_the_browser_decides() {
        let prefs = of("", "zh-CN,zh;q=0.9,en;q=0.8");
        assert_eq!(prefs, Prefs { theme: Theme::System, lang: Lang::Zh, sidebar_hidden: false });
        assert_eq!(of("theme=purple; lang=tlh; sidebar=", "fr"), Prefs::default());
    }
}
