BEGIN TRANSACTION;
CREATE TABLE accounts (
    target INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (target, number)
) WITHOUT ROWID;
INSERT INTO "accounts" VALUES(1,0,'{"number":0,"pair":["movie","Algorithm","pagerank"],"created":1750000000.0,"seated":true,"discovered":3,"vanished":0,"finished":{"success":1,"failed":1},"late":{},"durations":{"success":{"counts":[0,1,0,0,0,0,0,0,0,0,0,0,0],"seconds":4.0},"failed":{"counts":[0,0,0,1,0,0,0,0,0,0,0,0,0],"seconds":49.0}},"durations_created":null,"last_start":{"seconds":1750028809.0,"local":true},"last_success":{"seconds":1750028809.0,"local":true},"last_failure":{"seconds":1750028850.0,"local":true},"last_success_seconds":4.0,"unlisted_since":null}');
INSERT INTO "accounts" VALUES(1,1,'{"number":1,"pair":["movie","ImportGraph",""],"created":1750000000.0,"seated":true,"discovered":1,"vanished":0,"finished":{"success":1},"late":{},"durations":{"success":{"counts":[0,0,1,0,0,0,0,0,0,0,0,0,0],"seconds":10.0}},"durations_created":null,"last_start":{"seconds":1750028810.0,"local":true},"last_success":{"seconds":1750028820.0,"local":true},"last_failure":null,"last_success_seconds":10.0,"unlisted_since":null}');
INSERT INTO "accounts" VALUES(2,0,'{"number":0,"pair":["fraud","Algorithm","pagerank"],"created":1750000000.0,"seated":true,"discovered":1,"vanished":1,"finished":{},"late":{},"durations":{},"durations_created":null,"last_start":{"seconds":1750028805.0,"local":true},"last_success":null,"last_failure":null,"last_success_seconds":null,"unlisted_since":1750000720.0}');
INSERT INTO "accounts" VALUES(3,0,'{"number":0,"pair":["movie","ImportGraph",""],"created":1750000000.0,"seated":true,"discovered":2,"vanished":0,"finished":{"success":1},"late":{},"durations":{"success":{"counts":[0,1,0,0,0,0,0,0,0,0,0,0,0],"seconds":4.0}},"durations_created":null,"last_start":{"seconds":1750000005.0,"local":false},"last_success":{"seconds":1750000009.0,"local":false},"last_failure":null,"last_success_seconds":4.0,"unlisted_since":null}');
CREATE TABLE imports (
    target INTEGER NOT NULL,
    graph TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (target, graph)
) WITHOUT ROWID;
INSERT INTO "imports" VALUES(1,'movie','{"graph":"movie","created":1750000000.0,"seated":true,"lines":{"edge":10},"failed_lines":{"edge":1},"files":{"edge":{"success":1}},"unreported":{},"last":{"edge":{"at":{"seconds":1750028820.0,"local":true},"lines":10,"failed_lines":1}},"unlisted_since":null}');
INSERT INTO "imports" VALUES(2,'fraud','{"graph":"fraud","created":1750000000.0,"seated":true,"lines":{},"failed_lines":{},"files":{},"unreported":{},"last":{},"unlisted_since":null}');
INSERT INTO "imports" VALUES(3,'movie','{"graph":"movie","created":1750000000.0,"seated":true,"lines":{},"failed_lines":{},"files":{},"unreported":{},"last":{},"unlisted_since":null}');
CREATE TABLE jobs (
    target INTEGER NOT NULL,
    id TEXT NOT NULL,
    account INTEGER NOT NULL,
    status TEXT NOT NULL,
    flags INTEGER NOT NULL,
    absent_since REAL,
    open BLOB,
    owed BLOB,
    PRIMARY KEY (target, id)
) WITHOUT ROWID;
INSERT INTO "jobs" VALUES(1,'a',0,'success',1,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(1,'b',0,'running',0,NULL,'{"id":"b","pair":["movie","Algorithm","pagerank"],"status":"running","first_seen":1750000060.0,"begin":{"seconds":1750028809.0,"local":true},"progress":0.5,"progress_moved":1750000060.0,"missing_since":null,"lines":{}}',NULL);
INSERT INTO "jobs" VALUES(1,'c',0,'failed',1,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(1,'d',1,'success',1,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'a',0,'running',2,1750001380.0,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'e',0,'success',1,NULL,NULL,'{"job_id":"e","graph":"movie","account":"movie","since":1750000060.0,"at":{"seconds":1750000009.0,"local":false},"files":[{"kind":"edge","status":"success","lines":null,"failed_lines":null,"begin":null,"end":null}],"refusals":0}');
INSERT INTO "jobs" VALUES(3,'f',0,'running',0,NULL,'{"id":"f","pair":["movie","ImportGraph",""],"status":"running","first_seen":1750000060.0,"begin":{"seconds":1750000005.0,"local":false},"progress":null,"progress_moved":null,"missing_since":null,"lines":{}}',NULL);
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    graph TEXT NOT NULL,
    plane TEXT NOT NULL,
    state BLOB NOT NULL,
    UNIQUE (project, graph, plane)
);
INSERT INTO "targets" VALUES(1,'demo','movie','service','{"met":1750000000.0,"last_success":1750000060.0,"last_began":1750000060.0,"last_complete":1750000060.0,"asked":1750000060.0,"awake":60.0,"api":{"name":"memory","statuses":["pending","running","success","partially_failed","failed"],"timed":true,"reports_lines":true},"bounds":[1,5,15,60,300,900,1800,3600,7200,14400,43200,86400],"newest":{"https://10.0.0.5":[1750028850.0,null]},"clocks":{"https://10.0.0.5":{"offset":28800.0,"interval":[-43201.0,50401.0],"witness":"b"}}}');
INSERT INTO "targets" VALUES(2,'demo','fraud','service','{"met":1750000000.0,"last_success":1750001380.0,"last_began":1750001380.0,"last_complete":1750001380.0,"asked":1750001380.0,"awake":1380.0,"api":{"name":"memory","statuses":["pending","running","success","partially_failed","failed"],"timed":true,"reports_lines":true},"bounds":[1,5,15,60,300,900,1800,3600,7200,14400,43200,86400],"newest":{"https://10.0.0.5":[1750028805.0,null]},"clocks":{"https://10.0.0.5":{"offset":28800.0,"interval":[-43201.0,50401.0],"witness":"a"}}}');
INSERT INTO "targets" VALUES(3,'demo','','management','{"met":1750000000.0,"last_success":1750000060.0,"last_began":1750000060.0,"last_complete":1750000060.0,"asked":1750000060.0,"awake":60.0,"api":{"name":"v2","statuses":["pending","running","success","partially_failed","failed"],"timed":true,"reports_lines":true},"bounds":[1,5,15,60,300,900,1800,3600,7200,14400,43200,86400],"newest":{"https://10.0.0.5":[null,1750000009.0]},"clocks":{}}');
PRAGMA user_version = 1;
COMMIT;
