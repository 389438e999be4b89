/** What set-up says about a machine, and how a lab is named, without installing or starting anything. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { labLayout, labPrefix } from "../../../lab/layout.ts";
import { goToolFile, requireGoTool } from "../../../lab/setup/goTools.ts";
import { missingForLab } from "../../../lab/setup/host.ts";
import { elapsedReport } from "../../../lab/setup/report.ts";

afterEach(() => vi.unstubAllEnvs());

describe("Go tools", () => {
  it("are taken from KUBEBUILDER_ASSETS, and it is said what is not there", () => {
    const assets = mkdtempSync(join(tmpdir(), "assets-"));
    try {
      writeFileSync(join(assets, "etcd"), "");
      chmodSync(join(assets, "etcd"), 0o755);
      vi.stubEnv("KUBEBUILDER_ASSETS", assets);
      expect(goToolFile("etcd")).toBe(join(assets, "etcd"));
      expect(() => goToolFile("kube-apiserver")).toThrow(
        `KUBEBUILDER_ASSETS is ${assets}, which has no executable "kube-apiserver". Point it at`,
      );
    } finally {
      rmSync(assets, { recursive: true });
    }
  });

  it("that are not built yet say how to get them; without Go the machine cannot host the lab", () => {
    vi.stubEnv("XDG_CACHE_HOME", join(tmpdir(), "no-such-cache"));
    vi.stubEnv("KUBEBUILDER_ASSETS", "");
    expect(() => requireGoTool("kwok")).toThrow("kwok is not built yet. Type: npm run setup");
  });

  it("need no Go where they are built, and none of it is asked of a machine twice", () => {
    for (const line of missingForLab()) expect(line).toMatch(/^(Linux|Debian|root|CAP_|Go 1)/);
  });
});

describe("layout", () => {
  it("gives labs of different prefixes different places", () => {
    const [one, other] = [labLayout("one"), labLayout("two")];
    expect(one.subnet).not.toBe(other.subnet);
    expect(one.dir).not.toBe(other.dir);
    expect(one.sites.primary.peerAddress).toBe(one.sites.secondary.address);
    const devices = [one.bridge, one.outside.netns, one.sites.primary.netns, labLayout("four").sites.secondary.netns];
    for (const name of devices) expect(name.length).toBeLessThanOrEqual(15);
  });

  it("refuses a prefix that cannot name a device", () => {
    vi.stubEnv("HARBOR_DR_LAB", "Too-Long");
    expect(() => labPrefix()).toThrow(/HARBOR_DR_LAB is "Too-Long".*export HARBOR_DR_LAB=lab/);
  });

  it("has the same prefix for the same checkout when none is given", () => {
    vi.stubEnv("HARBOR_DR_LAB", "");
    expect(labPrefix()).toMatch(/^[a-z]{4}$/);
    expect(labPrefix()).toBe(labPrefix());
  });
});

describe("progress", () => {
  it("has elapsed seconds in front of every line", () => {
    const written: string[] = [];
    elapsedReport((text) => void written.push(text))("begun");
    expect(written[0]).toMatch(/^ {4}0\.0s {2}begun\n$/);
  });
});
