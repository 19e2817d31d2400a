//! Uploaded images: files in the data directory, named by their ids. The store has their owners.
//!
//! Only the gateway's user can read the files. An image that no message uses within [`UNUSED_RETENTION`] is deleted.
//! Other images are deleted with the last thread that uses them, or [`USED_RETENTION`] after the last message that
//! used them.

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
    clock::BootInstant,
    store::{Store, StoreError, UploadQuota, UploadRow},
};

/// The maximum size of an image, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 10 * 1024 * 1024;
/// The directory of the images in the data directory. The page recognises an upload by it: see `UserInput::upload`.
const UPLOADS_DIR: &str = "uploads";
/// The limits on the uploads of one owner.
const OWNER_QUOTA: UploadQuota = UploadQuota { uploads: 2000, bytes: 1024 * 1024 * 1024 };
/// How long an image is kept that no message uses.
const UNUSED_RETENTION: Duration = Duration::from_hours(24);
/// How long an image is kept after the last message that used it.
const USED_RETENTION: Duration = Duration::from_hours(24 * 365);
/// How often old images are deleted.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);
/// The maximum number of concurrent uploads. Each is in memory until it is complete.
const MAX_CONCURRENT: usize = 24;
/// The maximum number of concurrent uploads of one owner, so that slow clients delay their own owner first.
const MAX_CONCURRENT_PER_OWNER: usize = 4;

/// Why an upload cannot be stored or returned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UploadError {
    /// The content is not an image that can be used.
    #[error(transparent)]
    BadImage(#[from] BadImage),
    /// The owner has reached the quota.
    #[error(
        "you keep as many images as you may ({} or {} MiB); delete conversations that have some",
        OWNER_QUOTA.uploads,
        OWNER_QUOTA.bytes >> 20
    )]
    QuotaExceeded,
    /// The upload does not exist, or belongs to another owner.
    #[error("there is no such upload")]
    NotFound,
    /// The file cannot be written or read.
    #[error("the uploads in {path} cannot be used: {message}")]
    Directory {
        /// The directory of the uploads.
        path: PathBuf,
        /// The error of the system.
        message: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UploadError {
    /// The error code for clients.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::BadImage(BadImage::Unknown) => ErrorCode::NoImage,
            Self::BadImage(BadImage::Broken) => ErrorCode::BrokenImage,
            Self::BadImage(BadImage::TooManyPixels { .. }) => ErrorCode::TooManyPixels,
            Self::QuotaExceeded => ErrorCode::NoRoom,
            Self::NotFound => ErrorCode::NotFound,
            Self::Directory { .. } | Self::Store(_) => ErrorCode::Store,
        }
    }
}

/// The uploads of all owners. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    store: Store,
    dir: Arc<Path>,
    permits: Arc<Semaphore>,
    /// The permits of owners with running uploads.
    owner_permits: Arc<Mutex<HashMap<OwnerId, Arc<Semaphore>>>>,
}

/// Permit for one running upload: one of its owner's permits, and one of all. Released when dropped.
pub type UploadPermit = [OwnedSemaphorePermit; 2];

/// An upload with its content.
#[derive(Clone, Debug)]
pub struct UploadContent {
    /// The image format.
    pub kind: ImageKind,
    /// The image file.
    pub bytes: Vec<u8>,
}

