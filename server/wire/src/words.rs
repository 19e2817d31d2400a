//! Enums that are words on the wire.

/// Declares an enum each of whose values is a word on the wire. With `other = Name` at its end, a word that is not
/// known reads as that value; without, it is an error.
///
/// (The readers that serde derives for enums weigh a kilobyte each in the browser, and there are many. Here all of
/// them read a text, and look it up.)
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        #[derive($($derived:tt)*)]
        $(#[repr($repr:ident)])?
        pub enum $name:ident {
            // (`vis` matches nothing, and lets `default` stand where it stood.)
            $($(#[doc = $doc:literal])* $(#[default] $default:vis)? $value:ident = $word:literal,)*
        }
        $(other = $other:ident)?
    ) => {
        $(#[doc = $about])*
        #[derive($($derived)*)]
        $(#[repr($repr)])?
        pub enum $name {
            $($(#[doc = $doc])* $(#[default] $default)? $value,)*
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::words(concat!($($about),*), &[$(($word, concat!($($doc),*))),*])
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        #[cfg(feature = "openapi")]
        impl $name {
            /// What the word means.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$value => concat!($($doc),*).trim_ascii(),)*
                }
            }
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$value),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }

            /// Reads the word on the wire.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                let known = Self::parse(&word)$(.or(Some(Self::$other)))?;
                known.ok_or_else(|| serde::de::Error::custom($crate::words::Unknown { word, known: &[$($word),*] }))
            }
        }
    };
}
pub(crate) use words;

/// A word that is not known where only known ones will do.
#[derive(Debug, thiserror::Error)]
#[error("{word:?} is none of: {}", .known.join(", "))]
pub(crate) struct Unknown {
    pub(crate) word: String,
    pub(crate) known: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    #![allow(dead_code, unreachable_pub, reason = "the macro declares what is public elsewhere")]

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    words! {
        /// Strict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Strict {
            /// One.
            One = "one",
            /// Two.
            TwoWords = "two-words",
        }
    }

    words! {
        /// Tolerant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Tolerant {
            /// One.
            One = "one",
            /// Anything else.
            Other = "other",
        }
        other = Other
    }

    #[test]
    fn words_read_back_as_written() {
        for value in Strict::ALL {
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{}\"", value.as_str()));
            assert_eq!(serde_json::from_str::<Strict>(&json).unwrap(), *value);
        }
    }

    #[test]
    fn an_unknown_word_is_the_other_one_or_an_error_that_says_what_would_do() {
        assert_eq!(serde_json::from_str::<Tolerant>("\"new\"").unwrap(), Tolerant::Other);
        let error = serde_json::from_str::<Strict>("\"new\"").unwrap_err().to_string();
        assert!(error.starts_with("\"new\" is none of: one, two-words"), "{error}");
        assert!(serde_json::from_str::<Tolerant>("7").is_err());
    }
}
