/**
 * Reads what `radosgw-admin sync status` prints. It is text for people, and "caught up" is also printed
 * when sync never started (0/0 shards) and while the zone is on another period
 * than its master, so neither is taken at its word. The exit code is 0 even when the other site is dead.
 */

/** Shards done of all, as in `incremental sync: 64/64 shards`. */
interface Shards {
  readonly done: number;
  readonly all: number;
}

/** One direction of sync: metadata from the master, or data from one source zone. */
export interface SyncState {
  /** `master` when the zone is the master and follows nobody. */
  readonly kind: "master" | "caught up" | "behind" | "not started" | "failed";
  readonly shards: Shards;
  /** What it printed, in one line. */
  readonly says: string;
}

/** The whole status. */
export interface SyncStatus {
  readonly zone: string;
  readonly metadata: SyncState;
  /** Data sync by name of the source zone. */
  readonly data: ReadonlyMap<string, SyncState>;
}

/** Parses the output. Sections begin at `metadata sync` and at each `source:`. */
export function parseSyncStatus(output: string): SyncStatus {
  const metadata: string[] = [];
  const sources = new Map<string, string[]>();
  let section: string[] | undefined;
  let zone = "";
  for (const line of output.split("\n").map((text) => text.trim())) {
    const source = /^(?:data sync )?source: \S+ \((?<name>[^)]+)\)/.exec(line)?.groups?.name;
    if (source !== undefined) {
      section = [];
      sources.set(source, section);
    } else if (line.startsWith("metadata sync")) {
      section = metadata;
      section.push(line.slice("metadata sync".length).trim());
    } else if (/^zone \S+ \(/.test(line)) {
      zone = /\(([^)]+)\)/.exec(line)?.[1] ?? "";
    } else if (line !== "") {
      section?.push(line);
    }
  }
  return {
    zone,
    metadata: stateOf(metadata),
    data: new Map([...sources].map(([name, lines]) => [name, stateOf(lines)])),
  };
}

function stateOf(lines: readonly string[]): SyncState {
  const says = lines.filter((line) => line !== "syncing").join("; ") || "no status";
  const full = shardsOf(lines, "full sync");
  const incremental = shardsOf(lines, "incremental sync");
  const shards = incremental ?? { done: 0, all: 0 };
  const state = (kind: SyncState["kind"]): SyncState => ({ kind, shards, says });
  if (/no sync \(zone is master\)/.test(says)) return state("master");
  if (/fail|error|different period/i.test(says)) return state("failed");
  if (shards.all === 0) return state("not started");
  const complete = shards.done === shards.all && (full?.done ?? 0) === 0;
  return state(complete && /is caught up with (master|source)/.test(says) ? "caught up" : "behind");
}

function shardsOf(lines: readonly string[], label: string): Shards | undefined {
  for (const line of lines) {
    const found = /^(?<label>[a-z ]+): (?<done>\d+)\/(?<all>\d+) shards$/.exec(line)?.groups;
    if (found?.label === label) return { done: Number(found.done), all: Number(found.all) };
  }
  return undefined;
}

/** What keeps a zone that follows `source` from having all that it has; undefined when nothing does. */
export function syncLag(status: SyncStatus, source: string): string | undefined {
  const data = status.data.get(source);
  const wanting = [
    ...(status.metadata.kind === "caught up" ? [] : [`metadata ${status.metadata.kind} (${status.metadata.says})`]),
    ...(data === undefined
      ? [`no data sync from ${source}`]
      : data.kind === "caught up"
        ? []
        : [`data from ${source} ${data.kind} (${data.says})`]),
  ];
  return wanting.length === 0 ? undefined : wanting.join("; ");
}

/** Both directions in a few words. */
export function syncText(status: SyncStatus, source: string): string {
  const part = (state: SyncState | undefined) =>
    state === undefined ? "none" : `${state.kind} (${state.shards.done}/${state.shards.all} shards)`;
  return `metadata ${part(status.metadata)}, data from ${source} ${part(status.data.get(source))}`;
}
