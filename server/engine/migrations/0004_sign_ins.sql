-- Who has signed in with a browser.
CREATE TABLE sign_ins (
    cookie BLOB NOT NULL PRIMARY KEY, -- a keyed hash of it: what stands here signs nobody in
    owner TEXT NOT NULL,
    until_ms INTEGER, -- in Unix milliseconds, as the next; for ever without
    begun_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
