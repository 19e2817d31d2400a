-- Renames the table of idempotency keys. Its rows and columns stay.
ALTER TABLE once RENAME TO idempotency_keys;
DROP INDEX once_begun;
CREATE INDEX idempotency_keys_begun ON idempotency_keys (begun_ms);
