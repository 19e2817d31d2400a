-- Sessions, as they were when they were last written down: an actor is made of a row when somebody wants the session.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    thread TEXT, -- of codex, that it is in
    title TEXT,
    cwd TEXT,
    approvals TEXT NOT NULL, -- who answers
    created_ms INTEGER NOT NULL, -- in Unix milliseconds, as all that follow
    last_access_ms INTEGER NOT NULL,
    news_ms INTEGER NOT NULL,
    queued INTEGER NOT NULL, -- whether messages wait for their turn
    seq INTEGER NOT NULL, -- of the newest event
    kept TEXT NOT NULL, -- JSON: its settings, and what else the next process needs
    transcript TEXT NOT NULL, -- JSON, without its entries
    older INTEGER NOT NULL -- whether older entries were left out
) STRICT;
CREATE INDEX sessions_owner ON sessions (owner);
CREATE INDEX sessions_thread ON sessions (thread);
-- The entries of their transcripts.
CREATE TABLE session_entries (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    place INTEGER NOT NULL, -- they are sorted by it
    entry TEXT NOT NULL, -- JSON
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
