-- Browser sign-ins.
CREATE TABLE sign_ins (
    cookie BLOB NOT NULL PRIMARY KEY, -- keyed hash of the cookie, which cannot be used to sign in
    owner TEXT NOT NULL,
    until_ms INTEGER, -- when it expires, in Unix milliseconds; NULL if never
    begun_ms INTEGER NOT NULL -- in Unix milliseconds
) STRICT, WITHOUT ROWID;
