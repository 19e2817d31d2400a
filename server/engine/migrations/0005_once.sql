-- Idempotency keys of requests. Renamed in 0011.
CREATE TABLE once (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL, -- hash of the request
    outcome TEXT, -- response as JSON; NULL while the request runs, or if its effect is unknown
    begun_ms INTEGER NOT NULL, -- in Unix milliseconds
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_begun ON once (begun_ms);
