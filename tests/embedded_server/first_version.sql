-- A database as the first version of the server wrote it, with the key pair
-- {"access_key": "EA3C0F6188869B7FD28A", "secret_key": "PcL9LN70F2SUQZlX081Qa1C4J4ctUMkMCdaQDTpL9lM79AP3"}
PRAGMA application_id = 1129139301;
BEGIN TRANSACTION;
CREATE TABLE documents (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (collection, id)
    );
INSERT INTO "documents" VALUES(1,'companies','embedded','{"id":"embedded","name":"clearml"}');
INSERT INTO "documents" VALUES(2,'users','1900d037174da6a0348a8702a13ccd2a','{"id":"1900d037174da6a0348a8702a13ccd2a","name":"automl","company":"embedded","role":"admin","created":"2026-11-21T18:30:52.077692+00:00"}');
INSERT INTO "documents" VALUES(3,'projects','11111111111111111111111111111111','{"id":"11111111111111111111111111111111","name":"old project","user":"1900d037174da6a0348a8702a13ccd2a","company":"embedded","path":[]}');
INSERT INTO "documents" VALUES(4,'tasks','22222222222222222222222222222222','{"id":"22222222222222222222222222222222","name":"old task","type":"training","status":"completed","project":"11111111111111111111111111111111","user":"1900d037174da6a0348a8702a13ccd2a","company":"embedded","created":"2026-10-01T12:00:00.000000+00:00","last_update":"2026-10-01T12:30:00.000000+00:00","hyperparams":{"Args":{"depth":{"section":"Args","name":"depth","value":"3"}}},"execution":{}}');
CREATE TABLE event_bodies (
        id INTEGER PRIMARY KEY,
        series INTEGER NOT NULL,
        iteration INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (series, iteration)
    );
INSERT INTO "event_bodies" VALUES(1,2,0,1790000000000,'{"plot_str": "{}"}');
CREATE TABLE event_series (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        metric TEXT NOT NULL,
        variant TEXT NOT NULL,
        UNIQUE (owner, kind, metric, variant)
    );
INSERT INTO "event_series" VALUES(1,'22222222222222222222222222222222','scalar','loss','training');
INSERT INTO "event_series" VALUES(2,'22222222222222222222222222222222','plot','p','v');
CREATE TABLE key_pairs (
        access_key TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        salt BLOB NOT NULL,
        secret_hash BLOB NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL
    );
INSERT INTO "key_pairs" VALUES('EA3C0F6188869B7FD28A','1900d037174da6a0348a8702a13ccd2a',X'902C683256DABC735AFAB38497EBDB6E',X'4148FEE3F5C9E88D23438F3964F5088B1A17761FE842AAE871105D332C842FBE','first',1.7952858520779678822e+09);
CREATE TABLE log_lines (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        iteration INTEGER,
        level TEXT,
        worker TEXT,
        message TEXT NOT NULL
    );
