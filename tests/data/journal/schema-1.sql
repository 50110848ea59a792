-- A journal of schema 1, as the first release wrote it: one run with a move in each state, one run that ended.
BEGIN TRANSACTION;
CREATE TABLE move (
    run TEXT NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    vm TEXT NOT NULL,
    vm_name TEXT NOT NULL,
    instance_uuid TEXT,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    findings TEXT NOT NULL,
    skipped TEXT NOT NULL,
    memory_bytes INTEGER,
    op_id TEXT,
    intent_at TEXT,
    task TEXT,
    state TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (run, position)
);
INSERT INTO "move" VALUES('r-1a2b3c',0,'vm-0','vm0','i-0','{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]}','{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}','[{"id":"vm.snapshots","severity":"warning","subject":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"message":"has 2 snapshots","remedy":"delete them","evidence":[["snapshot_count",2],["names",["a","b"]]],"origin":"client"}]','["cpu.threads"]',NULL,'vsphere-motion-r-1a2b3c-0-19abc','2026-11-22T20:00:00Z','task-1','failed','{"move":{"vm":{"ref":{"kind":"VirtualMachine","moid":"vm-0"},"name":"vm0","instance_uuid":"i-0"},"source":{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]},"destination":{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}},"state":"failed","task":"task-1","operation_id":null,"queued_at":null,"started_at":"2026-11-22T20:00:00Z","completed_at":"2026-11-22T20:00:00Z","fault":{"kind":"MigrationFault","message":"no","details":["a","b"]},"note":null,"motion":{"migration_id":"8743996508480001077","source_host":"esx01","destination_host":"esx02","source_address":null,"destination_address":null,"started_at":null,"precopy_ended_at":null,"page_send_ended_at":null,"resumed_at":null,"precopy_s":null,"pages_left":null,"switchover_goal_s":null,"precopy_bandwidth_bps":null,"send_bandwidth_bps":null,"transmit_to_dirty_percent":null,"dirty_rate_bps":null,"downtime_s":0.2,"downtime_measure":null,"encrypted":null,"failures":[],"lines":[{"host":"esx01","log":"vmkernel","number":7,"at":"2026-11-22T20:00:00Z","text":"\u001b[31m <line>"}],"notes":[]}}');
INSERT INTO "move" VALUES('r-1a2b3c',1,'vm-1','vm1','i-1','{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]}','{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}','[{"id":"vm.snapshots","severity":"warning","subject":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"message":"has 2 snapshots","remedy":"delete them","evidence":[["snapshot_count",2],["names",["a","b"]]],"origin":"client"}]','["cpu.threads"]',NULL,'vsphere-motion-r-1a2b3c-1-19abd','2026-11-22T20:00:00Z','task-1','submitted',NULL);
INSERT INTO "move" VALUES('r-1a2b3c',2,'vm-2','vm2','i-2','{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]}','{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}','[{"id":"vm.snapshots","severity":"warning","subject":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"message":"has 2 snapshots","remedy":"delete them","evidence":[["snapshot_count",2],["names",["a","b"]]],"origin":"client"}]','["cpu.threads"]',NULL,'vsphere-motion-r-1a2b3c-2-19abe','2026-11-22T20:00:00Z',NULL,'intent',NULL);
INSERT INTO "move" VALUES('r-1a2b3c',3,'vm-3','vm3','i-3','{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]}','{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}','[{"id":"vm.snapshots","severity":"warning","subject":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"message":"has 2 snapshots","remedy":"delete them","evidence":[["snapshot_count",2],["names",["a","b"]]],"origin":"client"}]','["cpu.threads"]',NULL,NULL,NULL,NULL,'planned',NULL);
INSERT INTO "move" VALUES('r-4d5e6f',0,'vm-0','vm0','i-0','{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]}','{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}','[{"id":"vm.snapshots","severity":"warning","subject":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"message":"has 2 snapshots","remedy":"delete them","evidence":[["snapshot_count",2],["names",["a","b"]]],"origin":"client"}]','["cpu.threads"]',NULL,NULL,NULL,NULL,'moved','{"move":{"vm":{"ref":{"kind":"VirtualMachine","moid":"vm-0"},"name":"vm0","instance_uuid":"i-0"},"source":{"host":{"ref":{"kind":"HostSystem","moid":"host-1"},"name":"esx01"},"pool":null,"folder":null,"datastores":[]},"destination":{"host":{"ref":{"kind":"HostSystem","moid":"host-2"},"name":"esx02"},"pool":null,"folder":null,"datastores":[]}},"state":"moved","task":"task-1","operation_id":null,"queued_at":null,"started_at":null,"completed_at":"2026-11-22T20:05:00Z","fault":null,"note":null,"motion":null}');
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    vcenter_uuid TEXT NOT NULL,
    info TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT
);
INSERT INTO "run" VALUES('r-1a2b3c','u-1','{"run":"r-1a2b3c","vcenter":{"host":"vc","instance_uuid":"u-1","product":"p","version":"8.0.3","api_version":"8.0.3.0"},"user":"someone","tool_version":"0","tls":"verified","started_at":"2026-11-22T20:00:00Z","ended_at":null}','2026-11-22T20:00:00Z',NULL);
INSERT INTO "run" VALUES('r-4d5e6f','u-1','{"run":"r-4d5e6f","vcenter":{"host":"vc","instance_uuid":"u-1","product":"p","version":"8.0.3","api_version":"8.0.3.0"},"user":"someone","tool_version":"0","tls":"verified","started_at":"2026-11-22T20:00:00Z","ended_at":null}','2026-11-22T20:00:00Z','2026-11-22T20:00:00Z');
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO "schema_version" VALUES(1);
COMMIT;
