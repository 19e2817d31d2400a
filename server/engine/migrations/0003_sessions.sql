-- Stored sessions. An actor is restored from its row when the session is used.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    thread TEXT, -- id of its thread
    title TEXT,
    cwd TEXT,
    approvals TEXT NOT NULL, -- who answers requests
    created_ms INTEGER NOT NULL, -- in Unix milliseconds, as the times below
    last_access_ms INTEGER NOT NULL,
    news_ms INTEGER NOT NULL,
    queued INTEGER NOT NULL, -- 1 if messages are in its queue
    seq INTEGER NOT NULL, -- number of its newest event
    kept TEXT NOT NULL, -- JSON: its settings, and what else its next process needs
    transcript TEXT NOT NULL, -- JSON without the entries
    older INTEGER NOT NULL -- 1 if codex has older entries
) STRICT;
CREATE INDEX sessions_owner ON sessions (owner);
CREATE INDEX sessions_thread ON sessions (thread);
-- Entries of the transcripts.
CREATE TABLE session_entries (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    place INTEGER NOT NULL, -- sort key
    entry TEXT NOT NULL, -- JSON
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
