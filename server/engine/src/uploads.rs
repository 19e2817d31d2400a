//! Images that people have uploaded: files in the data directory, named by their ids; the store knows whose they are.
//!
//! They are for the eyes of the gateway's user only. Those that no message has brought within a day go; those that
//! one has go with the last conversation that has them, or after [`USED`] without another message.

mod image;

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use codex_gateway_wire::{
    OwnerId, ThreadId, UploadId,
    api::{ErrorCode, ImageKind, Upload},
};
use tokio::{
    fs,
    io::AsyncWriteExt,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::image::BadImage;
use crate::{
    clock::Moment,
    store::{Room, Store, StoreError, UploadRow},
};

/// The largest image that is taken, in bytes.
pub const LARGEST: usize = 10 * 1024 * 1024;
/// Their directory in the data directory. The page knows an upload by it: see `UserInput::upload`.
const DIRECTORY: &str = "uploads";
/// How much one owner may keep.
const ROOM: Room = Room { uploads: 2000, bytes: 1024 * 1024 * 1024 };
/// How long one is kept that no message brings.
const UNUSED: Duration = Duration::from_hours(24);
/// How long one is kept after the last message that brought it.
const USED: Duration = Duration::from_hours(24 * 365);
/// How often old ones are looked for.
const SWEEP: Duration = Duration::from_hours(1);
/// How many are taken in at the same time: each is held in memory until it is whole.
const AT_ONCE: usize = 24;
/// How many of them are of the same owner: who sends slowly holds up themselves first.
const EACH: usize = 4;

/// Why an upload cannot be taken, or given back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UploadError {
    /// It is no image that can be used.
    #[error(transparent)]
    BadImage(#[from] BadImage),
    /// Its owner has as many as they may.
    #[error(
        "you keep as many images as you may ({} or {} MiB); delete conversations that have some",
        ROOM.uploads,
        ROOM.bytes >> 20
    )]
    NoRoom,
    /// There is no such upload, or it is somebody else's.
    #[error("there is no such upload")]
    NotFound,
    /// The file cannot be written or read.
    #[error("the uploads in {path} cannot be used: {message}")]
    Directory {
        /// Their directory.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// The gateway's own database does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UploadError {
    /// For programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadImage(BadImage::Unknown) => ErrorCode::NoImage,
            Self::BadImage(BadImage::Broken) => ErrorCode::BrokenImage,
            Self::BadImage(BadImage::TooManyPixels { .. }) => ErrorCode::TooManyPixels,
            Self::NoRoom => ErrorCode::NoRoom,
            Self::NotFound => ErrorCode::NotFound,
            Self::Directory { .. } | Self::Store(_) => ErrorCode::Store,
        }
    }
}

/// All uploads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    store: Store,
    dir: Arc<Path>,
    places: Arc<Semaphore>,
    /// The places of those who are sending.
    own: Arc<Mutex<HashMap<OwnerId, Arc<Semaphore>>>>,
}

/// Places for an upload: its owner's, and one of all.
pub type UploadPlace = [OwnedSemaphorePermit; 2];

/// An upload with its content.
#[derive(Clone, Debug)]
pub struct Content {
    /// What it is.
    pub kind: ImageKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Uploads {
    pub(crate) fn new(store: Store, data_dir: &Path) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { store, dir: data_dir.join(DIRECTORY).into(), places, own: Arc::default() }
    }

    /// A place for one that is about to be taken in, for as long as it is held.
    pub async fn place(&self, owner: &OwnerId) -> Option<UploadPlace> {
        let own = self.own(owner).acquire_owned().await.ok()?;
        Some([own, Arc::clone(&self.places).acquire_owned().await.ok()?])
    }

