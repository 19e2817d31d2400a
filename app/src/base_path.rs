//! The path that the gateway is served below (`CODEX_GATEWAY_BASE_PATH`).
//!
//! Inside the app, all paths are relative to the gateway (`/c/{id}`, `/api/…`). [`address`] puts the base path before a
//! path for the browser; [`path_of`] removes it.

#[cfg(feature = "ssr")]
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

/// The attribute of the `<html>` element that has the base path. It is missing at the root.
#[cfg(not(feature = "ssr"))]
const ATTRIBUTE: &str = "data-base";

/// The path that the gateway is served below, without a slash at its end; empty at the root.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(Option<Arc<str>>);

/// The first segments of the gateway's own paths. A base path that begins with one would be ambiguous.
#[cfg(feature = "ssr")]
const RESERVED_SEGMENTS: [&str; 12] = [
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

/// Why a text is not a base path.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotABasePath {
    /// It does not have the form of a path.
    Form,
    /// It begins with a segment of the gateway's own paths.
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
        if RESERVED_SEGMENTS.contains(&first) {
            return Err(NotABasePath::Own(first.to_owned()));
        }
        Ok(Self(Some(path.into())))
    }
}

#[cfg(feature = "ssr")]
impl BasePath {
    /// Returns the path; empty at the root.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Returns the path; `None` at the root.
    pub fn below_root(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Returns the path of the gateway's cookies.
    pub fn cookie_path(&self) -> &str {
        cookie_path(self.as_str())
    }

    /// Returns the address of a path of the gateway.
    pub fn address<'a>(&self, path: &'a str) -> Cow<'a, str> {
        match &self.0 {
            None => Cow::Borrowed(path),
            Some(base) => Cow::Owned(format!("{base}{path}")),
        }
    }
}

/// Returns the `Path` of the gateway's cookies. Applications on other paths of the host do not receive them.
pub(crate) fn cookie_path(base: &str) -> &str {
    if base.is_empty() { "/" } else { base }
}

/// Returns the address of a path of the gateway.
#[cfg(feature = "ssr")]
pub(crate) fn address(path: &str) -> String {
    let base = leptos::prelude::use_context::<BasePath>().unwrap_or_default();
    base.address(path).into_owned()
}

/// Returns the address of a path of the gateway.
#[cfg(not(feature = "ssr"))]
pub(crate) fn address(path: &str) -> String {
    [base(), path].concat()
}

/// Returns the path that the gateway is served below; empty at the root.
#[cfg(not(feature = "ssr"))]
pub(crate) fn base() -> &'static str {
    static BASE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let attribute = || leptos::prelude::document().document_element()?.get_attribute(ATTRIBUTE);
    BASE.get_or_init(|| attribute().unwrap_or_default())
}

/// Returns an empty path: only code that runs in the browser needs the base path.
#[cfg(feature = "ssr")]
pub(crate) fn base() -> &'static str {
    ""
}

/// Returns the path of the gateway for an address. An address outside of the gateway is returned as it is, and matches no
/// page.
pub(crate) fn path_of(address: &str) -> &str {
    address.strip_prefix(base()).unwrap_or(address)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn slash_at_the_end_is_optional() {
        for (text, path) in
            [("/codex", "/codex"), ("/codex/", "/codex"), ("/a/b-c_d.e~1", "/a/b-c_d.e~1"), ("/", "")]
        {
            assert_eq!(text.parse::<BasePath>().unwrap().as_str(), path);
        }
        assert_eq!("".parse(), Ok(BasePath::default()));
    }

    #[test]
    fn text_that_is_not_a_base_path_is_refused() {
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
