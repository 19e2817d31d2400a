-- Approval rules of owners. Codex does not know them.
CREATE TABLE rules (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    rule TEXT NOT NULL, -- JSON, as in the API
    created_ms INTEGER NOT NULL -- in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX rules_owner ON rules (owner);
