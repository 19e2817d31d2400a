-- The threads of one owner in the order in which they were recorded: their lists ask codex for them by id.
CREATE INDEX threads_by_owner ON threads (owner, created_ms, id);
