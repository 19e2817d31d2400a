//! Client addresses for limits.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use axum::extract::Request;

/// Address of a client. For IPv6 it is the /64 network, because a host may use any address of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
            four @ IpAddr::V4(_) => four,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    /// Returns the client address of a request, as stored by [`crate::serve`].
    pub fn of(request: &Request) -> Self {
        let unknown = || IpAddr::from(Ipv6Addr::UNSPECIFIED).into();
        request.extensions().get().copied().unwrap_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn ipv6_addresses_of_one_64_network_are_equal() {
        assert_eq!(address("2001:db8:1:2:3::4"), address("2001:db8:1:2::"));
        assert_ne!(address("2001:db8:1:2::"), address("2001:db8:1:3::"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
