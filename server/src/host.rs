//! Host names as browsers and proxies write them. Comparison ignores case and the scheme's default port.

/// Host of a request or origin: a name or address, and a port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host<'a> {
    name: &'a str,
    port: Option<u16>,
}

impl<'a> Host<'a> {
    /// Splits `name:port`. An invalid port stays a part of the name, which then matches no known name.
    pub(crate) fn parse(authority: &'a str) -> Self {
        let (name, port) = match authority.rsplit_once(':') {
            // The colons of a bare IPv6 address separate no port.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port {
                "" => (name, None),
                _ if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                    port.parse().map_or((authority, None), |port| (name, Some(port)))
                }
                _ => (authority, None),
            },
            _ => (authority, None),
        };
        // A trailing dot makes no difference in DNS.
        Self { name: name.strip_suffix('.').unwrap_or(name), port }
    }

    /// Returns the name in lower case, without the port. An IPv6 address keeps its brackets.
    pub(crate) fn name(self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Returns `true` if both are the same host for this scheme.
    pub(crate) fn is_same(self, other: Self, scheme: &str) -> bool {
        let port = |host: Self| host.port.or(default_port(scheme));
        self.name.eq_ignore_ascii_case(other.name) && port(self) == port(other)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(one: &str, other: &str, scheme: &str) -> bool {
        Host::parse(one).is_same(Host::parse(other), scheme)
    }

    #[test]
    fn default_port_and_case_are_ignored() {
        assert!(is_same("ex.org:443", "ex.org", "https") && is_same("ex.org", "EX.org:443", "https"));
        assert!(is_same("ex.org:80", "ex.org", "http") && is_same("ex.org:", "ex.org.", "http"));
        assert!(is_same("[::1]:443", "[::1]", "https") && is_same("ex.org:444", "ex.org:444", "https"));
    }

    #[test]
    fn different_port_or_name_is_another_host() {
        for (one, other, scheme) in [
            ("ex.org", "ex.org:444", "https"),
            ("ex.org:80", "ex.org", "https"),
            ("ex.org:443", "ex.org", "http"),
            ("ex.org:443", "ex.org", "ftp"),
            ("ex.org", "a.ex.org", "https"),
            ("ex.org:65536", "ex.org", "https"),
            ("ex.org:x", "ex.org", "https"),
            ("::443", "::", "https"),
        ] {
            assert!(!is_same(one, other, scheme), "{one} {other}");
        }
    }

    #[test]
    fn name_is_lower_case_without_port() {
        assert_eq!(Host::parse("EX.org:8443").name(), "ex.org");
        assert_eq!(Host::parse("[2001:DB8::1]:80").name(), "[2001:db8::1]");
        assert_eq!(Host::parse("2001:db8::1").name(), "2001:db8::1");
    }
}