INSERT INTO "log_lines" VALUES(1,'22222222222222222222222222222222',1790000000000,NULL,NULL,NULL,'an old line');
CREATE TABLE login_links (token_hash BLOB PRIMARY KEY, user TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE migrations (position INTEGER PRIMARY KEY, statement TEXT NOT NULL UNIQUE);
INSERT INTO "migrations" VALUES(1,'CREATE TABLE documents ( number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (collection, id) )');
INSERT INTO "migrations" VALUES(2,'CREATE INDEX documents_by_name ON documents (collection, json_extract(body, ''$."name"''))');
INSERT INTO "migrations" VALUES(3,'CREATE INDEX documents_by_project ON documents (collection, json_extract(body, ''$."project"''))');
INSERT INTO "migrations" VALUES(4,'CREATE INDEX documents_by_parent ON documents (collection, json_extract(body, ''$."parent"''))');
INSERT INTO "migrations" VALUES(5,'CREATE INDEX documents_by_status ON documents (collection, json_extract(body, ''$."status"''))');
INSERT INTO "migrations" VALUES(6,'CREATE INDEX documents_by_task ON documents (collection, json_extract(body, ''$."task"''))');
INSERT INTO "migrations" VALUES(7,'CREATE INDEX documents_by_user ON documents (collection, json_extract(body, ''$."user"''))');
INSERT INTO "migrations" VALUES(8,'CREATE INDEX documents_by_created ON documents (collection, json_extract(body, ''$."created"''))');
INSERT INTO "migrations" VALUES(9,'CREATE INDEX documents_by_last_update ON documents (collection, json_extract(body, ''$."last_update"''))');
INSERT INTO "migrations" VALUES(10,'CREATE INDEX documents_by_status_changed ON documents (collection, json_extract(body, ''$."status_changed"''))');
INSERT INTO "migrations" VALUES(11,'CREATE TABLE event_series ( id INTEGER PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL, UNIQUE (owner, kind, metric, variant) )');
INSERT INTO "migrations" VALUES(12,'CREATE TABLE scalars ( series INTEGER NOT NULL, iteration INTEGER NOT NULL, timestamp INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, iteration, timestamp, value) ) WITHOUT ROWID');
INSERT INTO "migrations" VALUES(13,'CREATE TABLE event_bodies ( id INTEGER PRIMARY KEY, series INTEGER NOT NULL, iteration INTEGER NOT NULL, timestamp INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (series, iteration) )');
INSERT INTO "migrations" VALUES(14,'CREATE TABLE log_lines ( id INTEGER PRIMARY KEY, owner TEXT NOT NULL, timestamp INTEGER NOT NULL, iteration INTEGER, level TEXT, worker TEXT, message TEXT NOT NULL )');
INSERT INTO "migrations" VALUES(15,'CREATE INDEX log_lines_by_time ON log_lines (owner, timestamp, id)');
INSERT INTO "migrations" VALUES(16,'CREATE TABLE key_pairs ( access_key TEXT PRIMARY KEY, user TEXT NOT NULL, salt BLOB NOT NULL, secret_hash BLOB NOT NULL, label TEXT NOT NULL DEFAULT '''', created REAL NOT NULL )');
INSERT INTO "migrations" VALUES(17,'CREATE TABLE signing_keys (name TEXT PRIMARY KEY, value BLOB NOT NULL)');
INSERT INTO "migrations" VALUES(18,'CREATE TABLE login_links (token_hash BLOB PRIMARY KEY, user TEXT NOT NULL, expires REAL NOT NULL)');
INSERT INTO "migrations" VALUES(19,'CREATE TABLE worker_reports ( worker TEXT NOT NULL, timestamp REAL NOT NULL, has_task INTEGER NOT NULL, statistics TEXT NOT NULL, PRIMARY KEY (worker, timestamp) ) WITHOUT ROWID');
INSERT INTO "migrations" VALUES(20,'CREATE INDEX worker_reports_by_time ON worker_reports (timestamp)');
CREATE TABLE scalars (
        series INTEGER NOT NULL,
        iteration INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (series, iteration, timestamp, value)
    ) WITHOUT ROWID;
INSERT INTO "scalars" VALUES(1,0,1790000000000,1.0);
INSERT INTO "scalars" VALUES(1,1,1790000000001,0.5);
INSERT INTO "scalars" VALUES(1,2,1790000000002,3.33333333333333314829e-01);
INSERT INTO "scalars" VALUES(1,3,1790000000003,0.25);
INSERT INTO "scalars" VALUES(1,4,1790000000004,0.2);
CREATE TABLE signing_keys (name TEXT PRIMARY KEY, value BLOB NOT NULL);
INSERT INTO "signing_keys" VALUES('tokens',X'F093DAF31BD2865FA6FF9D161E02E8A378C2F8C6C0BE1703D1049B0000A86B52');
CREATE TABLE worker_reports (
        worker TEXT NOT NULL,
        timestamp REAL NOT NULL,
        has_task INTEGER NOT NULL,
        statistics TEXT NOT NULL,
        PRIMARY KEY (worker, timestamp)
    ) WITHOUT ROWID;
CREATE INDEX documents_by_name ON documents (collection, json_extract(body, '$."name"'));
CREATE INDEX documents_by_project ON documents (collection, json_extract(body, '$."project"'));
CREATE INDEX documents_by_parent ON documents (collection, json_extract(body, '$."parent"'));
CREATE INDEX documents_by_status ON documents (collection, json_extract(body, '$."status"'));
CREATE INDEX documents_by_task ON documents (collection, json_extract(body, '$."task"'));
CREATE INDEX documents_by_user ON documents (collection, json_extract(body, '$."user"'));
CREATE INDEX documents_by_created ON documents (collection, json_extract(body, '$."created"'));
CREATE INDEX documents_by_last_update ON documents (collection, json_extract(body, '$."last_update"'));
CREATE INDEX documents_by_status_changed ON documents (collection, json_extract(body, '$."status_changed"'));
CREATE INDEX log_lines_by_time ON log_lines (owner, timestamp, id);
CREATE INDEX worker_reports_by_time ON worker_reports (timestamp);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('documents',4);
COMMIT;
