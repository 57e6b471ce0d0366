-- A database of schema 5, as digits 0.1.0 left it when it was killed: a dataset, a model, an evaluation of it, a
-- training that runs (on GPU 1) and one that waits.
BEGIN TRANSACTION;
CREATE TABLE answered_requests (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    job_id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    job_group TEXT NOT NULL COLLATE NOCASE,
    notes TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    finished REAL NOT NULL,
    spec TEXT NOT NULL,
    facts TEXT NOT NULL,
    run TEXT NOT NULL
, trashed REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO "jobs" VALUES('20261129-024721-3d28','dataset','small','','','','done',1.79592044200008869175e+09,1.79592044368335771557e+09,'{"image":{"channels":1,"height":28,"resize":"squash","width":28},"mean":true,"roots":["/srv/images","/srv/digits/jobs","/srv/digits/uploads"],"seed":1,"shuffle":true,"source":{"crops":"","labels":"","max_per_class":0,"min_per_class":2,"path":"/srv/images","percent_test":0,"percent_val":25,"root":"","test":"","test_max_per_class":null,"test_min_per_class":null,"test_path":"","train":"","type":"folder","val":"","val_max_per_class":null,"val_min_per_class":null,"val_path":""},"storage":{"backend":"lmdb","compression":"none","encoding":"png"},"threads":0,"type":"classification"}','{"abort_requested":false,"attempt":1,"device":"cpu (2 cores)","error":null,"format":1,"metrics":[],"network":null,"pid":0,"progress":{"done":6,"elapsed_s":0.09567011,"eta_s":0.0,"rate":62.71551271342742,"step":"create val_db","total":6,"unit":"images"},"result":{"bytes":53248,"format":1,"image":{"channels":1,"height":28,"resize":"squash","width":28},"images_per_s":183.2037140339335,"labels":["c0","c1"],"mean_file":"mean.binaryproto","mean_pixel":[134.42602040816325],"seconds":0.131001711,"splits":{"train":{"count":18,"db":"train_db","list":"train.txt","per_class":[9,9]},"val":{"count":6,"db":"val_db","list":"val.txt","per_class":[3,3]}},"storage":{"backend":"lmdb","compression":"none","encoding":"png"},"type":"classification","unreadable":{"count":0,"file":"unreadable.txt"}},"started":1795920442.0196235,"trashed":0.0,"wait_reason":""}','{"fresh_attempt":false,"gpu":"","log_start":0,"offset":1609,"oom_kills":0,"pid_start":258006,"seq":8}',0.0);
INSERT INTO "jobs" VALUES('20261129-024722-36b8','model','LeNet','','','','done',1.79592044211368036263e+09,1.7959204463714504242e+09,'{"augmentation":{"contrast":0.0,"flip":"none","hue":0.0,"noise":0.0,"rotation":0.0,"saturation":0.0,"scale":0.0,"turns":"none","value":0.0},"batch_accumulation":1,"batch_size":null,"crop_size":null,"dataset_dir":"/srv/digits/jobs/20261129-024721-3d28","dataset_id":"20261129-024721-3d28","epochs":2.0,"mean":"image","network":{"standard":"lenet"},"precision":"fp32","seed":1,"snapshot_interval":1.0,"solver":{"base_lr":0.01,"gamma":null,"lr_policy":"step","momentum":null,"power":null,"rms_decay":null,"step_percent":null,"steps_percent":[],"type":"SGD","weight_decay":null},"threads":0,"val_batch_size":null,"val_interval":1.0,"weights":[]}','{"abort_requested":false,"attempt":1,"device":"cpu (2 cores)","error":null,"format":1,"metrics":[{"best":{"epoch":1.0,"iteration":1,"value":1.0},"last":{"epoch":2.0,"iteration":2,"value":1.0},"series":"val/accuracy"},{"best":{"epoch":2.0,"iteration":2,"value":0.014526809565722942},"last":{"epoch":2.0,"iteration":2,"value":0.014526809565722942},"series":"val/loss"},{"best":null,"last":{"epoch":1.0,"iteration":1,"value":0.0011110509756932247},"series":"train/data_wait"},{"best":null,"last":{"epoch":1.0,"iteration":1,"value":2515.4684606044425},"series":"train/images_per_s"},{"best":null,"last":{"epoch":1.0,"iteration":1,"value":0.07570552080869675},"series":"train/loss"},{"best":null,"last":{"epoch":1.0,"iteration":1,"value":0.0010000000474974513},"series":"train/lr"}],"network":{"memory_bytes":43590268,"outputs":[{"name":"loss","type":"loss"}],"parameters":427072},"pid":0,"progress":{"done":2,"elapsed_s":0.188853134,"eta_s":0.0,"rate":10.590239926862955,"step":"train","total":2,"unit":"iterations"},"result":{"best":{"accuracy":1.0,"iteration":1},"iterations":2},"started":1795920443.7392566,"trashed":0.0,"wait_reason":""}','{"fresh_attempt":false,"gpu":"","log_start":0,"offset":1992,"oom_kills":0,"pid_start":258176,"seq":12}',0.0);
INSERT INTO "jobs" VALUES('20261129-024726-edc9','evaluation','eval','','','','done',1.79592044643796157829e+09,1.79592044886194896697e+09,'{"batch_size":32,"dataset_dir":"","model_dir":"","model_id":"20261129-024722-36b8","roots":["/srv/images","/srv/digits/jobs","/srv/digits/uploads"],"snapshot":"1","source":{"limit":0,"path":"","root":"","split":"val","type":"split"},"threads":0,"weights":"snapshot_iter_1.caffemodel"}','{"abort_requested":false,"attempt":1,"device":"cpu (2 cores)","error":null,"format":1,"metrics":[{"best":{"epoch":0.0,"iteration":1,"value":1.0},"last":{"epoch":0.0,"iteration":1,"value":1.0},"series":"val/accuracy"},{"best":{"epoch":0.0,"iteration":1,"value":1.0},"last":{"epoch":0.0,"iteration":1,"value":1.0},"series":"val/top-5"}],"network":null,"pid":0,"progress":{"done":6,"elapsed_s":0.344321031,"eta_s":0.0,"rate":17.42559838001879,"step":"evaluate","total":6,"unit":"images"},"result":{"count":6,"images_per_s":28.80584228570902,"labelled":6,"macro":{"f1":1.0,"precision":1.0,"recall":1.0},"seconds":0.20829108,"snapshot":{"iteration":1,"weights":"snapshot_iter_1.caffemodel"},"source":{"limit":0,"path":"","root":"","split":"val","type":"split"},"top1":1.0,"top5":1.0,"unreadable":0},"started":1795920446.4754004,"trashed":0.0,"wait_reason":""}','{"fresh_attempt":false,"gpu":"","log_start":0,"offset":951,"oom_kills":0,"pid_start":258450,"seq":5}',0.0);
INSERT INTO "jobs" VALUES('20261129-024728-34f6','model','waiting','','','','wait',1.79592044894934272768e+09,0.0,'{"augmentation":{"contrast":0.0,"flip":"none","hue":0.0,"noise":0.0,"rotation":0.0,"saturation":0.0,"scale":0.0,"turns":"none","value":0.0},"batch_accumulation":1,"batch_size":null,"crop_size":null,"dataset_dir":"/srv/digits/jobs/20261129-024721-3d28","dataset_id":"20261129-024721-3d28","epochs":2.0,"mean":"image","network":{"standard":"lenet"},"precision":"fp32","seed":1,"snapshot_interval":1.0,"solver":{"base_lr":0.01,"gamma":null,"lr_policy":"step","momentum":null,"power":null,"rms_decay":null,"step_percent":null,"steps_percent":[],"type":"SGD","weight_decay":null},"threads":0,"val_batch_size":null,"val_interval":1.0,"weights":[]}','{"abort_requested":false,"attempt":0,"device":"","error":null,"format":1,"metrics":[],"network":null,"pid":0,"progress":null,"result":null,"started":0.0,"trashed":0.0,"wait_reason":"waits for a running training to end"}','{"fresh_attempt":false,"gpu":"","log_start":0,"offset":0,"oom_kills":0,"pid_start":0,"seq":0}',0.0);
INSERT INTO "jobs" VALUES('20261129-024728-b638','model','running','','','','run',1.79592044893413281441e+09,0.0,'{"augmentation":{"contrast":0.0,"flip":"none","hue":0.0,"noise":0.0,"rotation":0.0,"saturation":0.0,"scale":0.0,"turns":"none","value":0.0},"batch_accumulation":1,"batch_size":null,"crop_size":null,"dataset_dir":"/srv/digits/jobs/20261129-024721-3d28","dataset_id":"20261129-024721-3d28","epochs":100000.0,"mean":"image","network":{"standard":"lenet"},"precision":"fp32","seed":1,"snapshot_interval":0.0,"solver":{"base_lr":0.01,"gamma":null,"lr_policy":"step","momentum":null,"power":null,"rms_decay":null,"step_percent":null,"steps_percent":[],"type":"SGD","weight_decay":null},"threads":0,"val_batch_size":null,"val_interval":1.0,"weights":[]}','{"abort_requested":false,"attempt":1,"device":"cpu (2 cores)","error":null,"format":1,"metrics":[{"best":{"epoch":1.0,"iteration":1,"value":1.0},"last":{"epoch":23.0,"iteration":23,"value":1.0},"series":"val/accuracy"},{"best":{"epoch":20.0,"iteration":20,"value":5.587936158235607e-08},"last":{"epoch":23.0,"iteration":23,"value":5.587936158235607e-08},"series":"val/loss"},{"best":null,"last":{"epoch":22.0,"iteration":22,"value":0.0011266543475480706},"series":"train/data_wait"},{"best":null,"last":{"epoch":22.0,"iteration":22,"value":985.8745435824482},"series":"train/images_per_s"},{"best":null,"last":{"epoch":22.0,"iteration":22,"value":5.774200317887335e-08},"series":"train/loss"},{"best":null,"last":{"epoch":22.0,"iteration":22,"value":0.009999999776482582},"series":"train/lr"}],"network":{"memory_bytes":43590268,"outputs":[{"name":"loss","type":"loss"}],"parameters":427072},"pid":8743,"progress":{"done":23,"elapsed_s":1.961287852,"eta_s":8525.377199104521,"rate":11.726988456358418,"step":"train","total":100000,"unit":"iterations"},"result":null,"started":1795920448.9370646,"trashed":0.0,"wait_reason":""}','{"fresh_attempt":false,"gpu":"1","log_start":0,"offset":10523,"oom_kills":0,"pid_start":258698,"seq":56}',0.0);
CREATE TABLE metrics (
    series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    epoch REAL NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, iteration)
) WITHOUT ROWID;
INSERT INTO "metrics" VALUES(1,0,0.0,0.53125);
INSERT INTO "metrics" VALUES(1,1,1.0,1.0);
INSERT INTO "metrics" VALUES(1,2,2.0,1.0);
INSERT INTO "metrics" VALUES(2,0,0.0,6.15048289299011230468e-01);
INSERT INTO "metrics" VALUES(2,1,1.0,7.04657137393951416015e-02);
INSERT INTO "metrics" VALUES(2,2,2.0,1.45268095657229423522e-02);
INSERT INTO "metrics" VALUES(3,0,0.0,2.67544914268117280326e-05);
INSERT INTO "metrics" VALUES(3,1,1.0,1.11105097569322470996e-03);
INSERT INTO "metrics" VALUES(4,0,0.0,7.70953377449775189254e+02);
INSERT INTO "metrics" VALUES(4,1,1.0,2.51546846060444249807e+03);
INSERT INTO "metrics" VALUES(5,0,0.0,6.54931545257568359375e-01);
INSERT INTO "metrics" VALUES(5,1,1.0,7.57055208086967468261e-02);
INSERT INTO "metrics" VALUES(6,0,0.0,9.99999977648258209228e-03);
INSERT INTO "metrics" VALUES(6,1,1.0,1.00000004749745130538e-03);
INSERT INTO "metrics" VALUES(7,1,0.0,1.0);
INSERT INTO "metrics" VALUES(8,1,0.0,1.0);
INSERT INTO "metrics" VALUES(9,0,0.0,0.53125);
INSERT INTO "metrics" VALUES(9,1,1.0,1.0);
INSERT INTO "metrics" VALUES(9,2,2.0,1.0);
INSERT INTO "metrics" VALUES(10,0,0.0,6.15048289299011230468e-01);
INSERT INTO "metrics" VALUES(10,1,1.0,7.04657137393951416015e-02);
INSERT INTO "metrics" VALUES(10,2,2.0,9.95997805148363113403e-03);
INSERT INTO "metrics" VALUES(11,0,0.0,1.43174789257733684247e-05);
INSERT INTO "metrics" VALUES(11,1,1.0,6.35411122746043694788e-04);
INSERT INTO "metrics" VALUES(11,2,2.0,5.87017541283556070451e-04);
INSERT INTO "metrics" VALUES(12,0,0.0,3.33570677557151668685e+02);
INSERT INTO "metrics" VALUES(12,1,1.0,3.87018080777216482591e+02);
INSERT INTO "metrics" VALUES(12,2,2.0,4.82422346321685608944e+02);
INSERT INTO "metrics" VALUES(13,0,0.0,6.54931545257568359375e-01);
INSERT INTO "metrics" VALUES(13,1,1.0,7.57055208086967468261e-02);
INSERT INTO "metrics" VALUES(13,2,2.0,1.03612132370471954345e-02);
INSERT INTO "metrics" VALUES(14,0,0.0,9.99999977648258209228e-03);
INSERT INTO "metrics" VALUES(14,1,1.0,9.99999977648258209228e-03);
INSERT INTO "metrics" VALUES(14,2,2.0,9.99999977648258209228e-03);
CREATE TABLE parents (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    parent_id TEXT NOT NULL,
    PRIMARY KEY (job_id, place)
) WITHOUT ROWID;
INSERT INTO "parents" VALUES('20261129-024722-36b8',0,'20261129-024721-3d28');
INSERT INTO "parents" VALUES('20261129-024726-edc9',1,'20261129-024721-3d28');
INSERT INTO "parents" VALUES('20261129-024728-34f6',0,'20261129-024721-3d28');
INSERT INTO "parents" VALUES('20261129-024728-b638',0,'20261129-024721-3d28');
INSERT INTO "parents" VALUES('20261129-024726-edc9',0,'20261129-024722-36b8');
CREATE TABLE request_keys (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    time REAL NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE TABLE schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL);
INSERT INTO "schema_versions" VALUES('jobs',5);
INSERT INTO "schema_versions" VALUES('requests',1);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (job_id, name)
);
INSERT INTO "series" VALUES(1,'20261129-024722-36b8','val/accuracy');
INSERT INTO "series" VALUES(2,'20261129-024722-36b8','val/loss');
INSERT INTO "series" VALUES(3,'20261129-024722-36b8','train/data_wait');
INSERT INTO "series" VALUES(4,'20261129-024722-36b8','train/images_per_s');
INSERT INTO "series" VALUES(5,'20261129-024722-36b8','train/loss');
INSERT INTO "series" VALUES(6,'20261129-024722-36b8','train/lr');
INSERT INTO "series" VALUES(7,'20261129-024726-edc9','val/accuracy');
INSERT INTO "series" VALUES(8,'20261129-024726-edc9','val/top-5');
INSERT INTO "series" VALUES(9,'20261129-024728-b638','val/accuracy');
INSERT INTO "series" VALUES(10,'20261129-024728-b638','val/loss');
INSERT INTO "series" VALUES(11,'20261129-024728-b638','train/data_wait');
INSERT INTO "series" VALUES(12,'20261129-024728-b638','train/images_per_s');
INSERT INTO "series" VALUES(13,'20261129-024728-b638','train/loss');
INSERT INTO "series" VALUES(14,'20261129-024728-b638','train/lr');
CREATE TABLE snapshots (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    epoch REAL NOT NULL,
    weights TEXT NOT NULL,
    state TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (job_id, iteration)
) WITHOUT ROWID;
INSERT INTO "snapshots" VALUES('20261129-024722-36b8',1,1.0,'snapshot_iter_1.caffemodel','snapshot_iter_1.solverstate',1.79592044624712777133e+09);
INSERT INTO "snapshots" VALUES('20261129-024722-36b8',2,2.0,'snapshot_iter_2.caffemodel','snapshot_iter_2.solverstate',1.79592044629112243658e+09);
CREATE TABLE status_history (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    time REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job_id, place)
) WITHOUT ROWID;
INSERT INTO "status_history" VALUES('20261129-024721-3d28',0,'init',1.79592044200008869175e+09,'');
INSERT INTO "status_history" VALUES('20261129-024721-3d28',1,'wait',1.79592044200008940698e+09,'');
INSERT INTO "status_history" VALUES('20261129-024721-3d28',2,'run',1.79592044201962351798e+09,'');
INSERT INTO "status_history" VALUES('20261129-024721-3d28',3,'done',1.79592044368335771557e+09,'');
INSERT INTO "status_history" VALUES('20261129-024722-36b8',0,'init',1.79592044211368036263e+09,'');
INSERT INTO "status_history" VALUES('20261129-024722-36b8',1,'wait',1.7959204421136820317e+09,'');
INSERT INTO "status_history" VALUES('20261129-024722-36b8',2,'run',1.79592044373925662035e+09,'');
INSERT INTO "status_history" VALUES('20261129-024722-36b8',3,'done',1.7959204463714504242e+09,'');
INSERT INTO "status_history" VALUES('20261129-024726-edc9',0,'init',1.79592044643796157829e+09,'');
INSERT INTO "status_history" VALUES('20261129-024726-edc9',1,'wait',1.79592044643796229369e+09,'');
INSERT INTO "status_history" VALUES('20261129-024726-edc9',2,'run',1.79592044647540044783e+09,'');
INSERT INTO "status_history" VALUES('20261129-024726-edc9',3,'done',1.79592044886194896697e+09,'');
INSERT INTO "status_history" VALUES('20261129-024728-34f6',0,'init',1.79592044894934272768e+09,'');
INSERT INTO "status_history" VALUES('20261129-024728-34f6',1,'wait',1.79592044894934320452e+09,'');
INSERT INTO "status_history" VALUES('20261129-024728-b638',0,'init',1.79592044893413281441e+09,'');
INSERT INTO "status_history" VALUES('20261129-024728-b638',1,'wait',1.79592044893413376807e+09,'');
INSERT INTO "status_history" VALUES('20261129-024728-b638',2,'run',1.79592044893706464766e+09,'');
CREATE INDEX jobs_by_created ON jobs (created, id);
CREATE INDEX jobs_by_name ON jobs (name, id);
CREATE INDEX jobs_by_finished ON jobs (finished, id);
CREATE INDEX parents_by_parent ON parents (parent_id);
CREATE INDEX jobs_by_kind ON jobs (kind, trashed, created, id);
CREATE INDEX jobs_in_trash ON jobs (trashed) WHERE trashed > 0;
CREATE INDEX jobs_by_state ON jobs (trashed, state, created, id);
CREATE INDEX answered_requests_by_time ON answered_requests (time);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',51);
COMMIT;
