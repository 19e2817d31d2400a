-- Covering indexes for frequent queries over all sessions, whose rows are large.
CREATE INDEX sessions_used ON sessions (last_access_ms, queued, id);
CREATE INDEX sessions_owner_used ON sessions (owner, last_access_ms);
DROP INDEX sessions_owner;
