//! Requests that are done once: a client that got no answer sends its request again, with the same key, and gets the
//! answer to the first, also after a restart.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_lc_rs::digest::{Context, SHA256};
use codex_gateway_wire::OwnerId;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    bridge::{Bridge, BridgeError, protocol::Request},
    error::SessionError,
    store::{Known, Store, StoreError},
};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// A key of the client's, and the request that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    key: String,
    /// A hash.
    request: [u8; 32],
}

impl RequestKey {
    /// The key of a request that consists of these parts. `None` if it is none: 1 to 255 visible ASCII characters.
    pub fn new(key: &str, request: &[&[u8]]) -> Option<Self> {
        if key.is_empty() || key.len() > LONGEST || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut digest = Context::new(&SHA256);
        for part in request {
            digest.update(&part.len().to_le_bytes());
            digest.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        Some(Self { key: key.to_owned(), request: hash })
    }
}

/// Whether codex was told what a request wants, and did not refuse it. If the request fails then, however it does, nobody
/// knows whether it was done. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<AtomicBool>);

impl Told {
    /// Asks codex for what the request wants.
    ///
    /// # Errors
    /// Those of [`Bridge::request`].
    pub(crate) async fn ask<R: Request>(
        &self,
        bridge: &Bridge,
        request: &R,
    ) -> Result<R::Reply, BridgeError> {
        // Also if nobody waits for the reply any more.
        self.0.store(true, Ordering::Relaxed);
        let reply = bridge.request(request).await;
        if matches!(reply, Err(BridgeError::Refused { .. } | BridgeError::Lacks(_))) {
            self.0.store(false, Ordering::Relaxed);
        }
        reply
    }

    /// Notes that it is not known whether the request was done.
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What came of a request, as JSON.
type Outcome = Result<Arc<str>, SessionError>;
/// A request that is being done: its hash, and its outcome to be.
type Underway = ([u8; 32], Shared<BoxFuture<'static, Outcome>>);

/// The requests that are being done. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Once {
    store: Store,
    underway: Arc<Mutex<HashMap<(OwnerId, String), Underway>>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl Once {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, underway: Arc::default() }
    }

    /// What came of the request: it is done, unless it was done before or is being done. Whoever goes away stops
    /// nothing. `told` is what it notes for itself on its way.
    ///
    /// # Errors
    /// [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`]; why it could not be done: then it can be tried
    /// again with the same key, unless codex was told.
    pub(crate) async fn run<T: Serialize + DeserializeOwned>(
        &self,
        owner: &OwnerId,
        key: RequestKey,
        told: Told,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        let outcome = self.underway(owner, key, told, work)?.await?;
        serde_json::from_str(&outcome).map_err(|error| StoreError::Question(error.to_string()).into())
    }

    fn underway<T: Serialize>(
        &self,
        owner: &OwnerId,
        key: RequestKey,
        told: Told,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<Shared<BoxFuture<'static, Outcome>>, SessionError> {
        let place = (owner.clone(), key.key.clone());
        // Held until it is in: it is taken out by the task.
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        match underway.get(&place) {
            Some((request, outcome)) if *request == key.request => return Ok(outcome.clone()),
            Some(_) => return Err(SessionError::KeyReused),
            None => {}
        }
        let request = key.request;
        let (once, owner, at) = (self.clone(), owner.clone(), place.clone());
        let task = tokio::spawn(async move {
            // Also if it panics.
            let _left = Left { once: &once, place: &at };
            once.begin(&owner, &key, &told, work).await
        });
        let outcome = task.map(|joined| joined.unwrap_or(Err(SessionError::KeyUnfinished))).boxed().shared();
        underway.insert(place, (request, outcome.clone()));
        Ok(outcome)
    }

