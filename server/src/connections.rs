//! Open connections: how many are allowed, which are displaced at a limit, and their keep-alive timeout.
//!
//! A new connection is always accepted. At a limit, it displaces the oldest anonymous connection: of the same
//! address at the limit per address, of all at the total limit. So neither slow nor silent clients keep out a
//! health check or a signed-in browser, even from the same address.
//!
//! Connections of signed-in callers are never displaced. Their number is limited, in total and per caller, so
//! that some connections remain for health checks and for callers who are about to sign in.
//!
//! Connections of a trusted proxy carry requests of many clients, so they have no limit per address. They are
//! displaced only while they are the majority of the anonymous connections: then the excess comes through the
//! proxy.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::limits::{Address, CallerKey, LimitOptions};

/// Signed-in callers leave one in this many connections to others.
const RESERVED_DIVISOR: usize = 16;
/// How many connections may be closing in addition to the open ones.
const MAX_CLOSING: usize = 64;

/// All open connections.
#[derive(Debug)]
pub struct Connections {
    max: usize,
    max_per_address: usize,
    keep_alive: Duration,
    table: Mutex<Table>,
    /// One permit per socket: of open connections, and of displaced ones that are still closing.
    sockets: Arc<Semaphore>,
}

/// Each connection is in exactly one of `direct`, `proxied` and `signed_in`. Ids increase, so the maps are
/// ordered by age.
#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    direct: BTreeMap<u64, Entry>,
    direct_of: HashMap<Address, BTreeSet<u64>>,
    proxied: BTreeMap<u64, Entry>,
    signed_in: HashMap<u64, CallerKey>,
    signed_in_of: HashMap<CallerKey, usize>,
}

#[derive(Debug)]
struct Entry {
    /// Address that the connection counts for. `None` for a trusted proxy.
    address: Option<Address>,
    displaced: CancellationToken,
}

/// Number of open connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Connections that no signed-in caller uses.
    pub anonymous: usize,
    /// Connections that a signed-in caller uses.
    pub signed_in: usize,
}

impl Connections {
    /// Creates an empty table.
    pub fn new(options: &LimitOptions) -> Self {
        let max = max_connections(options.max_connections as usize);
        Self {
            max,
            max_per_address: match options.max_connections_per_address as usize {
                0 => usize::MAX,
                limit => limit,
            },
            keep_alive: Duration::from_millis(options.keep_alive_ms),
            table: Mutex::default(),
            sockets: Arc::new(Semaphore::new(max + MAX_CLOSING)),
        }
    }

    /// Returns how long a connection may wait for its next request.
    pub fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    /// Acquires the permit for a socket. Waits while too many connections are closing.
    pub async fn socket(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sockets).acquire_owned().await.ok()
    }

    /// Registers an accepted connection. Displaces the oldest anonymous ones at a limit.
    pub fn open(self: &Arc<Self>, address: Option<Address>) -> OpenConnection {
        let mut table = self.lock();
        if let Some(ids) = address.and_then(|address| table.direct_of.get(&address))
            && ids.len() >= self.max_per_address
            && let Some(oldest) = ids.first().copied()
        {
            table.displace(oldest);
        }
        if table.anonymous() + table.signed_in.len() >= self.max
            && let Some(oldest) = table.oldest_displaceable()
        {
            table.displace(oldest);
        }
        table.last_id += 1;
        let id = table.last_id;
        let displaced = CancellationToken::new();
        table.add_anonymous(id, Entry { address, displaced: displaced.clone() });
        drop(table);
        OpenConnection { handle: ConnectionHandle { id, connections: Arc::clone(self) }, displaced }
    }

    /// Returns the number of open connections.
    pub fn count(&self) -> ConnectionCounts {
        let table = self.lock();
        ConnectionCounts { anonymous: table.anonymous(), signed_in: table.signed_in.len() }
    }

    /// Returns the maximum number of signed-in connections, in total and per caller.
    fn max_signed_in(&self) -> (usize, usize) {
        let all = self.max - (self.max / RESERVED_DIVISOR).max(1);
        (all, all.div_ceil(2))
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn anonymous(&self) -> usize {
        self.direct.len() + self.proxied.len()
    }

    /// Returns the connection to displace at the total limit.
    fn oldest_displaceable(&self) -> Option<u64> {
        let many = if self.proxied.len() > self.direct.len() { &self.proxied } else { &self.direct };
        many.first_key_value().map(|(id, _)| *id)
    }

    fn add_anonymous(&mut self, id: u64, entry: Entry) {
        match entry.address {
            Some(address) => {
                self.direct_of.entry(address).or_default().insert(id);
                self.direct.insert(id, entry);
            }
            None => {
                self.proxied.insert(id, entry);
            }
        }
    }

    fn remove_anonymous(&mut self, id: u64) -> Option<Entry> {
        let entry = self.direct.remove(&id).or_else(|| self.proxied.remove(&id))?;
        if let Some(address) = entry.address
            && let Some(ids) = self.direct_of.get_mut(&address)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.direct_of.remove(&address);
            }
        }
        Some(entry)
    }

    fn remove_signed_in(&mut self, id: u64) {
        let Some(caller) = self.signed_in.remove(&id) else { return };
        if let Some(count) = self.signed_in_of.get_mut(&caller) {
            *count -= 1;
            if *count == 0 {
                self.signed_in_of.remove(&caller);
            }
        }
    }

    fn displace(&mut self, id: u64) {
        if let Some(entry) = self.remove_anonymous(id) {
            entry.displaced.cancel();
        }
    }
}

