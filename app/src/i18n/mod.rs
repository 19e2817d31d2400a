//! The texts of the page in each language.
//!
//! Each language fills in the structs of `table`: a text that is missing or has another shape does not compile.
//!
//! The browser's module is the same for all languages. It contains the phrases of all of them, and reads the words of
//! the page's language from the page. The language of a page is fixed. What Codex and the model say is not translated.

mod en;
mod failure;
mod lang;
mod table;
mod zh;

use leptos::prelude::use_context;

use self::table::Phrases;
#[cfg(feature = "ssr")]
use self::table::{ServerWords, Words};
pub(crate) use self::{lang::Lang, table::Texts};

/// Returns the texts of the page's language. To be called inside a component.
pub(crate) fn texts() -> &'static Texts {
    use_context::<Lang>().unwrap_or_default().texts()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::{
        Lang,
        table::{SEPARATOR, WORD_COUNT},
    };

    #[test]
    fn joined_words_need_no_escaping_and_split_into_all_words() {
        for lang in Lang::ALL {
            let words = lang.texts().words();
            assert!(!words.contains('<') && !words.contains('&'));
            assert_eq!(words.split(SEPARATOR).count(), WORD_COUNT);
            assert!(words.split(SEPARATOR).all(|word| !word.is_empty()));
        }
    }
}
