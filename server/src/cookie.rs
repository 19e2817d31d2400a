//! The cookie of a sign-in.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, header};

use crate::proxies::is_https;

/// Over TLS: the browser itself sees to it that no other host, and no page without TLS, can set it.
const OVER_TLS: &str = "__Host-codex-gateway";
const PLAIN: &str = "codex-gateway";
/// Browsers keep no cookie for longer.
const LONGEST: Duration = Duration::from_hours(400 * 24);

/// The cookie's value in a request. Over TLS the other name does not count: anybody on the way could have set it.
pub fn read(headers: &HeaderMap) -> Option<&str> {
    let name = name(headers);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value)).filter(|value| !value.is_empty())
}

/// The header that sets it, until then.
pub fn set(headers: &HeaderMap, value: &str, until: Option<SystemTime>) -> String {
    let left = |until: SystemTime| until.duration_since(SystemTime::now()).unwrap_or_default().min(LONGEST);
    let left = until.map_or(LONGEST, left);
    write(headers, value, left.as_secs())
}

/// The header that removes it.
pub fn expire(headers: &HeaderMap) -> String {
    write(headers, "", 0)
}

fn write(headers: &HeaderMap, value: &str, seconds: u64) -> String {
    let secure = if is_https(headers) { "; Secure" } else { "" };
    let name = name(headers);
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn name(headers: &HeaderMap) -> &'static str {
    if is_https(headers) { OVER_TLS } else { PLAIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &'static str); N]) -> HeaderMap {
        all.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn it_is_found_among_others() {
        assert_eq!(read(&headers([("cookie", "theme=dark; codex-gateway=abc; lang=en")])), Some("abc"));
        assert_eq!(read(&headers([("cookie", "a=b"), ("cookie", "codex-gateway=abc")])), Some("abc"));
        assert_eq!(read(&headers([("cookie", "codex-gateway=; xcodex-gateway=abc")])), None);
    }

    #[test]
    fn over_tls_it_has_a_name_that_nobody_else_can_set() {
        let tls = ("x-forwarded-proto", "https, http");
        assert_eq!(read(&headers([tls, ("cookie", "codex-gateway=abc")])), None);
        assert_eq!(read(&headers([tls, ("cookie", "__Host-codex-gateway=abc")])), Some("abc"));
        assert_eq!(
            set(&headers([tls]), "abc", None),
            "__Host-codex-gateway=abc; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn it_is_the_browsers_as_long_as_the_token_is_good() {
        let cookie = set(&HeaderMap::new(), "abc", Some(SystemTime::now() + Duration::from_mins(1)));
        assert!(cookie.starts_with("codex-gateway=abc; Path=/; Max-Age=59; HttpOnly"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
        assert!(expire(&HeaderMap::new()).contains("Max-Age=0"));
    }
}