/// Registration of an open connection. Dropping it removes the connection from the table.
#[derive(Debug)]
pub struct OpenConnection {
    handle: ConnectionHandle,
    displaced: CancellationToken,
}

impl OpenConnection {
    /// Returns the handle that the connection's requests carry.
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Completes when the connection is displaced.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut table = self.handle.connections.lock();
        if table.remove_anonymous(self.handle.id).is_none() {
            table.remove_signed_in(self.handle.id);
        }
    }
}

/// Identifies the connection that a request arrived on.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    id: u64,
    connections: Arc<Connections>,
}

impl ConnectionHandle {
    /// Marks the connection as used by a signed-in caller, so that it is not displaced any more. Does nothing
    /// at the limits for signed-in callers.
    ///
    /// The connection counts for its first signed-in caller, even if a proxy sends requests of others on it
    /// later.
    pub fn sign_in(&self, caller: &CallerKey) {
        let (max, max_each) = self.connections.max_signed_in();
        let mut table = self.connections.lock();
        let own = table.signed_in_of.get(caller).copied().unwrap_or_default();
        if table.signed_in.len() < max && own < max_each && table.remove_anonymous(self.id).is_some() {
            table.signed_in.insert(self.id, caller.clone());
            *table.signed_in_of.entry(caller.clone()).or_default() += 1;
        }
    }
}

/// Limits `wanted` to half of the process's file limit: sessions need files too.
fn max_connections(wanted: usize) -> usize {
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files / 2).ok());
    let max = files.map_or(wanted, |files| wanted.min(files.max(1)));
    if max < wanted {
        tracing::info!(max, wanted, "the number of open files allows fewer connections (ulimit -n)");
    }
    max
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn connections(max: usize, max_per_address: usize) -> Arc<Connections> {
        Arc::new(Connections {
            max,
            max_per_address,
            keep_alive: Duration::from_secs(75),
            table: Mutex::default(),
            sockets: Arc::new(Semaphore::new(max)),
        })
    }

    fn address(last: u8) -> Address {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn owner(name: &str) -> CallerKey {
        CallerKey::Owner(name.into())
    }

    fn displaced(all: &[OpenConnection]) -> Vec<bool> {
        all.iter().map(|connection| connection.displaced.is_cancelled()).collect()
    }

    #[test]
    fn oldest_connection_of_address_is_displaced_at_address_limit() {
        let all = connections(100, 2);
        let mut open =
            vec![all.open(Some(address(2))), all.open(Some(address(1))), all.open(Some(address(1)))];
        assert_eq!(displaced(&open), [false; 3]);
        open.push(all.open(Some(address(1))));
        assert_eq!(displaced(&open), [false, true, false, false]);
        open.extend([all.open(None), all.open(None), all.open(None)]);
        assert_eq!(displaced(&open)[4..], [false; 3], "a proxy has no limit per address");
    }

    #[test]
    fn oldest_anonymous_connection_is_displaced_at_total_limit() {
        let all = connections(4, 100);
        let mut open: Vec<_> = (1..=4).map(|last| all.open(Some(address(last)))).collect();
        open[0].handle().sign_in(&owner("ada"));
        open.push(all.open(Some(address(5))));
        open.push(all.open(Some(address(6))));
        assert_eq!(displaced(&open), [false, true, true, false, false, false]);
        assert_eq!(all.count(), ConnectionCounts { anonymous: 3, signed_in: 1 });
    }

    #[test]
    fn proxied_connections_are_displaced_only_as_majority() {
        let all = connections(4, 100);
        let mut open =
            vec![all.open(None), all.open(None), all.open(Some(address(1))), all.open(Some(address(2)))];
        open.push(all.open(None));
        assert_eq!(displaced(&open), [false, false, true, false, false]);
        open.push(all.open(Some(address(3))));
        assert_eq!(displaced(&open), [true, false, true, false, false, false]);
    }

    #[test]
    fn signed_in_connections_are_limited_in_total_and_per_caller() {
        let all = connections(32, 100);
        let open: Vec<_> = (0..32).map(|_| all.open(None)).collect();
        for connection in &open[..20] {
            connection.handle().sign_in(&owner("ada"));
        }
        assert_eq!(all.count(), ConnectionCounts { anonymous: 17, signed_in: 15 });
        for connection in &open {
            connection.handle().sign_in(&owner("bob"));
        }
        assert_eq!(
            all.count(),
            ConnectionCounts { anonymous: 2, signed_in: 30 },
            "a connection counts for its first caller"
        );
        drop(open);
        let table = all.lock();
        assert!(table.signed_in.is_empty() && table.signed_in_of.is_empty());
        assert!(table.anonymous() == 0 && table.direct_of.is_empty());
    }

    #[test]
    fn displaced_connection_cannot_sign_in() {
        let all = connections(1, 100);
        let first = all.open(None);
        let _second = all.open(None);
        first.handle().sign_in(&owner("ada"));
        assert_eq!(all.count(), ConnectionCounts { anonymous: 1, signed_in: 0 });
    }
}
