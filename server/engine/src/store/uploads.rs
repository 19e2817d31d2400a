//! Stored metadata of uploads: their owners, kinds and sizes, and the threads that use them.

use codex_gateway_wire::{OwnerId, ThreadId, UploadId, api::ImageKind};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError};

/// The metadata of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadRow {
    pub id: UploadId,
    pub kind: ImageKind,
    pub width: u32,
    pub height: u32,
    pub bytes: u32,
}

/// The limits on the uploads of one owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadQuota {
    pub uploads: i64,
    pub bytes: i64,
}

impl Store {
    /// Stores an upload. Returns `false` if it would exceed the owner's quota.
    pub(crate) async fn add_upload(
        &self,
        owner: &OwnerId,
        upload: UploadRow,
        now_ms: i64,
        quota: UploadQuota,
    ) -> Result<bool, StoreError> {
        let owner = owner.to_string();
        self.write(move |connection| {
            let (uploads, bytes) = connection.query_row(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM uploads WHERE owner = ?1",
                params![owner],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )?;
            if uploads >= quota.uploads || bytes.saturating_add(upload.bytes.into()) > quota.bytes {
                return Ok(false);
            }
            let UploadRow { id, kind, width, height, bytes } = upload;
            connection.execute(
                "INSERT INTO uploads (id, owner, kind, width, height, bytes, created_ms) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![id.as_str(), owner, kind.as_str(), width, height, bytes, now_ms],
            )?;
            Ok(true)
        })
        .await
    }

    /// Returns an upload of an owner.
    pub(crate) async fn upload(
        &self,
        owner: &OwnerId,
        id: &UploadId,
    ) -> Result<Option<UploadRow>, StoreError> {
        let (owner, id) = (owner.to_string(), id.to_string());
        self.read(move |connection| find(connection, &owner, &id)).await
    }

    /// Returns an upload of an owner, and records that a message in a thread uses it.
    pub(crate) async fn use_upload(
        &self,
        owner: &OwnerId,
        id: &UploadId,
        thread: &ThreadId,
        now_ms: i64,
    ) -> Result<Option<UploadRow>, StoreError> {
        let (owner, id, thread) = (owner.to_string(), id.to_string(), thread.to_string());
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            let found = find(&transaction, &owner, &id)?;
            if found.is_some() {
                transaction.execute("UPDATE uploads SET used_ms = ?2 WHERE id = ?1", params![id, now_ms])?;
                transaction.execute(
                    "INSERT INTO upload_uses (upload, thread) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    params![id, thread],
                )?;
            }
            transaction.commit()?;
            Ok(found)
        })
        .await
    }

    /// Records that a fork uses the uploads of the thread that it was forked from.
    pub(crate) async fn share_uploads(&self, from: &ThreadId, fork: &ThreadId) -> Result<(), StoreError> {
        let (from, fork) = (from.to_string(), fork.to_string());
        self.write(move |connection| {
            let share = "INSERT INTO upload_uses (upload, thread) SELECT upload, ?2 FROM upload_uses \
                         WHERE thread = ?1 ON CONFLICT DO NOTHING";
            connection.execute(share, params![from, fork]).map(drop)
        })
        .await
    }

    /// Deletes an upload.
    pub(crate) async fn remove_upload(&self, id: &UploadId) -> Result<(), StoreError> {
        let id = id.to_string();
        self.write(move |connection| remove(connection, &[id])).await
    }

    /// Deletes the uploads that only this thread uses. Returns their ids.
    pub(crate) async fn remove_uploads_of(&self, thread: &ThreadId) -> Result<Vec<UploadId>, StoreError> {
        let thread = thread.to_string();
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            let ids = ids(
                &transaction,
                "SELECT upload FROM upload_uses AS own WHERE thread = ?1 AND NOT EXISTS \
                 (SELECT 1 FROM upload_uses WHERE upload = own.upload AND thread <> ?1)",
                params![thread],
            )?;
            transaction.execute("DELETE FROM upload_uses WHERE thread = ?1", params![thread])?;
            remove(&transaction, &ids)?;
            transaction.commit()?;
            Ok(ids.into_iter().map(UploadId::from).collect())
        })
        .await
    }

    /// Deletes unused uploads created before `unused_before_ms`, and uploads last used before `used_before_ms`. Returns
    /// their ids.
    pub(crate) async fn remove_old_uploads(
        &self,
        unused_before_ms: i64,
        used_before_ms: i64,
    ) -> Result<Vec<UploadId>, StoreError> {
        self.write(move |connection| {
            let transaction = connection.transaction()?;
            let ids = ids(
                &transaction,
                "SELECT id FROM uploads WHERE CASE WHEN used_ms IS NULL THEN created_ms < ?1 ELSE used_ms < ?2 END",
                params![unused_before_ms, used_before_ms],
            )?;
            remove(&transaction, &ids)?;
            transaction.commit()?;
            Ok(ids.into_iter().map(UploadId::from).collect())
        })
        .await
    }
}

fn find(connection: &Connection, owner: &str, id: &str) -> rusqlite::Result<Option<UploadRow>> {
    let read = |row: &Row| {
        let (id, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = ImageKind::parse(&kind).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(UploadRow { id: id.into(), kind, width: row.get(2)?, height: row.get(3)?, bytes: row.get(4)? })
    };
    connection
        .query_row(
            "SELECT id, kind, width, height, bytes FROM uploads WHERE id = ?1 AND owner = ?2",
            params![id, owner],
            read,
        )
        .optional()
}

fn ids(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let ids = statement.query_map(parameters, |row| row.get(0))?;
    ids.collect()
}

fn remove(connection: &Connection, ids: &[String]) -> rusqlite::Result<()> {
    for id in ids {
        connection.execute("DELETE FROM upload_uses WHERE upload = ?1", params![id])?;
        connection.execute("DELETE FROM uploads WHERE id = ?1", params![id])?;
    }
    Ok(())
}