impl Uploads {
    pub(crate) fn new(store: Store, data_dir: &Path) -> Self {
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT));
        Self { store, dir: data_dir.join(UPLOADS_DIR).into(), permits, owner_permits: Arc::default() }
    }

    /// Waits for a permit to receive an upload. `None` if the gateway is stopping.
    pub async fn acquire_permit(&self, owner: &OwnerId) -> Option<UploadPermit> {
        let of_owner = self.owner_permits(owner).acquire_owned().await.ok()?;
        Some([of_owner, Arc::clone(&self.permits).acquire_owned().await.ok()?])
    }

    fn owner_permits(&self, owner: &OwnerId) -> Arc<Semaphore> {
        let mut all = self.owner_permits.lock().unwrap_or_else(PoisonError::into_inner);
        // Semaphores without permits or waiters belong to owners without running uploads.
        all.retain(|_, permits| Arc::strong_count(permits) > 1);
        let new = || Arc::new(Semaphore::new(MAX_CONCURRENT_PER_OWNER));
        Arc::clone(all.entry(owner.clone()).or_insert_with(new))
    }

    /// Stores an image for an owner.
    ///
    /// # Errors
    /// [`UploadError`]
    pub async fn add(&self, owner: &OwnerId, content: &[u8]) -> Result<Upload, UploadError> {
        let image::Image { kind, width, height } = image::read(content)?;
        let id = UploadId::from(Uuid::new_v4().to_string());
        let bytes = u32::try_from(content.len()).map_err(|_| UploadError::QuotaExceeded)?;
        let row = UploadRow { id: id.clone(), kind, width, height, bytes };
        if !self.store.add_upload(owner, row, BootInstant::now().unix_ms(), OWNER_QUOTA).await? {
            return Err(UploadError::QuotaExceeded);
        }
        if let Err(error) = self.write(&id, content).await {
            self.remove_files(std::slice::from_ref(&id)).await;
            self.store.remove_upload(&id).await?;
            return Err(self.directory_error(&error));
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

    /// Reads an upload of an owner.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Directory`], [`UploadError::Store`]
    pub async fn get(&self, owner: &OwnerId, id: &UploadId) -> Result<UploadContent, UploadError> {
        let UploadRow { id, kind, .. } = self.store.upload(owner, id).await?.ok_or(UploadError::NotFound)?;
        match fs::read(self.path(&id)).await {
            Ok(bytes) => Ok(UploadContent { kind, bytes }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(UploadError::NotFound),
            Err(error) => Err(self.directory_error(&error)),
        }
    }

    /// Returns the path of an upload of an owner. With `thread`, records that a message in that thread uses the upload.
    ///
    /// # Errors
    /// [`UploadError::NotFound`], [`UploadError::Store`]
    pub(crate) async fn file_path(
        &self,
        owner: &OwnerId,
        id: &UploadId,
        thread: Option<&ThreadId>,
    ) -> Result<PathBuf, UploadError> {
        let found = match thread {
            Some(thread) => self.store.use_upload(owner, id, thread, BootInstant::now().unix_ms()).await?,
            None => self.store.upload(owner, id).await?,
        };
        let path = self.path(&found.ok_or(UploadError::NotFound)?.id);
        if fs::try_exists(&path).await.unwrap_or(false) { Ok(path) } else { Err(UploadError::NotFound) }
    }

    /// Deletes the uploads that only this thread uses.
    pub(crate) async fn remove_thread(&self, thread: &ThreadId) -> Result<(), UploadError> {
        let removed = self.store.remove_uploads_of(thread).await?;
        self.remove_files(&removed).await;
        Ok(())
    }

    /// Deletes old uploads every [`SWEEP_INTERVAL`] until `stopping` is cancelled.
    pub(crate) async fn sweep(self, stopping: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = self.remove_old(BootInstant::now().unix_ms()).await {
                tracing::warn!(%error, "old uploads could not be removed");
            }
        }
    }

    async fn remove_old(&self, now_ms: i64) -> Result<(), UploadError> {
        let before =
            |age: Duration| now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let removed = self.store.remove_old_uploads(before(UNUSED_RETENTION), before(USED_RETENTION)).await?;
        self.remove_files(&removed).await;
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

    /// The path of an upload. Takes only ids from the store, which contain no path separators.
    fn path(&self, id: &UploadId) -> PathBuf {
        self.dir.join(id.as_str())
    }

    fn directory_error(&self, error: &io::Error) -> UploadError {
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
    async fn image_is_returned_only_to_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let upload = uploads.add(&ada, &png(3, 2)).await.unwrap();
        assert_eq!((upload.kind.as_str(), upload.width, upload.height), ("png", 3, 2));
        assert_eq!(uploads.get(&ada, &upload.id).await.unwrap().bytes, png(3, 2));
        assert!(matches!(uploads.get(&bob, &upload.id).await, Err(UploadError::NotFound)));
        assert!(matches!(uploads.file_path(&bob, &upload.id, None).await, Err(UploadError::NotFound)));
        assert!(matches!(uploads.get(&ada, &"../gateway.db".into()).await, Err(UploadError::NotFound)));
        let file = uploads.file_path(&ada, &upload.id, None).await.unwrap();
        assert_eq!((mode(file.parent().unwrap()), mode(&file)), (0o700, 0o600));
    }

    #[tokio::test]
    async fn unused_image_is_deleted_after_a_day_and_used_image_after_a_year() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let unused = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        let used = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        uploads.file_path(&ada, &used, Some(&"t".into())).await.unwrap();
        let files = || std::fs::read_dir(dir.path().join(UPLOADS_DIR)).unwrap().count();

        let later = |age: Duration| BootInstant::now().unix_ms() + i64::try_from(age.as_millis()).unwrap();
        uploads.remove_old(later(UNUSED_RETENTION) - 60_000).await.unwrap();
        assert_eq!(files(), 2);
        uploads.remove_old(later(UNUSED_RETENTION) + 1).await.unwrap();
        assert!(uploads.get(&ada, &unused).await.is_err() && uploads.get(&ada, &used).await.is_ok());
        assert_eq!(files(), 1);
        uploads.remove_old(later(USED_RETENTION) + 1).await.unwrap();
        assert_eq!(files(), 0);
    }

    #[tokio::test]
    async fn images_of_a_thread_are_deleted_with_it_unless_another_thread_uses_them() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let [exclusive, shared] = [uploads.add(&ada, &png(1, 1)).await, uploads.add(&ada, &png(1, 1)).await];
        let (exclusive, shared) = (exclusive.unwrap().id, shared.unwrap().id);
        let (first, second) = (ThreadId::from("first"), ThreadId::from("second"));
        uploads.file_path(&ada, &exclusive, Some(&first)).await.unwrap();
        uploads.file_path(&ada, &shared, Some(&first)).await.unwrap();
        uploads.file_path(&ada, &shared, Some(&second)).await.unwrap();
        uploads.remove_thread(&first).await.unwrap();
        assert!(uploads.get(&ada, &exclusive).await.is_err() && uploads.get(&ada, &shared).await.is_ok());
        uploads.remove_thread(&second).await.unwrap();
        assert!(uploads.get(&ada, &shared).await.is_err());
    }

    #[tokio::test]
    async fn fork_keeps_the_images_of_the_thread_that_it_was_forked_from() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let ada = OwnerId::from("ada");
        let id = uploads.add(&ada, &png(1, 1)).await.unwrap().id;
        let (first, fork) = (ThreadId::from("first"), ThreadId::from("fork"));
        uploads.file_path(&ada, &id, Some(&first)).await.unwrap();
        for _ in 0..2 {
            uploads.store.share_uploads(&first, &fork).await.unwrap();
        }
        uploads.remove_thread(&first).await.unwrap();
        assert!(uploads.get(&ada, &id).await.is_ok());
        uploads.remove_thread(&fork).await.unwrap();
        assert!(uploads.get(&ada, &id).await.is_err());
    }

    #[tokio::test]
    async fn upload_beyond_the_quota_of_its_owner_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = uploads(dir.path());
        let (ada, bob) = (OwnerId::from("ada"), OwnerId::from("bob"));
        let row = |id: &str| UploadRow { id: id.into(), kind: ImageKind::Png, width: 1, height: 1, bytes: 6 };
        let add = |owner, id, quota| uploads.store.add_upload(owner, row(id), 0, quota);
        let single = UploadQuota { uploads: 1, bytes: 100 };
        assert!(add(&ada, "a", single).await.unwrap() && add(&bob, "b", single).await.unwrap());
        assert!(!add(&ada, "c", single).await.unwrap());
        assert!(!add(&ada, "c", UploadQuota { uploads: 9, bytes: 11 }).await.unwrap());
        assert!(add(&ada, "c", UploadQuota { uploads: 9, bytes: 12 }).await.unwrap());
    }
}
