/** radosgw-admin's sync status, as real versions print it. */
import { describe, expect, it } from "vitest";
import { parseSyncStatus, syncLag, syncText } from "../../../steps/syncStatus.ts";

/** What radosgw-admin 16.2.15 printed. */
const HEAD = `
          realm 6bb3f075-9f87-4730-a7c6-a0f7dd1d3193 (harbor)
      zonegroup 0854f1e9-b3ed-45c1-a177-7607f5912263 (harbor)
           zone f2decf4e-f986-4f72-9249-b32743a40ca6 (harbor-secondary)
`;
const METADATA_DONE = `  metadata sync syncing
                full sync: 0/4 shards
                incremental sync: 4/4 shards
                metadata is caught up with master
`;
const SOURCE = "      data sync source: 5a938438-a9c9-43a5-aff1-2b58cd440fe7 (harbor-primary)\n";
const DATA_DONE = `${SOURCE}                        syncing
                        full sync: 0/4 shards
                        incremental sync: 4/4 shards
                        data is caught up with source
`;

const rows: [string, string, RegExp | undefined][] = [
  ["caught up", METADATA_DONE + DATA_DONE, undefined],
  [
    "caught up, real shard counts",
    (METADATA_DONE + DATA_DONE).replaceAll("/4", "/128").replaceAll(" 4/", " 128/"),
    undefined,
  ],
  [
    "0/0 shards prints caught up all the same",
    `${METADATA_DONE}${SOURCE}                        init
                        full sync: 0/0 shards
                        incremental sync: 0/0 shards
                        data is caught up with source
`,
    /^data from harbor-primary not started/,
  ],
  [
    "behind",
    `  metadata sync syncing
                full sync: 1/4 shards
                incremental sync: 3/4 shards
                metadata is behind on 1 shards
                behind shards: [0]
${SOURCE}                        syncing
                        full sync: 0/4 shards
                        incremental sync: 4/4 shards
                        data is behind on 2 shards
                        behind shards: [1,2]
                        oldest incremental change not applied: 2026-11-22T16:11:27.504467+0000 [1]
`,
    /metadata behind \(.*behind shards: \[0\]\); data from harbor-primary behind \(.*behind shards: \[1,2\]/,
  ],
  [
    "the other gateway is down; the exit code is 0",
    `  metadata sync syncing
                full sync: 0/4 shards
                failed to fetch master sync status: (5) Input/output error
${SOURCE}                        failed to retrieve sync info: (5) Input/output error
`,
    /metadata failed .*data from harbor-primary failed/,
  ],
  [
    "another period prints caught up all the same",
    `  metadata sync syncing
                full sync: 0/4 shards
                master is on a different period: master_period=0331 local_period=693a
                incremental sync: 4/4 shards
                metadata is caught up with master
${DATA_DONE}`,
    /^metadata failed/,
  ],
  ["no data source", METADATA_DONE, /^no data sync from harbor-primary$/],
  ["the zone is master itself", `  metadata sync no sync (zone is master)\n${DATA_DONE}`, /^metadata master/],
  [
    "full sync still going on",
    (METADATA_DONE + DATA_DONE).replace("full sync: 0/4", "full sync: 2/4"),
    /^metadata behind/,
  ],
  [
    "recovering",
    METADATA_DONE + DATA_DONE.replace("data is caught up with source", "1 shards are recovering"),
    /^data .* behind/,
  ],
  ["nothing printed", "", /metadata not started \(no status\); no data sync/],
];

describe("sync status", () => {
  it.each(rows)("%s", (_name, text, lag) => {
    const found = syncLag(parseSyncStatus(HEAD + text), "harbor-primary");
    if (lag === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(lag);
  });

  it("knows its own zone and says both directions in a few words", () => {
    const status = parseSyncStatus(HEAD + METADATA_DONE + DATA_DONE);
    expect(status.zone).toBe("harbor-secondary");
    expect(syncText(status, "harbor-primary")).toBe(
      "metadata caught up (4/4 shards), data from harbor-primary caught up (4/4 shards)",
    );
  });

  it("reads every source of a third zone too", () => {
    const third = DATA_DONE.replace("data sync source:", "source:").replace("harbor-primary", "harbor-third");
    expect([...parseSyncStatus(METADATA_DONE + DATA_DONE + third).data.keys()]).toEqual([
      "harbor-primary",
      "harbor-third",
    ]);
  });
});
