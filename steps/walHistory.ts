/**
 * Whether one server's write-ahead log is a prefix of another's: the only question that shows a
 * diverged database. Role, state, system identifier and even the timeline's number can all agree on
 * two servers that hold different rows, because a killed primary that comes back takes the next
 * timeline number by itself, just as the promoted standby did.
 */

/** Where a server is in its history. */
export interface WalPosition {
  readonly timeline: number;
  /** Write position of a primary, replay position of a standby: `0/3069F70`. */
  readonly lsn: string;
  /** Its timeline's history file: `parent<TAB>switch point<TAB>reason` by line. Timeline 1 has none. */
  readonly history: string;
}

interface Segment {
  readonly timeline: number;
  readonly begin: bigint;
  readonly end: bigint;
}

/** A log position as a number of bytes. */
export function lsnBytes(lsn: string): bigint {
  const parts = /^([0-9A-Fa-f]+)\/([0-9A-Fa-f]+)$/.exec(lsn);
  if (parts?.[1] === undefined || parts[2] === undefined) throw new Error(`\`${lsn}\` is no log position`);
  return (BigInt(`0x${parts[1]}`) << 32n) + BigInt(`0x${parts[2]}`);
}

/** A number of bytes as a log position. */
export const lsnText = (bytes: bigint): string =>
  `${(bytes >> 32n).toString(16)}/${(bytes & 0xffffffffn).toString(16)}`.toUpperCase();

/** Bytes from `from` to `to`; negative when `from` is ahead. */
export const lsnDistance = (from: string, to: string): bigint => lsnBytes(to) - lsnBytes(from);

/** Why `own` is not a prefix of `peer`, so that it can never follow it; undefined when it is one. */
export function divergence(own: WalPosition, peer: WalPosition): string | undefined {
  const theirs = new Map(segments(peer).map((segment) => [segment.timeline, segment]));
  const mine = segments(own);
  for (const [index, segment] of mine.entries()) {
    const counterpart = theirs.get(segment.timeline);
    const known = `timeline ${segment.timeline}`;
    if (counterpart === undefined) return `it is on ${known}, which the other site's history does not have`;
    if (segment.begin !== counterpart.begin) {
      return `its ${known} begins at ${lsnText(segment.begin)}, the other site's at ${lsnText(counterpart.begin)}`;
    }
    const current = index === mine.length - 1;
    if (current && segment.end > counterpart.end) {
      const reached = counterpart.timeline === peer.timeline ? "has only reached" : "left it at";
      return `it is at ${own.lsn} of ${known}, the other site ${reached} ${lsnText(counterpart.end)}`;
    }
    if (!current && segment.end !== counterpart.end) {
      const did = counterpart.timeline === peer.timeline ? "is still on it at" : "left it at";
      return `it left ${known} at ${lsnText(segment.end)}, the other site ${did} ${lsnText(counterpart.end)}`;
    }
  }
  return undefined;
}

function segments(position: WalPosition): Segment[] {
  const found: Segment[] = [];
  let begin = 0n;
  for (const line of position.history.split("\n")) {
    const fields = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line);
    if (fields?.[1] === undefined || fields[2] === undefined) continue;
    const end = lsnBytes(fields[2]);
    found.push({ timeline: Number(fields[1]), begin, end });
    begin = end;
  }
  return [...found, { timeline: position.timeline, begin, end: lsnBytes(position.lsn) }];
}
