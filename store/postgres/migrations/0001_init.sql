-- The oldest format whose programs may open this database is in least_reader.
INSERT INTO meta (key, value) VALUES ('least_reader', 1), ('next_id', 1);

CREATE TABLE node (
    name        text   PRIMARY KEY CHECK (name <> ''),
    incarnation bigint NOT NULL CHECK (incarnation > 0),
    last_batch  bigint NOT NULL CHECK (last_batch >= 0),
    time        bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE flow_group (
    id         integer PRIMARY KEY CHECK (id >= 0),
    generation bigint  NOT NULL CHECK (generation >= 0),
    node       text,
    state      bytea   NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE message (
    receiver integer NOT NULL CHECK (receiver >= 0),
    sender   integer NOT NULL CHECK (sender >= 0),
    number   bigint  NOT NULL CHECK (number > 0),
    sent     bigint  NOT NULL,
    body     bytea   NOT NULL,
    PRIMARY KEY (receiver, sender, number)
);

CREATE TABLE workflow (
    id     bigint   PRIMARY KEY CHECK (id > 0),
    grp    integer  NOT NULL CHECK (grp >= 0),
    name   text     COLLATE "C" CHECK (name <> ''),
    status smallint NOT NULL CHECK (status >= 0),
    open   boolean  NOT NULL,
    due    bigint   NOT NULL,
    doc    text     NOT NULL
);

CREATE UNIQUE INDEX workflow_name ON workflow (name);
CREATE INDEX workflow_grp ON workflow (grp, id);

CREATE TABLE version (
    id       bigint   PRIMARY KEY CHECK (id > 0),
    grp      integer  NOT NULL CHECK (grp >= 0),
    workflow bigint   NOT NULL,
    version  bigint   NOT NULL,
    status   smallint NOT NULL CHECK (status >= 0),
    open     boolean  NOT NULL,
    due      bigint   NOT NULL,
    doc      text     NOT NULL
);

CREATE UNIQUE INDEX version_place ON version (workflow, version);

CREATE TABLE run (
    id       bigint   PRIMARY KEY CHECK (id > 0),
    grp      integer  NOT NULL CHECK (grp >= 0),
    workflow bigint   NOT NULL,
    instance bigint   NOT NULL,
    run      bigint   NOT NULL,
    request  text     COLLATE "C" CHECK (request <> ''),
    status   smallint NOT NULL CHECK (status >= 0),
    open     boolean  NOT NULL,
    due      bigint   NOT NULL,
    doc      text     NOT NULL
);

CREATE UNIQUE INDEX run_place ON run (workflow, instance, run);
CREATE UNIQUE INDEX run_request ON run (workflow, request) WHERE request IS NOT NULL;
CREATE INDEX run_open ON run (grp, id) WHERE open;

CREATE TABLE step (
    id      bigint   PRIMARY KEY CHECK (id > 0),
    grp     integer  NOT NULL CHECK (grp >= 0),
    run     bigint   NOT NULL,
    seq     bigint   NOT NULL,
    attempt bigint   NOT NULL,
    status  smallint NOT NULL CHECK (status >= 0),
    open    boolean  NOT NULL,
    due     bigint   NOT NULL,
    doc     text     NOT NULL
);

CREATE INDEX step_place ON step (run, seq, attempt, id);
CREATE INDEX step_open ON step (grp, id) WHERE open;

CREATE TABLE detail (
    id     bigint   PRIMARY KEY CHECK (id > 0),
    grp    integer  NOT NULL CHECK (grp >= 0),
    run    bigint   NOT NULL,
    seq    bigint   NOT NULL,
    kind   bigint   NOT NULL,
    status smallint NOT NULL CHECK (status >= 0),
    open   boolean  NOT NULL,
    due    bigint   NOT NULL,
    doc    text     NOT NULL
);

CREATE INDEX detail_place ON detail (run, seq, kind, id);

CREATE TABLE quarantine (
    id     bigint   PRIMARY KEY CHECK (id > 0),
    grp    integer  NOT NULL CHECK (grp >= 0),
    entity bigint   NOT NULL,
    status smallint NOT NULL CHECK (status >= 0),
    open   boolean  NOT NULL,
    due    bigint   NOT NULL,
    doc    text     NOT NULL
);

CREATE INDEX quarantine_place ON quarantine (entity, id);
CREATE INDEX quarantine_grp ON quarantine (grp, id);
