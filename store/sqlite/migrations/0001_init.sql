CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- The oldest format whose programs may open this database.
INSERT INTO meta (key, value) VALUES ('least_reader', 1), ('next_id', 1);

CREATE TABLE node (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    incarnation INTEGER NOT NULL CHECK (incarnation > 0),
    last_batch  INTEGER NOT NULL CHECK (last_batch >= 0),
    time        INTEGER NOT NULL
) STRICT;

CREATE TABLE flow_group (
    id         INTEGER PRIMARY KEY CHECK (id >= 0),
    generation INTEGER NOT NULL CHECK (generation >= 0),
    node       TEXT,
    state      BLOB    NOT NULL
) STRICT;

CREATE TABLE message (
    id       INTEGER PRIMARY KEY,
    receiver INTEGER NOT NULL CHECK (receiver >= 0),
    sender   INTEGER NOT NULL CHECK (sender >= 0),
    number   INTEGER NOT NULL CHECK (number > 0),
    sent     INTEGER NOT NULL,
    body     BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_name ON message (receiver, sender, number);

CREATE TABLE workflow (
    id     INTEGER PRIMARY KEY CHECK (id > 0),
    grp    INTEGER NOT NULL CHECK (grp >= 0),
    name   TEXT    CHECK (name <> ''),
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open   INTEGER NOT NULL CHECK (open IN (0, 1)),
    due    INTEGER NOT NULL,
    doc    TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX workflow_name ON workflow (name);
CREATE INDEX workflow_grp ON workflow (grp);

CREATE TABLE version (
    id       INTEGER PRIMARY KEY CHECK (id > 0),
    grp      INTEGER NOT NULL CHECK (grp >= 0),
    workflow INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    status   INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open     INTEGER NOT NULL CHECK (open IN (0, 1)),
    due      INTEGER NOT NULL,
    doc      TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX version_place ON version (workflow, version);

CREATE TABLE run (
    id       INTEGER PRIMARY KEY CHECK (id > 0),
    grp      INTEGER NOT NULL CHECK (grp >= 0),
    workflow INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    run      INTEGER NOT NULL,
    request  TEXT    CHECK (request <> ''),
    status   INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open     INTEGER NOT NULL CHECK (open IN (0, 1)),
    due      INTEGER NOT NULL,
    doc      TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX run_place ON run (workflow, instance, run);
CREATE UNIQUE INDEX run_request ON run (workflow, request) WHERE request IS NOT NULL;
CREATE INDEX run_open ON run (grp) WHERE open = 1;

CREATE TABLE step (
    id      INTEGER PRIMARY KEY CHECK (id > 0),
    grp     INTEGER NOT NULL CHECK (grp >= 0),
    run     INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status  INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open    INTEGER NOT NULL CHECK (open IN (0, 1)),
    due     INTEGER NOT NULL,
    doc     TEXT    NOT NULL
) STRICT;

CREATE INDEX step_place ON step (run, seq, attempt);
CREATE INDEX step_open ON step (grp) WHERE open = 1;

CREATE TABLE detail (
    id     INTEGER PRIMARY KEY CHECK (id > 0),
    grp    INTEGER NOT NULL CHECK (grp >= 0),
    run    INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open   INTEGER NOT NULL CHECK (open IN (0, 1)),
    due    INTEGER NOT NULL,
    doc    TEXT    NOT NULL
) STRICT;

CREATE INDEX detail_place ON detail (run, seq, kind);

CREATE TABLE quarantine (
    id     INTEGER PRIMARY KEY CHECK (id > 0),
    grp    INTEGER NOT NULL CHECK (grp >= 0),
    entity INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 32767),
    open   INTEGER NOT NULL CHECK (open IN (0, 1)),
    due    INTEGER NOT NULL,
    doc    TEXT    NOT NULL
) STRICT;

CREATE INDEX quarantine_place ON quarantine (entity);
CREATE INDEX quarantine_grp ON quarantine (grp);
