-- Images that people have uploaded. Their bytes are files beside this database.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL, -- png, jpeg, gif or webp
    width INTEGER NOT NULL, -- in pixels
    height INTEGER NOT NULL, -- in pixels
    bytes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, -- in Unix milliseconds
    used_ms INTEGER -- when a message brought it last, in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_owner ON uploads (owner);
-- Which threads of codex have which.
CREATE TABLE upload_uses (
    upload TEXT NOT NULL,
    thread TEXT NOT NULL,
    PRIMARY KEY (upload, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_uses_thread ON upload_uses (thread);
