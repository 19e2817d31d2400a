-- Requests with a key of the client's, which are done once however often they come.
CREATE TABLE once (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL, -- a hash of it
    outcome TEXT, -- JSON; none while it is being done, and if nobody knows what became of it
    begun_ms INTEGER NOT NULL, -- in Unix milliseconds
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_begun ON once (begun_ms);