    async fn begin<T: Serialize>(
        &self,
        owner: &OwnerId,
        key: &RequestKey,
        told: &Told,
        work: impl Future<Output = Result<T, SessionError>> + Send,
    ) -> Outcome {
        match self.store.begin_once(owner, &key.key, key.request).await? {
            Known::New => {}
            Known::Begun { request, .. } if request != key.request => return Err(SessionError::KeyReused),
            Known::Begun { outcome: None, .. } => return Err(SessionError::KeyUnfinished),
            Known::Begun { outcome: Some(outcome), .. } => return Ok(outcome.into()),
        }
        let done = work.await;
        // Our own types can be written.
        let outcome = done.map(|done| serde_json::to_string(&done).unwrap_or_default());
        if outcome.is_err() && told.is_told() {
            return outcome.map(Into::into);
        }
        if let Err(error) = self.store.end_once(owner, &key.key, outcome.as_ref().ok().cloned()).await {
            tracing::error!(%error, "what came of a request could not be written down");
        }
        outcome.map(Into::into)
    }
}

/// A request that is being done; when this is dropped it is so no more.
struct Left<'a> {
    once: &'a Once,
    place: &'a (OwnerId, String),
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.once.underway.lock().unwrap_or_else(PoisonError::into_inner).remove(self.place);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn key(key: &str, request: &str) -> RequestKey {
        RequestKey::new(key, &[request.as_bytes()]).unwrap()
    }

    #[test]
    fn a_key_is_visible_and_stands_for_one_request() {
        for none in ["", "a b", "é", "a\n", &"x".repeat(256)] {
            assert_eq!(RequestKey::new(none, &[]), None, "{none:?}");
        }
        let all = [&[b"ab".as_slice(), b"c"][..], &[b"a", b"bc"], &[b"abc"]];
        let keys: Vec<_> = all.iter().map(|request| RequestKey::new("k", request).unwrap()).collect();
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    }

    #[tokio::test]
    async fn it_is_done_once_and_again_only_if_it_failed() {
        let dir = tempfile::tempdir().unwrap();
        let ada = OwnerId::from("ada");
        let (times, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let once = Once::new(Store::open(dir.path()).unwrap());
        let work = || {
            let (times, gate) = (Arc::clone(&times), Arc::clone(&gate));
            async move {
                gate.notified().await;
                Ok::<u32, SessionError>(times.fetch_add(1, Ordering::Relaxed) + 1)
            }
        };
        let failing = async { Err::<u32, _>(SessionError::TurnActive) };
        assert!(matches!(
            once.run(&ada, key("k", "a"), Told::default(), failing).await,
            Err(SessionError::TurnActive)
        ));

        // Who gives up stops nothing.
        let given_up = once.run(&ada, key("k", "a"), Told::default(), work());
        assert!(given_up.now_or_never().is_none());
        let other = once.run(&ada, key("k", "b"), Told::default(), work()).await;
        assert!(matches!(other, Err(SessionError::KeyReused)), "{other:?}");
        gate.notify_one();
        assert_eq!(once.run(&ada, key("k", "a"), Told::default(), work()).await.unwrap(), 1);
        assert!(matches!(
            once.run(&ada, key("k", "b"), Told::default(), work()).await,
            Err(SessionError::KeyReused)
        ));
        gate.notify_one();
        assert_eq!(
            once.run(&OwnerId::from("bob"), key("k", "a"), Told::default(), work()).await.unwrap(),
            2,
            "another's is another"
        );

        drop(once);
        let once = Once::new(Store::open(dir.path()).unwrap());
        assert_eq!(
            once.run(&ada, key("k", "a"), Told::default(), work()).await.unwrap(),
            1,
            "also after a restart"
        );
    }

    #[tokio::test]
    async fn one_that_breaks_off_is_not_being_done_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let once = Once::new(Store::open(dir.path()).unwrap());
        let breaks = async { panic!("a bug") };
        let broken = once.run::<u32>(&OwnerId::shared(), key("k", "a"), Told::default(), breaks).await;
        assert!(matches!(broken, Err(SessionError::KeyUnfinished)), "{broken:?}");
        assert!(once.underway.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_became_of_it_is_unknown_once_codex_was_told() {
        let dir = tempfile::tempdir().unwrap();
        let once = Once::new(Store::open(dir.path()).unwrap());
        let owner = OwnerId::shared();
        let late = || async { Err(SessionError::NeverStarted(std::time::Duration::from_secs(1))) };
        let (told, untold) = (Told(Arc::new(AtomicBool::new(true))), Told::default());
        for (name, told, known) in [("a", told, false), ("b", untold, true)] {
            let failed = once.run::<u32>(&owner, key(name, ""), told, late()).await;
            assert!(matches!(failed, Err(SessionError::NeverStarted(_))), "{failed:?}");
            let again = once.run(&owner, key(name, ""), Told::default(), async { Ok(1) }).await;
            assert_eq!(again.is_ok(), known, "{again:?}");
            assert!(known || matches!(again, Err(SessionError::KeyUnfinished)), "{again:?}");
        }
    }
}
