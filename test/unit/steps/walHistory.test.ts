/** Whether one server's WAL is a prefix of another's, and how far behind it is. */
import { describe, expect, it } from "vitest";
import { divergence, lsnBytes, lsnDistance, lsnText, type WalPosition } from "../../../steps/walHistory.ts";

const at = (timeline: number, lsn: string, history = ""): WalPosition => ({ timeline, lsn, history });

/** Positions as real servers had them: PostgreSQL 15 under Patroni 3.0.2. */
const rows: [string, WalPosition, WalPosition, RegExp | undefined][] = [
  ["streams", at(1, "0/3069F00"), at(1, "0/3069F70"), undefined],
  ["in step", at(1, "0/3069F70"), at(1, "0/3069F70"), undefined],
  [
    "demoted, then the other promoted",
    at(1, "0/3069F70"),
    at(2, "0/30A5338", "1\t0/3069F70\tno recovery target specified\n"),
    undefined,
  ],
  ["demoted short of the fork", at(1, "0/3000000"), at(2, "0/30A5338", "1\t0/3069F70\tx\n"), undefined],
  [
    "two switches, followed",
    at(2, "0/30A5338", "1\t0/3069F70\tx\n"),
    at(3, "0/30B0000", "1\t0/3069F70\tx\n2\t0/30A5338\tx\n"),
    undefined,
  ],
  [
    "killed, came back as primary: same timeline number, other switch point",
    at(3, "0/4002288", "1\t0/3069F70\tx\n2\t0/40000A0\tx\n"),
    at(3, "0/30A5688", "1\t0/3069F70\tx\n2\t0/30A5338\tx\n"),
    /left timeline 2 at 0\/40000A0, the other site left it at 0\/30A5338/,
  ],
  [
    "killed with log that never left the site",
    at(1, "0/3070000"),
    at(2, "0/30A5338", "1\t0/3069F70\tx\n"),
    /left it at 0\/3069F70/,
  ],
  ["ahead on the same timeline", at(1, "0/3070000"), at(1, "0/3069F70"), /only reached 0\/3069F70/],
  [
    "on a timeline that the other never had",
    at(2, "0/3080000", "1\t0/3069F70\tx\n"),
    at(1, "0/3090000"),
    /left timeline 1 at 0\/3069F70, the other site is still on it/,
  ],
  [
    "same timeline number, begun elsewhere",
    at(2, "0/3080000", "1\t0/3060000\tx\n"),
    at(2, "0/3090000", "1\t0/3069F70\tx\n"),
    /left timeline 1 at 0\/3060000/,
  ],
  [
    "skipped a timeline",
    at(3, "0/4000000", "1\t0/3069F70\tx\n"),
    at(2, "0/5000000", "1\t0/3069F70\tx\n"),
    /timeline 3, which the other site's history does not have/,
  ],
];

describe("divergence", () => {
  it.each(rows)("%s", (_name, own, peer, why) => {
    const found = divergence(own, peer);
    if (why === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(why);
  });
});

describe("log positions", () => {
  it("are 64 bits: a file number and an offset", () => {
    expect(lsnBytes("1/0")).toBe(4294967296n);
    expect(lsnText(lsnBytes("16/B374D848"))).toBe("16/B374D848");
    expect(lsnDistance("0/FFFFFFFF", "1/0")).toBe(1n);
  });

  it("are refused when they are none", () => {
    expect(() => lsnBytes("")).toThrow("`` is no log position");
  });
});
