//! The connections that are open: how many there may be, which one gives way to another, and how long one waits for a
//! request.
//!
//! A new connection is always accepted. Where there is no room for it, the oldest one gives way that no signed-in
//! caller uses: of the same address if that has as many as it may, else of all. So neither slow clients nor silent
//! ones keep a health check or a signed-in browser out, even from the same address. Connections of signed-in callers
//! never give way. They are a part of all only, and one caller's a part of that: some are always left for health
//! checks, and for those who are about to sign in.
//!
//! A trusted proxy's connections stand for many clients, and count for no address. They give way only if they are the
//! majority: then the clients that are too many come through the proxy, and else they do not.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::limits::{Address, LimitOptions, Who};

/// The part of all connections that signed-in callers leave to others: one in so many.
const RESERVED_PART: usize = 16;
/// How many connections may be closing beside those that are open.
const MAX_CLOSING: usize = 64;

/// The connections that are open.
#[derive(Debug)]
pub struct Connections {
    max: usize,
    max_per_address: usize,
    keep_alive: Duration,
    table: Mutex<Table>,
    /// Sockets that exist: those of open connections and of those that gave way and are closing.
    sockets: Arc<Semaphore>,
}

/// Each connection is in one of `direct`, `proxied` and `signed_in`. Ids go up, so the maps are ordered by age.
#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    direct: BTreeMap<u64, Entry>,
    direct_of: HashMap<Address, BTreeSet<u64>>,
    proxied: BTreeMap<u64, Entry>,
    signed_in: HashMap<u64, Who>,
    signed_in_of: HashMap<Who, usize>,
}

#[derive(Debug)]
struct Entry {
    /// The address that it counts for. `None` for a trusted proxy, which stands for many clients.
    address: Option<Address>,
    displaced: CancellationToken,
}

/// How many connections are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenConnections {
    /// Those that no signed-in caller uses.
    pub anonymous: usize,
    /// Those that a signed-in caller uses.
    pub signed_in: usize,
}

impl Connections {
    /// None is open.
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

    /// How long a connection may wait for its next request.
    pub fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    /// Waits while too many connections are closing. The permit stands for a socket.
    pub async fn socket(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sockets).acquire_owned().await.ok()
    }

    /// Counts a connection that was accepted. Another one gives way if there are too many.
    pub fn open(self: &Arc<Self>, address: Option<Address>) -> OpenConnection {
        let mut table = self.lock();
        if let Some(ids) = address.and_then(|address| table.direct_of.get(&address))
            && ids.len() >= self.max_per_address
            && let Some(oldest) = ids.first().copied()
        {
            table.displace(oldest);
        }
        if table.anonymous() + table.signed_in.len() >= self.max
            && let Some(oldest) = table.oldest()
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

    /// How many are open.
    pub fn count(&self) -> OpenConnections {
        let table = self.lock();
        OpenConnections { anonymous: table.anonymous(), signed_in: table.signed_in.len() }
    }

    /// How many signed-in callers may have at most, all of them and each.
    fn max_signed_in(&self) -> (usize, usize) {
        let all = self.max - (self.max / RESERVED_PART).max(1);
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

    /// The connection that gives way when there are too many.
    fn oldest(&self) -> Option<u64> {
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

    fn take_anonymous(&mut self, id: u64) -> Option<Entry> {
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
        let Some(who) = self.signed_in.remove(&id) else { return };
        if let Some(count) = self.signed_in_of.get_mut(&who) {
            *count -= 1;
            if *count == 0 {
                self.signed_in_of.remove(&who);
            }
        }
    }

    fn displace(&mut self, id: u64) {
        if let Some(entry) = self.take_anonymous(id) {
            entry.displaced.cancel();
        }
    }
}

/// A connection that is open. Dropping it makes room.
#[derive(Debug)]
pub struct OpenConnection {
    handle: ConnectionHandle,
    displaced: CancellationToken,
}

impl OpenConnection {
    /// What its requests carry.
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Waits until it has to give way.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut table = self.handle.connections.lock();
        if table.take_anonymous(self.handle.id).is_none() {
            table.remove_signed_in(self.handle.id);
        }
    }
}

/// Names the connection that a request came on.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    id: u64,
    connections: Arc<Connections>,
}

impl ConnectionHandle {
    /// A request of a signed-in caller came on it: it does not give way any more, unless there are too many of those. It
    /// counts for the first such caller, also if a proxy brings requests of others on it later.
    pub fn sign_in(&self, who: &Who) {
        let (max, max_each) = self.connections.max_signed_in();
        let mut table = self.connections.lock();
        let own = table.signed_in_of.get(who).copied().unwrap_or_default();
        if table.signed_in.len() < max && own < max_each && table.take_anonymous(self.id).is_some() {
            table.signed_in.insert(self.id, who.clone());
            *table.signed_in_of.entry(who.clone()).or_default() += 1;
        }
    }
}

/// As many as are wanted, and half of the files that may be open: sessions need some too.
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

    fn owner(name: &str) -> Who {
        Who::Owner(name.into())
    }

    fn displaced(all: &[OpenConnection]) -> Vec<bool> {
        all.iter().map(|connection| connection.displaced.is_cancelled()).collect()
    }

    #[test]
    fn oldest_of_the_address_gives_way_when_that_has_too_many() {
        let all = connections(100, 2);
        let mut open =
            vec![all.open(Some(address(2))), all.open(Some(address(1))), all.open(Some(address(1)))];
        assert_eq!(displaced(&open), [false; 3]);
        open.push(all.open(Some(address(1))));
        assert_eq!(displaced(&open), [false, true, false, false]);
        open.extend([all.open(None), all.open(None), all.open(None)]);
        assert_eq!(displaced(&open)[4..], [false; 3], "a proxy stands for many");
    }

    #[test]
    fn oldest_of_all_gives_way_when_there_are_too_many_unless_it_is_signed_in() {
        let all = connections(4, 100);
        let mut open: Vec<_> = (1..=4).map(|last| all.open(Some(address(last)))).collect();
        open[0].handle().sign_in(&owner("ada"));
        open.push(all.open(Some(address(5))));
        open.push(all.open(Some(address(6))));
        assert_eq!(displaced(&open), [false, true, true, false, false, false]);
        assert_eq!(all.count(), OpenConnections { anonymous: 3, signed_in: 1 });
    }

    #[test]
    fn proxys_connections_give_way_only_if_they_are_the_majority() {
        let all = connections(4, 100);
        let mut open =
            vec![all.open(None), all.open(None), all.open(Some(address(1))), all.open(Some(address(2)))];
        open.push(all.open(None));
        assert_eq!(displaced(&open), [false, false, true, false, false]);
        open.push(all.open(Some(address(3))));
        assert_eq!(displaced(&open), [true, false, true, false, false, false]);
    }

    #[test]
    fn signed_in_callers_leave_some_to_others_and_each_some_to_the_rest() {
        let all = connections(32, 100);
        let open: Vec<_> = (0..32).map(|_| all.open(None)).collect();
        for connection in &open[..20] {
            connection.handle().sign_in(&owner("ada"));
        }
        assert_eq!(all.count(), OpenConnections { anonymous: 17, signed_in: 15 });
        for connection in &open {
            connection.handle().sign_in(&owner("bob"));
        }
        assert_eq!(
            all.count(),
            OpenConnections { anonymous: 2, signed_in: 30 },
            "the first caller keeps one"
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
        assert_eq!(all.count(), OpenConnections { anonymous: 1, signed_in: 0 });
    }
}
