-- Threads of sessions that have expired or whose thread was archived, to lead a returning client to the thread.
CREATE TABLE ended_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    thread TEXT NOT NULL,
    ended_ms INTEGER NOT NULL -- in Unix milliseconds
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_sessions_ended ON ended_sessions (ended_ms);
CREATE INDEX ended_sessions_thread ON ended_sessions (thread);
