//! The languages of the page, and which one a request asks for.

#[cfg(feature = "ssr")]
use std::sync::LazyLock;
#[cfg(not(feature = "ssr"))]
use std::sync::OnceLock;

use super::{Texts, en, zh};

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// All languages.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Returns the language tag, for the `lang` attribute and the cookie.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// Returns the language's name in the language itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// Parses a language tag: `zh`, `zh-Hans-CN`, `en-GB`, …. `None` if the page has no texts in that language.
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else {
            None
        }
    }

    /// Returns the first known language of an `Accept-Language` header. Weights (`q=`) are ignored.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header.split(',').filter_map(|range| range.split(';').next()).find_map(Self::parse)
    }

    /// Returns the language's texts.
    #[cfg(feature = "ssr")]
    pub(crate) fn texts(self) -> &'static Texts {
        static EN: LazyLock<Texts> =
            LazyLock::new(|| Texts::new(&en::WORDS, &en::SERVER_WORDS, &en::PHRASES));
        static ZH: LazyLock<Texts> =
            LazyLock::new(|| Texts::new(&zh::WORDS, &zh::SERVER_WORDS, &zh::PHRASES));
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }

    /// Returns the texts of the page's language, whose words the page brought.
    #[cfg(not(feature = "ssr"))]
    pub(crate) fn texts(self) -> &'static Texts {
        static TEXTS: OnceLock<Texts> = OnceLock::new();
        TEXTS.get_or_init(|| {
            let words = crate::browser::find("#words").and_then(|words| words.text_content());
            // Leaked once: the page uses the words until it is closed.
            let words = String::leak(words.unwrap_or_default());
            Texts::from_page(words, if self == Self::En { &en::PHRASES } else { &zh::PHRASES })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_parsed_by_its_primary_language() {
        assert_eq!(Lang::parse("zh-Hans-CN"), Some(Lang::Zh));
        assert_eq!(Lang::parse("EN_us"), Some(Lang::En));
        assert_eq!(Lang::parse("fr"), None);
        assert_eq!(Lang::parse(""), None);
    }

    #[test]
    fn accept_language_yields_the_first_known_language() {
        assert_eq!(Lang::accepted("fr-CH, fr;q=0.9, zh;q=0.8, en;q=0.7"), Some(Lang::Zh));
        assert_eq!(Lang::accepted("*"), None);
    }

    #[test]
    fn code_parses_to_the_same_language() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.code()), Some(lang));
        }
    }
}