    fn own(&self, owner: &OwnerId) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody sends any more whose places nobody holds or waits for.
        own.retain(|_, places| Arc::strong_count(places) > 1);
        Arc::clone(own.entry(owner.clone()).or_insert_with(|| Arc::new(Semaphore::new(EACH))))
    }

    /// Keeps an image for its owner.
    ///
    /// # Errors
    /// [`UploadError`]
    pub async fn add(&self, owner: &OwnerId, content: &[u8]) -> Result<Upload, UploadError> {
        let image::Image { kind, width, height } = image::read(content)?;
        let id = UploadId::from(Uuid::new_v4().to_string());
        let bytes = u32::try_from(content.len()).map_err(|_| UploadError::NoRoom)?;
        let row = UploadRow { id: id.clone(), kind, width, height, bytes };
        if !self.store.add_upload(owner, row, Moment::now().unix_ms(), ROOM).await? {
            return Err(UploadError::NoRoom);
        }
        if let Err(error) = self.write(&id, content).await {
            self.remove_files(std::slice::from_ref(&id)).await;
            self.store.remove_upload(&id).await?;
            return Err(self.unusable(&error));
        }
        tracing::info!(owner = owner.as_str(), upload = %id, kind = kind.as_str(), bytes, "image uploaded");
        Ok(Upload { ok: true, id, kind, width, height, bytes: bytes.into() })
    }

    async fn write(&self, id: &UploadId, content: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).await?;
        fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700)).await?;
        let path = self.path(id);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).await?;
        file.write_all(content).await?;
        file.flush().await
    }

    /// An upload of that owner.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Directory`], [`UploadError::Store`]
    pub async fn get(&self, owner: &OwnerId, id: &UploadId) -> Result<Content, UploadError> {
        let UploadRow { id, kind, .. } = self.store.upload(owner, id).await?.ok_or(UploadError::NotFound)?;
        match fs::read(self.path(&id)).await {
            Ok(bytes) => Ok(Content { kind, bytes }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(UploadError::NotFound),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    /// The file of an upload of that owner. Once a message brings it to a thread, it is kept with that.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Store`]
    pub(crate) async fn file(
        &self,
        owner: &OwnerId,
        id: &UploadId,
        thread: Option<&ThreadId>,
    ) -> Result<PathBuf, UploadError> {
        let found = match thread {
            Some(thread) => self.store.use_upload(owner, id, thread, Moment::now().unix_ms()).await?,
            None => self.store.upload(owner, id).await?,
        };
        let path = self.path(&found.ok_or(UploadError::NotFound)?.id);
        if fs::try_exists(&path).await.unwrap_or(false) { Ok(path) } else { Err(UploadError::NotFound) }
    }

    /// Removes what only this thread had.
    pub(crate) async fn forget(&self, thread: &ThreadId) -> Result<(), UploadError> {
        let gone = self.store.remove_uploads_of(thread).await?;
        self.remove_files(&gone).await;
        Ok(())
    }

    /// Removes what is too old, now and then.
    pub(crate) async fn sweep(self, stopping: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = self.remove_old(Moment::now().unix_ms()).await {
                tracing::warn!(%error, "old uploads could not be removed");
            }
        }
    }

    async fn remove_old(&self, now_ms: i64) -> Result<(), UploadError> {
        let before =
            |age: Duration| now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let gone = self.store.remove_old_uploads(before(UNUSED), before(USED)).await?;
        self.remove_files(&gone).await;
        Ok(())
    }

    async fn remove_files(&self, ids: &[UploadId]) {
        for id in ids {
            match fs::remove_file(self.path(id)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, upload = %id, "an upload could not be removed");
                }
                _ => {}
            }
        }
    }

    /// Only ids from the store come here: none leads elsewhere.
    fn path(&self, id: &UploadId) -> PathBuf {
        self.dir.join(id.as_str())
    }

    fn unusable(&self, error: &io::Error) -> UploadError {
        UploadError::Directory { path: self.dir.to_path_buf(), message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::{image::tests::png, *};

    fn uploads(dir: &Path) -> Uploads {
        Uploads::new(Store::open(dir).unwrap(), dir)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn an_image_is_given_back_to_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let upload = uploads.add(&ada, &png(3, 2)).await.unwrap();
        assert_eq!((upload.kind.as_str(), upload.width, upload.height), ("png", 3, 2));
        assert_eq!(uploads.get(&ada, &upload.id).await.unwrap().bytes, png(3, 2));
        assert!(matches!(uploads.get(&bob, &upload.id).await, Err(UploadError::NotFound)));
        assert!(matches!(uploads.file(&bob, &upload.id, None).await, Err(UploadError::NotFound)));
        assert!(matches!(uploads.get(&ada, &"../gateway.db".into()).await, Err(UploadError::NotFound)));
        let file = uploads.file(&ada, &upload.id, None).await.unwrap();
        assert_eq!((mode(file.parent().unwrap()), mode(&file)), (0o700, 0o600));
    }

    #[tokio::test]
    async fn what_no_message_brings_goes_after_a_day_and_what_one_did_much_later() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let unused = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        let used = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        uploads.file(&ada, &used, Some(&"t".into())).await.unwrap();
        let files = || std::fs::read_dir(dir.path().join(DIRECTORY)).unwrap().count();

        let later = |age: Duration| Moment::now().unix_ms() + i64::try_from(age.as_millis()).unwrap();
        uploads.remove_old(later(UNUSED) - 60_000).await.unwrap();
        assert_eq!(files(), 2);
        uploads.remove_old(later(UNUSED) + 1).await.unwrap();
        assert!(uploads.get(&ada, &unused).await.is_err() && uploads.get(&ada, &used).await.is_ok());
        assert_eq!(files(), 1);
        uploads.remove_old(later(USED) + 1).await.unwrap();
        assert_eq!(files(), 0);
    }

    #[tokio::test]
    async fn what_a_thread_had_goes_with_it_unless_another_has_it_too() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let [one, both] = [uploads.add(&ada, &png(1, 1)).await, uploads.add(&ada, &png(1, 1)).await];
        let (one, both) = (one.unwrap().id, both.unwrap().id);
        let (first, second) = (ThreadId::from("first"), ThreadId::from("second"));
        uploads.file(&ada, &one, Some(&first)).await.unwrap();
        uploads.file(&ada, &both, Some(&first)).await.unwrap();
        uploads.file(&ada, &both, Some(&second)).await.unwrap();
        uploads.forget(&first).await.unwrap();
        assert!(uploads.get(&ada, &one).await.is_err() && uploads.get(&ada, &both).await.is_ok());
        uploads.forget(&second).await.unwrap();
        assert!(uploads.get(&ada, &both).await.is_err());
    }

    #[tokio::test]
    async fn a_fork_has_what_its_messages_name() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let id = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        let (first, fork) = (ThreadId::from("first"), ThreadId::from("fork"));
        uploads.file(&ada, &id, Some(&first)).await.unwrap();
        for _ in 0..2 {
            uploads.store.share_uploads(&first, &fork).await.unwrap();
        }
        uploads.forget(&first).await.unwrap();
        assert!(uploads.get(&ada, &id).await.is_ok());
        uploads.forget(&fork).await.unwrap();
        assert!(uploads.get(&ada, &id).await.is_err());
    }

    #[tokio::test]
    async fn an_owner_may_keep_only_so_much() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let row = |id: &str| UploadRow { id: id.into(), kind: ImageKind::Png, width: 1, height: 1, bytes: 6 };
        let add = |owner, id, room| uploads.store.add_upload(owner, row(id), 0, room);
        let few = Room { uploads: 1, bytes: 100 };
        assert!(add(&ada, "a", few).await.unwrap() && add(&bob, "b", few).await.unwrap());
        assert!(!add(&ada, "c", few).await.unwrap());
        assert!(!add(&ada, "c", Room { uploads: 9, bytes: 11 }).await.unwrap());
        assert!(add(&ada, "c", Room { uploads: 9, bytes: 12 }).await.unwrap());
    }
}
