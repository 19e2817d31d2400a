-- Decisions of owners about trusting folders with codex settings.
CREATE TABLE project_trust (
    owner TEXT NOT NULL,
    folder TEXT NOT NULL, -- absolute, without symbolic links
    trusted INTEGER NOT NULL,
    decided_ms INTEGER NOT NULL, -- in Unix milliseconds
    PRIMARY KEY (owner, folder)
) STRICT, WITHOUT ROWID;
