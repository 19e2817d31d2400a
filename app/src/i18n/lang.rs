//! The languages of the interface, and which one a reader wants.

#[cfg(feature = "ssr")]
use std::sync::LazyLock;
#[cfg(not(feature = "ssr"))]
use std::sync::OnceLock;

use super::{Texts, en, zh};

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Its code, for the `lang` attribute and the cookie.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// What it calls itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// Reads a language tag: `zh`, `zh-Hans-CN`, `en-GB`, ….
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

    #[cfg(any(feature = "ssr", test))]
    /// The first language of an `Accept-Language` header that there is.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header.split(',').filter_map(|range| range.split(';').next()).find_map(Self::parse)
    }

    #[cfg(feature = "ssr")]
    pub(crate) fn texts(self) -> &'static Texts {
        static EN: LazyLock<Texts> = LazyLock::new(|| Texts::new(&en::WORDS, &en::SERVER, &en::PHRASES));
        static ZH: LazyLock<Texts> = LazyLock::new(|| Texts::new(&zh::WORDS, &zh::SERVER, &zh::PHRASES));
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }

    /// Those that the page has brought, which are for one language.
    #[cfg(not(feature = "ssr"))]
    pub(crate) fn texts(self) -> &'static Texts {
        static TEXTS: OnceLock<Texts> = OnceLock::new();
        TEXTS.get_or_init(|| {
            let words = crate::browser::find("#words").and_then(|words| words.text_content());
            // For as long as the page lives.
            let words = String::leak(words.unwrap_or_default());
            Texts::of_page(words, if self == Self::En { &en::PHRASES } else { &zh::PHRASES })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_language() {
        assert_eq!(Lang::parse("zh-Hans-CN"), Some(Lang::Zh));
        assert_eq!(Lang::parse("EN_us"), Some(Lang::En));
        assert_eq!(Lang::parse("fr"), None);
        assert_eq!(Lang::parse(""), None);
    }

    #[test]
    fn the_first_known_language_is_taken() {
        assert_eq!(Lang::accepted("fr-CH, fr;q=0.9, zh;q=0.8, en;q=0.7"), Some(Lang::Zh));
        assert_eq!(Lang::accepted("*"), None);
    }

    #[test]
    fn a_code_reads_back() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.code()), Some(lang));
        }
    }
}
