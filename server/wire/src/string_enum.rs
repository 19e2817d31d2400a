//! Enums that are strings in JSON.

/// Declares an enum whose variants are strings in JSON.
///
/// Options at the end:
/// - `other = Variant`: an unknown string becomes this variant. Without it, an unknown string is an error.
/// - `schema_name = "Name"`: the name of the schema in the OpenAPI document, if it differs from that of the enum.
///
/// The deserializers that serde derives for enums take a kilobyte each in the browser, and there are many. These read a
/// string and look it up.
macro_rules! string_enum {
    (
        $(#[doc = $about:literal])*
        #[derive($($derived:tt)*)]
        $(#[repr($repr:ident)])?
        pub enum $name:ident {
            // `$default` is always empty: a repetition needs a metavariable.
            $($(#[doc = $doc:literal])* $(#[default] $default:vis)? $variant:ident = $string:literal,)*
        }
        $(other = $other:ident)?
        $(schema_name = $schema_name:literal)?
    ) => {
        $(#[doc = $about])*
        #[derive($($derived)*)]
        $(#[repr($repr)])?
        pub enum $name {
            $($(#[doc = $doc])* $(#[default] $default)? $variant,)*
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::string_enum(concat!($($about),*), &[$(($string, concat!($($doc),*))),*])
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            $(
                fn name() -> std::borrow::Cow<'static, str> {
                    std::borrow::Cow::Borrowed($schema_name)
                }
            )?
        }

        #[cfg(feature = "openapi")]
        impl $name {
            /// The documentation of the variant.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                }
            }
        }

        impl $name {
            /// All variants in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The string in JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $string,)*
                }
            }

            /// Parses the string in JSON. `None` if it is unknown.
            pub fn parse(string: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == string)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let string = String::deserialize(deserializer)?;
                let known = Self::parse(&string)$(.or(Some(Self::$other)))?;
                known.ok_or_else(|| serde::de::Error::custom($crate::string_enum::UnknownString { string, known: &[$($string),*] }))
            }
        }
    };
}
pub(crate) use string_enum;

/// The error for a string that is none of the known ones.
#[derive(Debug, thiserror::Error)]
#[error("{string:?} is none of: {}", .known.join(", "))]
pub(crate) struct UnknownString {
    pub(crate) string: String,
    pub(crate) known: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    #![allow(dead_code, unreachable_pub, reason = "the macro declares public items for other modules")]

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    string_enum! {
        /// Strict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Strict {
            /// One.
            One = "one",
            /// Two.
            TwoWords = "two-words",
        }
    }

    string_enum! {
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
    fn variants_round_trip() {
        for value in Strict::ALL {
            let json = serde_json::to_string(value).unwrap();
            assert_eq!(json, format!("\"{}\"", value.as_str()));
            assert_eq!(serde_json::from_str::<Strict>(&json).unwrap(), *value);
        }
    }

    #[test]
    fn unknown_string_is_other_variant_or_an_error_with_the_known_strings() {
        assert_eq!(serde_json::from_str::<Tolerant>("\"new\"").unwrap(), Tolerant::Other);
        let error = serde_json::from_str::<Strict>("\"new\"").unwrap_err().to_string();
        assert!(error.starts_with("\"new\" is none of: one, two-words"), "{error}");
        assert!(serde_json::from_str::<Tolerant>("7").is_err());
    }
}
