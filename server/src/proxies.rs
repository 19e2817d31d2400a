//! Trusted reverse proxies: the peers whose `X-Forwarded-*` headers are believed.
//!
//! `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` of trusted peers count.
//! [`TrustedProxies::strip`] removes the headers from requests of all other peers, so later code may read them
//! unchecked. `Forwarded` (RFC 7239) is not supported.

use std::{net::IpAddr, str::FromStr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::{IpNet, Ipv4Net};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Value of the setting that trusts no peer.
const NONE: &str = "none";

/// Addresses and networks of trusted reverse proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Error for an entry that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("addresses and networks with commas between, as in 127.0.0.0/8,::1 (or {NONE}); {0:?} is neither")]
pub struct NotANetwork(String);

impl FromStr for TrustedProxies {
    type Err = NotANetwork;

    fn from_str(list: &str) -> Result<Self, NotANetwork> {
        if list.trim() == NONE {
            return Ok(Self(Vec::new()));
        }
        list.split(',').map(|part| parse_network(part.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// Parses a network, or an address as a network of one. An IPv4-mapped IPv6 network becomes the IPv4 network.
fn parse_network(text: &str) -> Result<IpNet, NotANetwork> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse::<IpNet>().ok().or_else(address).ok_or_else(|| NotANetwork(text.to_owned()))?;
    let mapped = match network {
        IpNet::V6(six) => six
            .addr()
            .to_ipv4_mapped()
            .zip(six.prefix_len().checked_sub(96))
            .and_then(|(four, prefix)| Ipv4Net::new(four, prefix).ok()),
        IpNet::V4(_) => None,
    };
    Ok(mapped.map_or(network, IpNet::V4))
}

impl TrustedProxies {
    /// Returns `true` if this peer is trusted.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// Returns the address of the client that sent a request.
    ///
    /// `X-Forwarded-For` is read from the right, because each proxy appends its peer. Reading stops at the
    /// first address that is not a trusted proxy: the client may have invented everything to its left. It also
    /// stops at the first invalid entry.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut client = peer.to_canonical();
        for hop in hops {
            if !self.contains(client) {
                break;
            }
            let Some(before) = parse_hop(hop.trim()) else { break };
            client = before;
        }
        client
    }

    /// Removes the forwarding headers of an untrusted peer. Returns its `X-Forwarded-Host`, so that an error
    /// message can name it.
    pub fn strip(&self, peer: IpAddr, headers: &mut HeaderMap) -> Option<IgnoredHost> {
        if self.contains(peer) {
            return None;
        }
        for name in [FORWARDED_FOR, FORWARDED_PROTO] {
            headers.remove(name);
        }
        let host = headers.remove(FORWARDED_HOST)?;
        let host = String::from_utf8_lossy(host.as_bytes()).into_owned();
        Some(IgnoredHost { host, peer: peer.to_canonical() })
    }
}

/// An `X-Forwarded-Host` of an untrusted peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredHost {
    /// Value of the header.
    pub host: String,
    /// Address of the peer.
    pub peer: IpAddr,
}

/// Parses an entry of `X-Forwarded-For`. Some proxies append the port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|hop| hop.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

/// Returns `true` if the browser uses TLS to a proxy. The gateway itself has no TLS.
pub(crate) fn is_https(headers: &HeaderMap) -> bool {
    let proto = headers.get(FORWARDED_PROTO).and_then(|proto| proto.to_str().ok()).unwrap_or_default();
    // Each proxy of a chain appends. The first entry is the browser's protocol.
    proto.split(',').next().is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

/// Returns the host that the browser requested from a proxy. `None` without the header, an error with two of
/// them.
pub(crate) fn forwarded_host(headers: &HeaderMap) -> Result<Option<&str>, MultipleHosts> {
    let mut lines = headers.get_all(FORWARDED_HOST).iter();
    match (lines.next(), lines.next()) {
        (_, Some(_)) => Err(MultipleHosts),
        (line, None) => {
            let line = line.map(|line| line.to_str().unwrap_or_default());
            // Each proxy of a chain appends. The first entry is the host that the browser requested.
            let first = line.map(|line| line.split(',').next().unwrap_or_default().trim());
            Ok(first.filter(|host| !host.is_empty()))
        }
    }
}

/// Error for a request with several `X-Forwarded-Host` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MultipleHosts;

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(list: &str) -> TrustedProxies {
        list.parse().unwrap()
    }

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn client(list: &str, peer: &str, forwarded: &[&'static str]) -> String {
        let all: Vec<_> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        proxies(list).client(peer.parse().unwrap(), &headers(&all)).to_string()
    }

    #[test]
    fn addresses_and_networks_are_parsed() {
        let all = proxies("127.0.0.0/8, ::1,10.1.2.3, 2001:db8::/32,::ffff:192.0.2.0/120");
        for trusted in [
            "127.9.9.9",
            "::1",
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "2001:db8:1::1",
            "192.0.2.200",
            "::ffff:127.0.0.1",
        ] {
            assert!(all.contains(trusted.parse().unwrap()), "{trusted}");
        }
        for other in ["10.1.2.4", "::2", "192.0.3.1", "172.17.0.1"] {
            assert!(!all.contains(other.parse().unwrap()), "{other}");
        }
        assert!(!proxies("none").contains([127, 0, 0, 1].into()));
    }

    #[test]
    fn invalid_entry_in_list_is_refused() {
        for (list, part) in [
            ("localhost", "localhost"),
            ("127.0.0.1,", ""),
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("127.0.0.1,none", "none"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ] {
            assert_eq!(list.parse::<TrustedProxies>(), Err(NotANetwork(part.to_owned())), "{list}");
        }
    }

    #[test]
    fn forwarded_headers_of_untrusted_peer_are_ignored() {
        assert_eq!(client("127.0.0.0/8", "198.51.100.4", &["192.0.2.7"]), "198.51.100.4");
        assert_eq!(client("127.0.0.0/8", "10.0.0.2", &["192.0.2.7"]), "10.0.0.2");
        assert_eq!(client("none", "127.0.0.1", &["192.0.2.7"]), "127.0.0.1");
        let mut all = headers(&[
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "a"),
            ("host", "b"),
        ]);
        let ignored = proxies("::1").strip([127, 0, 0, 1].into(), &mut all);
        assert_eq!(all, headers(&[("host", "b")]));
        assert_eq!(ignored, Some(IgnoredHost { host: "a".to_owned(), peer: [127, 0, 0, 1].into() }));
    }

    #[test]
    fn client_is_rightmost_untrusted_address() {
        let list = "127.0.0.1,10.0.0.0/8";
        assert_eq!(client(list, "127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client(list, "127.0.0.1", &["203.0.113.9, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(list, "::ffff:127.0.0.1", &["203.0.113.9, 192.0.2.7, 10.0.0.5"]), "192.0.2.7");
        assert_eq!(client(list, "127.0.0.1", &["203.0.113.9", "192.0.2.7", "10.0.0.5"]), "192.0.2.7");
        assert_eq!(client(list, "127.0.0.1", &["10.0.0.7, 10.0.0.5"]), "10.0.0.7");
        assert_eq!(client(list, "127.0.0.1", &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(client(list, "127.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client(list, "127.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client(list, "127.0.0.1", &["192.0.2.7, unknown"]), "127.0.0.1");
        assert_eq!(client(list, "127.0.0.1", &["192.0.2.7, unknown, 10.0.0.5"]), "10.0.0.5");
    }

    #[test]
    fn forwarded_host_is_first_entry_of_single_header() {
        assert_eq!(forwarded_host(&headers(&[])), Ok(None));
        assert_eq!(forwarded_host(&headers(&[("x-forwarded-host", "")])), Ok(None));
        assert_eq!(forwarded_host(&headers(&[("x-forwarded-host", "a:1, b")])), Ok(Some("a:1")));
        let two = headers(&[("x-forwarded-host", "a"), ("x-forwarded-host", "a")]);
        assert_eq!(forwarded_host(&two), Err(MultipleHosts));
    }
}
