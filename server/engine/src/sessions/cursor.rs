//! Cursors of lists: of the owner's threads or sessions, or of older entries.
//!
//! Codex's own cursors can name threads of other owners. What a client gets is therefore encrypted,
//! for this owner and this run of the gateway.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use codex_gateway_wire::{OwnerId, SessionId, ThreadId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::owned_threads::Position;
use crate::error::SessionError;

/// Maximum length of a cursor that is decrypted, in bytes.
const MAX_CURSOR_BYTES: usize = 4096;

/// A position in codex's list of threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThreadCursor {
    /// Codex's cursor of the page. `None` for the first page.
    pub page: Option<String>,
    /// The last thread of that page that was listed. `None` if none was.
    pub after: Option<ThreadId>,
}

/// A position in an owner's list of sessions: after this session, which was last used at this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionCursor {
    pub last_access_ms: i64,
    pub id: SessionId,
}

/// A position in an owner's list of threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ListCursor {
    /// In codex's own list, which is filtered.
    Scan(ThreadCursor),
    /// In the lists of the owner's groups of ids.
    Groups(Vec<Position>),
}

/// Encrypts and decrypts cursors.
#[derive(Debug)]
pub(super) struct Cursors(RandomizedNonceKey);

impl Cursors {
    /// Creates a random key. `None` if the system provides no random numbers.
    pub(super) fn new() -> Option<Self> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).ok().map(Self)
    }

    /// Returns a cursor for the owner's clients: letters, digits, `-` and `_`. `None` if encryption
    /// fails, which does not happen.
    pub(super) fn seal(&self, owner: &OwnerId, cursor: &impl Serialize) -> Option<String> {
        let mut sealed = serde_json::to_vec(cursor).ok()?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(owner.as_str()), &mut sealed).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// Returns the cursor in a client's text.
    ///
    /// # Errors
    /// [`SessionError::BadCursor`] if the text is not a cursor of this list and owner.
    pub(super) fn open<P: DeserializeOwned>(&self, owner: &OwnerId, text: &str) -> Result<P, SessionError> {
        self.try_open(owner, text).ok_or(SessionError::BadCursor)
    }

    fn try_open<P: DeserializeOwned>(&self, owner: &OwnerId, text: &str) -> Option<P> {
        if text.len() > MAX_CURSOR_BYTES {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let cursor = self.0.open_in_place(nonce, Aad::from(owner.as_str()), sealed).ok()?;
        serde_json::from_slice(cursor).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_opens_for_its_owner_only_and_is_opaque() {
        let cursors = Cursors::new().unwrap();
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let cursor = ThreadCursor { page: Some("2026|somebody-else".into()), after: Some("mine".into()) };
        let text = cursors.seal(&ada, &cursor).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        let clear = b"somebody-else";
        assert!(!bytes.windows(clear.len()).any(|window| window == clear));
        assert_eq!(cursors.open::<ThreadCursor>(&ada, &text).unwrap(), cursor);
        assert!(cursors.open::<ThreadCursor>(&bob, &text).is_err());
        assert!(Cursors::new().unwrap().open::<ThreadCursor>(&ada, &text).is_err());
        let other = cursors.seal(&ada, &["of another list"]).unwrap();
        assert!(cursors.open::<ThreadCursor>(&ada, &other).is_err());
    }

    #[test]
    fn invalid_cursor_is_refused() {
        let cursors = Cursors::new().unwrap();
        let owner = OwnerId::shared();
        let mut text = cursors.seal(&owner, &ThreadCursor::default()).unwrap();
        let first = if text.starts_with('A') { "B" } else { "A" };
        text.replace_range(..1, first);
        let long = "ab".repeat(10_000);
        for text in [text.as_str(), "", "0", "zz", "+1+1", "é", "abcd", &"00".repeat(28), &long] {
            assert!(
                matches!(cursors.open::<ThreadCursor>(&owner, text), Err(SessionError::BadCursor)),
                "{text}"
            );
        }
    }
}
