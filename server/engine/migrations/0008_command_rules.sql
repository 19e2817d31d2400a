-- Rules of owners: what runs without being asked about. Codex does not know them.
CREATE TABLE rules (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    rule TEXT NOT NULL, -- JSON, as the API shows it
    created_ms INTEGER NOT NULL -- in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX rules_owner ON rules (owner);
