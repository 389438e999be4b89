/** The object store's period: who is master, and what a standby does about it. */
import { describe, expect, it } from "vitest";
import { type Period, parsePeriod, periodText, standbyCourse } from "../../../steps/period.ts";

const names = { zone: "harbor-secondary", peerZone: "harbor-primary" };
const period = (change: Partial<Period> = {}): Period => ({
  id: "aaaaaaaa-1",
  epoch: 3,
  realmEpoch: 2,
  master: "harbor-primary",
  zones: ["harbor-primary", "harbor-secondary"],
  ...change,
});

describe("parsePeriod", () => {
  const json = {
    id: "0331aaaa",
    epoch: 4,
    realm_epoch: 2,
    master_zonegroup: "g",
    master_zone: "z2",
    period_map: {
      zonegroups: [
        {
          id: "g",
          name: "harbor",
          master_zone: "z1",
          zones: [
            { id: "z1", name: "harbor-primary" },
            { id: "z2", name: "harbor-secondary" },
          ],
        },
      ],
    },
  };

  it("names the master by the period's own master_zone, not the zone group's", () => {
    expect(parsePeriod(json)).toEqual({
      id: "0331aaaa",
      epoch: 4,
      realmEpoch: 2,
      master: "harbor-secondary",
      zones: ["harbor-primary", "harbor-secondary"],
    });
  });

  it.each([undefined, "", {}, { id: 3 }, { Code: "AccessDenied" }])("%j is no period", (value) => {
    expect(parsePeriod(value)).toBeUndefined();
  });

  it("is shown in one line", () => {
    expect(periodText(period())).toBe("master zone harbor-primary, realm epoch 2, epoch 3, period aaaaaaaa");
  });
});

describe("standbyCourse", () => {
  it.each([
    ["first provisioning", undefined, period(), "wait"],
    ["peer dead", period(), undefined, "wait"],
    ["follows", period(), period({ epoch: 5 }), "following"],
    [
      "realm pulled, zone not added yet",
      period({ zones: ["harbor-primary"] }),
      period({ zones: ["harbor-primary"] }),
      "wait",
    ],
    [
      "demoted, the other not promoted yet",
      period({ master: "harbor-secondary" }),
      period({ master: "harbor-secondary" }),
      "notPromotedYet",
    ],
    ["the other was promoted", period({ master: "harbor-secondary" }), period({ id: "b", realmEpoch: 3 }), "pull"],
    [
      "promoted from the same period on both sides",
      period({ master: "harbor-secondary" }),
      period({ id: "b" }),
      "pull",
    ],
    [
      "stale other master: pulling would set this site back",
      period({ master: "harbor-secondary", realmEpoch: 3 }),
      period({ id: "b" }),
      "wait",
    ],
    ["a third zone is master", period(), period({ master: "other" }), "impossible"],
    ["no master at all", period(), period({ master: "" }), "impossible"],
  ] as const)("%s: %#", (_name, own, peer, kind) => {
    expect(standbyCourse(own, peer, names).kind).toBe(kind);
  });
});
