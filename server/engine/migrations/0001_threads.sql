-- Which threads of codex are whose. Codex itself knows no owners.
CREATE TABLE threads (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    created_ms INTEGER NOT NULL -- when it was written here, in Unix milliseconds
) STRICT, WITHOUT ROWID;
