/**
 * The ceph.conf of one site: one monitor, one manager, one OSD and the gateways, on loopback in the site's namespace.
 *
 * A cluster of one OSD on a shared two-core machine must start in seconds, come back from SIGKILL of everything, and
 * not mind being stopped for a while. Most lines below exist for one of those three; the reason stands beside each.
 */
import { dataDir, type LabSite } from "../layout.ts";

/** Monitor's address: nobody outside the site's namespace speaks RADOS. */
export const MON_ADDRESS = "127.0.0.1";
/** Identity under which all gateways of a site reach their cluster. */
export const GATEWAY_CLIENT = "client.rgw";

export interface CephPlace {
  readonly dir: string;
  readonly conf: string;
  readonly keyring: string;
  readonly monmap: string;
  readonly mon: string;
  readonly osd: string;
  readonly mgr: string;
  readonly run: string;
}

export function cephPlace(site: LabSite): CephPlace {
  const dir = dataDir(site, "ceph");
  const below = (name: string): string => `${dir}/${name}`;
  return {
    dir,
    conf: below("ceph.conf"),
    keyring: below("keyring"),
    monmap: below("monmap"),
    mon: below("mon"),
    osd: below("osd"),
    mgr: below("mgr"),
    run: below("run"),
  };
}

/** Modules that a small Ceph does not need; loading them costs the manager 150 MB. */
const IDLE_MODULES =
  "balancer,crash,devicehealth,orchestrator,pg_autoscaler,progress,rbd_support,status,telemetry,volumes,prometheus,restful,dashboard,iostat,nfs";

const QUIET = [
  "rocksdb",
  "bluefs",
  "bluestore",
  "bdev",
  "osd",
  "mon",
  "paxos",
  "mgr",
  "mgrc",
  "rgw access",
  "objecter",
];

export function cephConf(place: CephPlace, fsid: string): string {
  return `[global]
fsid = ${fsid}
mon initial members = a
mon host = [v2:${MON_ADDRESS}:3300,v1:${MON_ADDRESS}:6789]
public addr = ${MON_ADDRESS}
cluster addr = ${MON_ADDRESS}
ms bind ipv6 = false
# With authentication off a gateway hangs for 300 s.
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${place.keyring}
run dir = ${place.run}
crash dir = ${place.run}
admin socket =
${QUIET.map((name) => `debug ${name} = 0/0`).join("\n")}
ms async op threads = 2
# One copy on one OSD.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail warn = 1
mon data avail crit = 1
mon cluster log to file = false
# Decisions of a lone monitor need no time to gather.
paxos propose interval = 0.02
paxos min wait = 0.005
# A gateway killed with SIGKILL leaves watches behind, and whoever commits a period waits for them. Clients ping every
# tick, so the limit must stay well above the tick.
osd client watch timeout = 8
objecter tick interval = 1
# A lone OSD never renews a read lease that it once let lapse, so the lease (0.8 of this) outlasts any pause.
osd heartbeat grace = 3600

[mon]
mon data = ${place.mon}
log to stderr = true
log to file = false

[mgr]
mgr data = ${place.mgr}
mgr initial modules =
mgr disabled modules = ${IDLE_MODULES}
log to stderr = true
log to file = false

[osd]
osd data = ${place.osd}
osd objectstore = bluestore
bluestore block create = true
# A sparse file: takes the room of what is in it.
bluestore block size = 17179869184
bluestore cache autotune = false
bluestore cache size = 33554432
osd memory target = 939524096
osd class update on start = false
osd op num shards = 2
osd op num threads per shard = 1
log to stderr = true
log to file = false

[${GATEWAY_CLIENT}]
rgw thread pool size = 32
# With the cache on, gateways watch each other and one that was killed delays the next start by 20 s and more.
rgw cache enabled = false
# A killed gateway's leases on the sync logs must lapse before the next one goes on syncing.
rgw sync lease period = 10
# Each request is logged at level 1 with its query, and the admin API takes a user's secret key in there.
debug rgw = 0/0
rgw enable usage log = false
log to stderr = true
log to file = false

[client]
# Replication works shard by shard; a registry of a few images does not need 128 and 64 of them.
rgw data log num shards = 4
rgw md log max shards = 4
rgw override bucket index max shards = 1
rgw dynamic resharding = false
`;
}
