-- Uploaded images. Their content is in files beside this database.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL, -- png, jpeg, gif or webp
    width INTEGER NOT NULL, -- in pixels
    height INTEGER NOT NULL, -- in pixels
    bytes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, -- in Unix milliseconds
    used_ms INTEGER -- when a message used it last, in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_owner ON uploads (owner);
-- The threads that use an upload.
CREATE TABLE upload_uses (
    upload TEXT NOT NULL,
    thread TEXT NOT NULL,
    PRIMARY KEY (upload, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_uses_thread ON upload_uses (thread);
