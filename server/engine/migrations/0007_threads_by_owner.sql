-- The threads of one owner in the order of recording, for lists that ask codex for threads by id.
CREATE INDEX threads_by_owner ON threads (owner, created_ms, id);
