//! The cookie of a sign-in.

use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use codex_gateway_app::{BasePath, cookies};

use crate::proxies::is_https;

/// Over TLS: the browser itself sees to it that no other host, and no page without TLS, can set it.
const OVER_TLS: &str = "__Host-codex-gateway";
/// Over TLS, below a path: the name above is for cookies of the whole host only, and other applications of the host need
/// not get this one.
const OVER_TLS_BELOW_PATH: &str = "__Secure-codex-gateway";
const PLAIN: &str = "codex-gateway";
/// Browsers keep no cookie for longer.
const LONGEST: Duration = Duration::from_hours(400 * 24);
/// How many cookies of the name are tried. A browser sends those of another path of the host as well.
const MAX_VALUES: usize = 8;

/// The cookie's values in a request. Over TLS the other name does not count: anybody on the way could have set it.
pub fn values<'a>(base: &BasePath, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> + use<'a> {
    cookies(headers, name(base, headers)).filter(|value| !value.is_empty()).take(MAX_VALUES)
}

/// The header that sets it, until then.
pub fn set(base: &BasePath, headers: &HeaderMap, value: &str, until: Option<SystemTime>) -> String {
    let left = |until: SystemTime| until.duration_since(SystemTime::now()).unwrap_or_default().min(LONGEST);
    let left = until.map_or(LONGEST, left);
    write(base, headers, value, left.as_secs())
}

/// The header that removes it.
pub fn expire(base: &BasePath, headers: &HeaderMap) -> String {
    write(base, headers, "", 0)
}

fn write(base: &BasePath, headers: &HeaderMap, value: &str, seconds: u64) -> String {
    let secure = if is_https(headers) { "; Secure" } else { "" };
    let (name, path) = (name(base, headers), base.cookie_path());
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn name(base: &BasePath, headers: &HeaderMap) -> &'static str {
    match (is_https(headers), base.below_root()) {
        (true, None) => OVER_TLS,
        (true, Some(_)) => OVER_TLS_BELOW_PATH,
        (false, _) => PLAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &'static str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn read<const N: usize>(all: [(&'static str, &'static str); N]) -> Vec<String> {
        values(&BasePath::default(), &headers(all)).map(str::to_owned).collect()
    }

    #[test]
    fn it_is_found_among_others() {
        assert_eq!(read([("cookie", "theme=dark; codex-gateway=abc; lang=en")]), ["abc"]);
        assert_eq!(read([("cookie", "a=b"), ("cookie", "codex-gateway=abc")]), ["abc"]);
        assert_eq!(
            read([("cookie", "x=é; codex-gateway=; codex-gateway=abc; codex-gateway=d")]),
            ["abc", "d"]
        );
        assert!(read([("cookie", "codex-gateway=; xcodex-gateway=abc")]).is_empty());
    }

    #[test]
    fn over_tls_it_has_a_name_that_nobody_else_can_set() {
        let tls = ("x-forwarded-proto", "https, http");
        assert!(read([tls, ("cookie", "codex-gateway=abc")]).is_empty());
        assert_eq!(read([tls, ("cookie", "__Host-codex-gateway=abc")]), ["abc"]);
        assert_eq!(
            set(&BasePath::default(), &headers([tls]), "abc", None),
            "__Host-codex-gateway=abc; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn below_a_path_it_is_for_that_path_alone() {
        let base = "/codex".parse().unwrap();
        let tls = headers([("x-forwarded-proto", "https")]);
        assert_eq!(
            set(&base, &tls, "abc", None),
            "__Secure-codex-gateway=abc; Path=/codex; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"
        );
        let plain = set(&base, &HeaderMap::new(), "abc", None);
        assert!(plain.starts_with("codex-gateway=abc; Path=/codex; "), "{plain}");
        let both = headers([
            ("x-forwarded-proto", "https"),
            ("cookie", "__Host-codex-gateway=other; __Secure-codex-gateway=abc"),
        ]);
        assert_eq!(values(&base, &both).collect::<Vec<_>>(), ["abc"]);
    }

    #[test]
    fn it_is_the_browsers_as_long_as_the_token_is_good() {
        let cookie = set(
            &BasePath::default(),
            &HeaderMap::new(),
            "abc",
            Some(SystemTime::now() + Duration::from_mins(1)),
        );
        assert!(cookie.starts_with("codex-gateway=abc; Path=/; Max-Age=59; HttpOnly"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
        assert!(expire(&BasePath::default(), &HeaderMap::new()).contains("Max-Age=0"));
    }
}
