-- The journal's first layout, as it was, with something in every table. It is never changed: it must always upgrade.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN TRANSACTION;
CREATE TABLE asks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they came, whatever the clock said
    id TEXT NOT NULL,                          -- as the log and the API have it: unique within a daemon's life
    wearer INTEGER NOT NULL,
    utc REAL,                                  -- NULL where the clock has never been known to be right
    instant REAL NOT NULL,                     -- CLOCK_MONOTONIC of that life
    origin TEXT NOT NULL,
    trigger TEXT NOT NULL,
    resumes TEXT NOT NULL,
    outcome TEXT,                              -- NULL while it is under way
    code TEXT,
    endpoint TEXT,
    frame_offset REAL,
    times TEXT,                                -- JSON: seconds from the instant to each station
    tokens_in INTEGER,
    tokens_out INTEGER,
    money REAL,
    prompt TEXT,                               -- `keep: text` alone
    answer TEXT
) STRICT;
INSERT INTO "asks" VALUES(1,'press-1',1,1790000000.5,812.25,'button','main press','','finished',NULL,'https://a.example/v1',-0.03,'{"frame":0.04,"sent":0.31,"first_delta":1.2,"done":2.6}',900,21,0.0023,'这是什么?','一只猫。');
INSERT INTO "asks" VALUES(2,'scene-2',2,NULL,830.0,'scene','scene change','','failed','no_network','https://a.example/v1',NULL,'{"done":3.0}',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "asks" VALUES(3,'press-3',2,1790000100.0,911.75,'button','main press','','cut_off','gap_timeout','https://a.example/v1',0.01,'{"done":9.0}',NULL,NULL,NULL,'读出图中的文字。','出口 →');
INSERT INTO "asks" VALUES(4,'resume-4',2,1790000110.0,921.5,'button','main press','press-3',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'读出图中的文字。',NULL);
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    utc REAL,
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;
INSERT INTO "audit" VALUES(1,1790000050.0,'export','uid 1000',1);
CREATE TABLE outbox (
    item INTEGER PRIMARY KEY AUTOINCREMENT,
    utc REAL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending')),
    sealed BLOB NOT NULL
) STRICT;
INSERT INTO "outbox" VALUES(2,1790000106.0,'sending',X'44556677');
INSERT INTO "outbox" VALUES(3,NULL,'queued',X'8899');
CREATE TABLE pictures (
    ask INTEGER NOT NULL REFERENCES asks ON DELETE CASCADE,
    place INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (ask, place)
) STRICT;
INSERT INTO "pictures" VALUES(1,1,'image/jpeg',2,1,X'FFD8FFE000104A464946');
CREATE TABLE skips (
    day INTEGER NOT NULL,                      -- local days since 1970-01-01; -1 while the clock was not known
    wearer INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, wearer, trigger, why)
) STRICT, WITHOUT ROWID;
INSERT INTO "skips" VALUES(20717,2,'every 5min','busy',4);
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "state" VALUES('spent','{"hour_number":497222,"hour":{"asks":3,"frames":3,"tokens":2700,"money":0.0071},"day_number":20717,"day":{"asks":40,"frames":38,"tokens":36000,"money":0.09}}');
INSERT INTO "state" VALUES('wearer','2');
CREATE INDEX asks_of_wearer ON asks (wearer, number);
CREATE INDEX asks_by_time ON asks (utc);
CREATE INDEX asks_under_way ON asks (id) WHERE outcome IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('asks',4);
INSERT INTO "sqlite_sequence" VALUES('outbox',3);
INSERT INTO "sqlite_sequence" VALUES('audit',1);
COMMIT;
PRAGMA user_version = 1;
