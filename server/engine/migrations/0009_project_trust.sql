-- What owners have decided about folders that bring codex settings along.
CREATE TABLE project_trust (
    owner TEXT NOT NULL,
    folder TEXT NOT NULL, -- absolute, without symbolic links
    trusted INTEGER NOT NULL,
    decided_ms INTEGER NOT NULL, -- in Unix milliseconds
    PRIMARY KEY (owner, folder)
) STRICT, WITHOUT ROWID;
