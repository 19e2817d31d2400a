//! Where the gateway is on its host: at the root, or below a path (`CODEX_GATEWAY_BASE_PATH`).
//!
//! Inside of the app every path is one of the root (`/c/{id}`, `/api/…`). [`address`] makes the address of it, where the
//! browser gets to see it; [`path_of`] makes the path again.

#[cfg(feature = "ssr")]
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

/// The attribute of the `<html>` element that tells the page. It is not there at the root.
#[cfg(not(feature = "ssr"))]
const ATTRIBUTE: &str = "data-base";

/// The path that the gateway is served below, without a slash at its end. Empty at the root.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(Option<Arc<str>>);

/// The beginnings of the gateway's own paths: below one of them, it could not tell which is meant.
#[cfg(feature = "ssr")]
const OWN: [&str; 12] = [
    "_fn",
    "api",
    "assets",
    "c",
    "healthz",
    "metrics",
    "pkg",
    "readyz",
    "service-worker.js",
    "sign-in",
    "sign-out",
    "t",
];

/// Why a text is no base path.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotABasePath {
    /// It does not have the form of a path.
    Form,
    /// It begins like a path of the gateway.
    Own(String),
}

#[cfg(feature = "ssr")]
impl fmt::Display for NotABasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("a path such as /codex, of letters, digits, `-`, `_`, `.` and `~`"),
            Self::Own(part) => write!(f, "a path that does not begin like the gateway's own /{part}"),
        }
    }
}

#[cfg(feature = "ssr")]
impl std::error::Error for NotABasePath {}

#[cfg(feature = "ssr")]
impl FromStr for BasePath {
    type Err = NotABasePath;

    fn from_str(text: &str) -> Result<Self, NotABasePath> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Self::default());
        }
        let parts = path.strip_prefix('/').ok_or(NotABasePath::Form)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
        if !parts.split('/').all(is_part) {
            return Err(NotABasePath::Form);
        }
        let first = parts.split('/').next().unwrap_or_default();
        if OWN.contains(&first) {
            return Err(NotABasePath::Own(first.to_owned()));
        }
        Ok(Self(Some(path.into())))
    }
}

#[cfg(feature = "ssr")]
impl BasePath {
    /// The path; empty at the root.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The path; `None` at the root.
    pub fn below_root(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The path of the gateway's cookies.
    pub fn cookie_path(&self) -> &str {
        cookie_path(self.as_str())
    }

    /// The address of a path of the gateway.
    pub fn address<'a>(&self, path: &'a str) -> Cow<'a, str> {
        match &self.0 {
            None => Cow::Borrowed(path),
            Some(base) => Cow::Owned(format!("{base}{path}")),
        }
    }
}

/// The path of the gateway's cookies, which other applications on the same host do not get.
pub(crate) fn cookie_path(base: &str) -> &str {
    if base.is_empty() { "/" } else { base }
}

/// The address of a path of ours.
#[cfg(feature = "ssr")]
pub(crate) fn address(path: &str) -> String {
    let base = leptos::prelude::use_context::<BasePath>().unwrap_or_default();
    base.address(path).into_owned()
}

/// The address of a path of ours.
#[cfg(not(feature = "ssr"))]
pub(crate) fn address(path: &str) -> String {
    [base(), path].concat()
}

/// The path that the gateway is served below; empty at the root.
#[cfg(not(feature = "ssr"))]
pub(crate) fn base() -> &'static str {
    static BASE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    BASE.get_or_init(|| crate::browser::root_attribute(ATTRIBUTE).unwrap_or_default())
}

/// The path that the gateway is served below. Only the browser's code asks for it.
#[cfg(feature = "ssr")]
pub(crate) fn base() -> &'static str {
    ""
}

/// The path of ours that an address of the page has. Any other address stays as it is: no page matches it.
pub(crate) fn path_of(address: &str) -> &str {
    address.strip_prefix(base()).unwrap_or(address)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn path_with_or_without_a_slash_at_its_end_is_read() {
        for (text, path) in
            [("/codex", "/codex"), ("/codex/", "/codex"), ("/a/b-c_d.e~1", "/a/b-c_d.e~1"), ("/", "")]
        {
            assert_eq!(text.parse::<BasePath>().unwrap().as_str(), path);
        }
        assert_eq!("".parse(), Ok(BasePath::default()));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "codex",
            "//codex",
            "/a//b",
            "/a/../b",
            "/.",
            "/a b",
            "/%63",
            "https://ex.org/codex",
            "/é",
            "/a?b",
            "//",
        ] {
            assert_eq!(text.parse::<BasePath>(), Err(NotABasePath::Form), "{text}");
        }
        assert_eq!("/api/v2".parse::<BasePath>(), Err(NotABasePath::Own("api".to_owned())));
        assert!("/apis".parse::<BasePath>().is_ok());
    }

    #[test]
    fn address_has_the_base_before_the_path() {
        let base: BasePath = "/codex".parse().unwrap();
        assert_eq!(base.address("/c/a"), "/codex/c/a");
        assert_eq!(BasePath::default().address("/c/a"), "/c/a");
    }
}
