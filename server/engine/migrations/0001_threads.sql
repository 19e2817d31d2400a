-- Owners of threads. Codex itself has no owners.
CREATE TABLE threads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    created_ms INTEGER NOT NULL -- when the owner was recorded, in Unix milliseconds
) STRICT, WITHOUT ROWID;
