//! Where a list goes on: of one's own threads or sessions, or of older entries.
//!
//! Codex's own cursors can name a thread, which may be somebody else's: so what a client gets is sealed, for this
//! owner and for this life of the gateway.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::owned_threads::Position;
use crate::error::SessionError;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 4096;

/// A place in codex's list of threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Codex's cursor of the page; the first page without.
    pub page: Option<String>,
    /// The thread of that page that was shown last; none if none was.
    pub after: Option<ThreadId>,
}

/// Where an owner's list of sessions continues: after this session, which was last used then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionCursor {
    pub last_access_ms: i64,
    pub id: SessionId,
}

/// Where an owner's list of threads continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ListCursor {
    /// In codex's own list, which is filtered.
    Scan(Place),
    /// In the lists of the owner's groups of ids.
    Groups(Vec<Position>),
}

/// Seals places, and opens them again.
#[derive(Debug)]
pub(super) struct Cursors(RandomizedNonceKey);

impl Cursors {
    /// With a key of its own. None only if the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).ok().map(Self)
    }

    /// A place as its owner's clients get it: letters, digits, `-` and `_`. None only if it cannot be sealed, which does
    /// not happen.
    pub(super) fn seal(&self, owner: &OwnerId, place: &impl Serialize) -> Option<String> {
        let mut sealed = serde_json::to_vec(place).ok()?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(owner.as_str()), &mut sealed).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// The place that a client's text means.
    ///
    /// # Errors
    /// [`SessionError::BadCursor`] if it is none that this owner was given.
    pub(super) fn open<P: DeserializeOwned>(&self, owner: &OwnerId, text: &str) -> Result<P, SessionError> {
        self.try_open(owner, text).ok_or(SessionError::BadCursor)
    }

    fn try_open<P: DeserializeOwned>(&self, owner: &OwnerId, text: &str) -> Option<P> {
        if text.len() > LONGEST {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let place = self.0.open_in_place(nonce, Aad::from(owner.as_str()), sealed).ok()?;
        serde_json::from_slice(place).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_by_its_owner_alone_and_shows_nothing() {
        let cursors = Cursors::new().unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let place = Place { page: Some("2026|somebody-else".into()), after: Some("mine".into()) };
        let text = cursors.seal(&ada, &place).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        let clear = b"somebody-else";
        assert!(!bytes.windows(clear.len()).any(|window| window == clear));
        assert_eq!(cursors.open::<Place>(&ada, &text).unwrap(), place);
        assert!(cursors.open::<Place>(&bob, &text).is_err());
        assert!(Cursors::new().unwrap().open::<Place>(&ada, &text).is_err());
        let other = cursors.seal(&ada, &["of another list"]).unwrap();
        assert!(cursors.open::<Place>(&ada, &other).is_err());
    }

    #[test]
    fn other_text_is_no_place() {
        let cursors = Cursors::new().unwrap();
        let owner = OwnerId::shared();
        let mut text = cursors.seal(&owner, &Place::default()).unwrap();
        let first = if text.starts_with('A') { "B" } else { "A" };
        text.replace_range(..1, first);
        let long = "ab".repeat(10_000);
        for text in [text.as_str(), "", "0", "zz", "+1+1", "é", "abcd", &"00".repeat(28), &long] {
            assert!(matches!(cursors.open::<Place>(&owner, text), Err(SessionError::BadCursor)), "{text}");
        }
    }
}
