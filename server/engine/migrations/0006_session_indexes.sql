-- The rows of sessions are wide: what is asked of all of them, again and again, is answered by indexes.
CREATE INDEX sessions_used ON sessions (last_access_ms, queued, id);
CREATE INDEX sessions_owner_used ON sessions (owner, last_access_ms);
DROP INDEX sessions_owner;
