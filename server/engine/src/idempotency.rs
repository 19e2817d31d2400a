//! Idempotency keys: a retried request with the same key gets the first response, even after a restart.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_lc_rs::{
    digest::{Context, SHA256},
    hmac,
};
use codex_app_server_client::{Bridge, BridgeError, protocol::Request};
use codex_gateway_wire::OwnerId;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::SessionError,
    store::{PriorRequest, Store, StoreError},
};

/// The maximum length of a key, in bytes.
const MAX_KEY_BYTES: usize = 255;

/// A key that the client chose, with a hash of the request that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    request_hash: [u8; 32],
}

impl IdempotencyKey {
    /// Creates the key of a request with these parts, which are hashed. `None` unless `key` consists of 1 to 255
    /// visible ASCII characters.
    pub fn new(key: &str, request: &[&[u8]]) -> Option<Self> {
        if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut digest = Context::new(&SHA256);
        for part in request {
            digest.update(&part.len().to_le_bytes());
            digest.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        Some(Self { key: key.to_owned(), request_hash: hash })
    }
}

/// Set when an idempotent request has sent something to codex and codex has not refused it.
///
/// If the request fails after that, its effect is unknown, so a retry must not run it again. Cheap to clone: clones
/// share the flag.
#[derive(Clone, Debug, Default)]
pub(crate) struct DispatchFlag(Arc<AtomicBool>);

impl DispatchFlag {
    /// Sends a request to codex and sets the flag. A refusal by codex clears the flag again.
    ///
    /// # Errors
    /// The errors of [`Bridge::request`].
    pub(crate) async fn send_tracked<R: Request>(
        &self,
        bridge: &Bridge,
        request: &R,
    ) -> Result<R::Reply, BridgeError> {
        // Set first: the caller may be dropped while it waits for the reply.
        self.0.store(true, Ordering::Relaxed);
        let reply = bridge.request(request).await;
        if matches!(reply, Err(BridgeError::Refused { .. } | BridgeError::Unsupported(_))) {
            self.0.store(false, Ordering::Relaxed);
        }
        reply
    }

    /// Sets the flag without sending anything: the effect of the request is unknown.
    pub(crate) fn mark_dispatched(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn was_dispatched(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The response to a request, as JSON.
type StoredResponse = Result<Arc<str>, SessionError>;
/// A request that is running: its hash and its future response.
type InFlight = ([u8; 32], Shared<BoxFuture<'static, StoredResponse>>);

/// Deduplicates requests by their keys. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Idempotency {
    store: Store,
    in_flight: Arc<Mutex<HashMap<(OwnerId, String), InFlight>>>,
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency").finish_non_exhaustive()
    }
}

impl Idempotency {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, in_flight: Arc::default() }
    }

    /// Runs `work`, or returns the response of an earlier or still running request with the same key.
    ///
    /// The work runs in its own task: dropping the returned future does not stop it. `work` sets `dispatched` when it
    /// sends something to codex.
    ///
    /// # Errors
    /// - [`SessionError::KeyReused`] if the key belongs to another request
    /// - [`SessionError::KeyUnfinished`] if the result of an earlier attempt is unknown
    /// - the error of `work`. A retry with the same key then runs again, unless `dispatched` is set.
    pub(crate) async fn run<T: Serialize + DeserializeOwned>(
        &self,
        owner: &OwnerId,
        key: IdempotencyKey,
        dispatched: DispatchFlag,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        let response = self.join_or_spawn(owner, key, dispatched, work)?.await?;
        serde_json::from_str(&response).map_err(|error| StoreError::Query(error.to_string()).into())
    }

    /// Joins the running request with the same key. Starts the request if no such request is running.
    fn join_or_spawn<T: Serialize>(
        &self,
        owner: &OwnerId,
        key: IdempotencyKey,
        dispatched: DispatchFlag,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<Shared<BoxFuture<'static, StoredResponse>>, SessionError> {
        let entry = (owner.clone(), key.key.clone());
        // Locked until the entry is inserted, because the task removes the entry.
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match in_flight.get(&entry) {
            Some((hash, response)) if *hash == key.request_hash => return Ok(response.clone()),
            Some(_) => return Err(SessionError::KeyReused),
            None => {}
        }
        let hash = key.request_hash;
        let (idempotency, owner, guarded) = (self.clone(), owner.clone(), entry.clone());
        let task = tokio::spawn(async move {
            // Removes the entry even if the work panics.
            let _guard = InFlightGuard { idempotency: &idempotency, entry: &guarded };
            idempotency.execute(&owner, &key, &dispatched, work).await
        });
        let response = task.map(|joined| joined.unwrap_or(Err(SessionError::KeyUnfinished))).boxed().shared();
        in_flight.insert(entry, (hash, response.clone()));
        Ok(response)
    }

    /// Returns what the store has of the request: a bare hash would let a reader of the database guess short secrets in a
    /// body, as in an answer to a form.
    fn request_mac(&self, key: &IdempotencyKey) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(self.store.mac_key(), &key.request_hash).as_ref());
        mac
    }

    /// Records the request, runs it, and stores its response.
    async fn execute<T: Serialize>(
        &self,
        owner: &OwnerId,
        key: &IdempotencyKey,
        dispatched: &DispatchFlag,
        work: impl Future<Output = Result<T, SessionError>> + Send,
    ) -> StoredResponse {
        let request_mac = self.request_mac(key);
        match self.store.begin_request(owner, &key.key, request_mac).await? {
            PriorRequest::New => {}
            PriorRequest::Started { request_mac: prior, .. } if prior != request_mac => {
                return Err(SessionError::KeyReused);
            }
            PriorRequest::Started { response: None, .. } => return Err(SessionError::KeyUnfinished),
            PriorRequest::Started { response: Some(response), .. } => return Ok(response.into()),
        }
        let result = work.await;
        // Serialising our own types cannot fail.
        let response = result.map(|value| serde_json::to_string(&value).unwrap_or_default());
        if response.is_err() && dispatched.was_dispatched() {
            return response.map(Into::into);
        }
        if let Err(error) = self.store.finish_request(owner, &key.key, response.as_ref().ok().cloned()).await
        {
            tracing::error!(%error, "the response to an idempotent request could not be stored");
        }
        response.map(Into::into)
    }
}

/// Removes a request from the running requests when it is dropped.
struct InFlightGuard<'a> {
    idempotency: &'a Idempotency,
    entry: &'a (OwnerId, String),
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.idempotency.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(self.entry);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn key(key: &str, request: &str) -> IdempotencyKey {
        IdempotencyKey::new(key, &[request.as_bytes()]).unwrap()
    }

    #[test]
    fn key_is_visible_ascii_and_hashes_the_parts_of_its_request() {
        for invalid in ["", "a b", "é", "a\n", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::new(invalid, &[]), None, "{invalid:?}");
        }
        let requests = [&[b"ab".as_slice(), b"c"][..], &[b"a", b"bc"], &[b"abc"]];
        let keys: Vec<_> = requests.iter().map(|parts| IdempotencyKey::new("k", parts).unwrap()).collect();
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    }

    #[tokio::test]
    async fn request_runs_once_per_key_and_again_only_after_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let ada = OwnerId::from("ada");
        let (runs, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let idempotency = Idempotency::new(Store::open(dir.path()).unwrap());
        let work = || {
            let (runs, gate) = (Arc::clone(&runs), Arc::clone(&gate));
            async move {
                gate.notified().await;
                Ok::<u32, SessionError>(runs.fetch_add(1, Ordering::Relaxed) + 1)
            }
        };
        let failing = async { Err::<u32, _>(SessionError::TurnActive) };
        assert!(matches!(
            idempotency.run(&ada, key("k", "a"), DispatchFlag::default(), failing).await,
            Err(SessionError::TurnActive)
        ));

        // Dropping a caller's future does not stop the work.
        let abandoned = idempotency.run(&ada, key("k", "a"), DispatchFlag::default(), work());
        assert!(abandoned.now_or_never().is_none());
        let other = idempotency.run(&ada, key("k", "b"), DispatchFlag::default(), work()).await;
        assert!(matches!(other, Err(SessionError::KeyReused)), "{other:?}");
        gate.notify_one();
        assert_eq!(idempotency.run(&ada, key("k", "a"), DispatchFlag::default(), work()).await.unwrap(), 1);
        assert!(matches!(
            idempotency.run(&ada, key("k", "b"), DispatchFlag::default(), work()).await,
            Err(SessionError::KeyReused)
        ));
        gate.notify_one();
        assert_eq!(
            idempotency
                .run(&OwnerId::from("bob"), key("k", "a"), DispatchFlag::default(), work())
                .await
                .unwrap(),
            2,
            "keys of different owners are independent"
        );

        drop(idempotency);
        let idempotency = Idempotency::new(Store::open(dir.path()).unwrap());
        assert_eq!(
            idempotency.run(&ada, key("k", "a"), DispatchFlag::default(), work()).await.unwrap(),
            1,
            "the response survives a restart"
        );
    }

    #[tokio::test]
    async fn database_has_no_bare_hash_of_the_request() {
        let dir = tempfile::tempdir().unwrap();
        let idempotency = Idempotency::new(Store::open(dir.path()).unwrap());
        let (owner, key) = (OwnerId::shared(), key("k", "{\"answers\":{\"pin\":\"1234\"}}"));
        idempotency.run(&owner, key.clone(), DispatchFlag::default(), async { Ok(1) }).await.unwrap();
        let database = rusqlite::Connection::open(dir.path().join("gateway.db")).unwrap();
        let stored: [u8; 32] =
            database.query_row("SELECT request FROM idempotency_keys", [], |row| row.get(0)).unwrap();
        assert_ne!(stored, key.request_hash);
        assert_eq!(stored, idempotency.request_mac(&key));
    }

    #[tokio::test]
    async fn panicking_request_is_removed_from_in_flight() {
        let dir = tempfile::tempdir().unwrap();
        let idempotency = Idempotency::new(Store::open(dir.path()).unwrap());
        let work = async { panic!("a bug") };
        let result =
            idempotency.run::<u32>(&OwnerId::shared(), key("k", "a"), DispatchFlag::default(), work).await;
        assert!(matches!(result, Err(SessionError::KeyUnfinished)), "{result:?}");
        assert!(idempotency.in_flight.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn request_that_fails_after_it_was_sent_to_codex_does_not_run_again() {
        let dir = tempfile::tempdir().unwrap();
        let idempotency = Idempotency::new(Store::open(dir.path()).unwrap());
        let owner = OwnerId::shared();
        let late = || async { Err(SessionError::TurnStartTimeout(std::time::Duration::from_secs(1))) };
        let (dispatched, undispatched) =
            (DispatchFlag(Arc::new(AtomicBool::new(true))), DispatchFlag::default());
        for (name, flag, runs_again) in [("a", dispatched, false), ("b", undispatched, true)] {
            let failed = idempotency.run::<u32>(&owner, key(name, ""), flag, late()).await;
            assert!(matches!(failed, Err(SessionError::TurnStartTimeout(_))), "{failed:?}");
            let retried =
                idempotency.run(&owner, key(name, ""), DispatchFlag::default(), async { Ok(1) }).await;
            assert_eq!(retried.is_ok(), runs_again, "{retried:?}");
            assert!(runs_again || matches!(retried, Err(SessionError::KeyUnfinished)), "{retried:?}");
        }
    }
}
