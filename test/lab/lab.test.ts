/**
 * The lab itself: what its verbs promise. A lab of its own prefix, so that one that is up for the demo stays as it is.
 */
import { existsSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminConfigFrom } from "../../lab/kube/cluster.ts";
import { KubeError, kubeRequest, readAccess } from "../../lab/kube/rest.ts";
import { cut, down, heal, kill, start, up } from "../../lab/lab.ts";
import { checkout, type LabSite, labLayout, labPrefix } from "../../lab/layout.ts";
import { withLock } from "../../lab/lock.ts";
import { namespaceExists, overlaps, processesIn } from "../../lab/network.ts";
import { run } from "../../lab/run.ts";
import { missingForLab, notSetUp } from "../../lab/setup/host.ts";
import { labStatus, statusTable } from "../../lab/status.ts";
import { Supervisor, startTimeOf } from "../../lab/supervisor.ts";
import { waitFor } from "../../lab/wait.ts";

const lacking = [...missingForLab(), ...notSetUp()];
const lab = labLayout(`${labPrefix().slice(0, 3)}x`);
const { primary, secondary } = lab.sites;
const quiet = (): void => undefined;

const cli = async (...words: string[]): Promise<string> =>
  await run(["node", "--import", "tsx", "lab/cli.ts", ...words], { cwd: checkout, env: { HARBOR_DR_LAB: lab.prefix } });

/** What a TCP connection from one place to a site's API server gives. */
async function connects(from: string | undefined, to: LabSite): Promise<boolean> {
  const probe = `timeout 1 bash -c '</dev/tcp/${to.address}/6443'`;
  try {
    await run(["sh", "-c", probe], from === undefined ? {} : { netns: from });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(lacking.length > 0)("lab", () => {
  beforeAll(async () => await down(lab, quiet));
  afterAll(async () => await down(lab, quiet));

  it("takes down nothing without complaint and says what is not up", async () => {
    expect(await cli("down")).toBe("");
    expect(await cli("status")).toContain(`lab "${lab.prefix}" is not up; start it with: npm run lab -- up`);
    await expect(kill(lab, "primary", quiet)).rejects.toThrow("is not up. Type: npm run lab -- up");
  }, 120_000);

  it("names wrong words and what is allowed, exit 2", async () => {
    await expect(cli("kill", "tertiary")).rejects.toThrow(
      /exit 2\n(.*\n)*tertiary is no site; allowed: primary, secondary/,
    );
    await expect(cli("explode")).rejects.toThrow(/exit 2\n(.*\n)*"explode" is no verb/);
  }, 120_000);

  it("refuses a subnet that the machine already uses, and leaves nothing behind", async () => {
    const device = `${lab.prefix}-taken`;
    await run(["ip", "link", "add", device, "type", "bridge"]);
    try {
      await run(["ip", "address", "add", `${primary.address}/30`, "dev", device]);
      await run(["ip", "link", "set", device, "up"]);
      await expect(up(lab, quiet)).rejects.toThrow(
        new RegExp(
          `wants the subnet ${lab.subnet.replaceAll(".", "\\.")}, which this machine already uses: .* on ${device}`,
        ),
      );
      expect(namespaceExists(primary.netns)).toBe(false);
    } finally {
      await run(["ip", "link", "delete", device]);
    }
  });

  it("brings both sites up, and a second time finds them running", async () => {
    await up(lab, quiet);
    const first = await labStatus(lab);
    expect(first.sites).toEqual({ primary: "up", secondary: "up" });
    expect(first.parts.filter((part) => part.state !== "running" && part.part !== "(others)")).toEqual([]);
    expect(first.memoryMiB).toBeLessThan(3 * 1024);
    await up(lab, quiet);
    const pids = (parts: typeof first.parts): unknown => parts.map(({ place, part, pid }) => [place, part, pid]);
    const again = await labStatus(lab);
    expect(pids(again.parts)).toEqual(expect.arrayContaining(pids(first.parts) as unknown[]));
    expect(statusTable(lab, again)).toMatch(/^primary +kube-apiserver +running +\d+ +\d+ MiB$/m);
  }, 120_000);

  it("gives the runner its namespaces and no more", async () => {
    expect(statSync(lab.kubeconfig).mode & 0o777).toBe(0o600);
    const kc = readAccess(lab.kubeconfig, "primary");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "kept" }, stringData: { word: "kept" } };
    const path = "/api/v1/namespaces/harbor/secrets";
    await kubeRequest(kc, { method: "POST", path, body: secret });
    for (const forbidden of ["/api/v1/namespaces/kube-system/secrets", "/api/v1/nodes"]) {
      const refused = kubeRequest(kc, { path: forbidden });
      await expect(refused).rejects.toSatisfy((thrown) => thrown instanceof KubeError && thrown.status === 403);
    }
    // What holds data is a person's to delete.
    const database = "/apis/acid.zalan.do/v1/namespaces/harbor/postgresqls/acid-harbor";
    const deletion = kubeRequest(kc, { method: "DELETE", path: database });
    await expect(deletion).rejects.toSatisfy((thrown) => thrown instanceof KubeError && thrown.status === 403);
  });

  it("refuses a second command that changes the same lab at once", async () => {
    await withLock(lab, "up", async () => {
      await expect(kill(lab, "primary", quiet)).rejects.toThrow(
        `"lab up" (process ${process.pid}) is working on the lab "${lab.prefix}"`,
      );
    });
  });

  it("cuts the sites off from each other and from nobody else, and heals", async () => {
    expect(await connects(primary.netns, secondary)).toBe(true);
    await cut(lab, quiet);
    expect((await labStatus(lab)).cut).toBe(true);
    expect(await connects(primary.netns, secondary)).toBe(false);
    expect(await connects(secondary.netns, primary)).toBe(false);
    expect(await connects(lab.outside.netns, primary)).toBe(true);
    expect(await connects(undefined, secondary)).toBe(true);
    await heal(lab, quiet);
    expect((await labStatus(lab)).cut).toBe(false);
    expect(await connects(primary.netns, secondary)).toBe(true);
  }, 120_000);

  it("kills a site at once and starts it again with its data", async () => {
    await kill(lab, "primary", quiet);
    expect(await processesIn(primary.netns)).toEqual([]);
    expect((await labStatus(lab)).sites).toEqual({ primary: "down", secondary: "up" });
    expect(await connects(undefined, primary)).toBe(false);
    expect(await connects(undefined, secondary)).toBe(true);
    await start(lab, "primary", quiet);
    const kc = adminConfigFrom(lab.kubeconfig, primary);
    const kept = await kubeRequest(kc, { path: "/api/v1/namespaces/harbor/secrets/kept" });
    expect(kept.data).toEqual({ word: Buffer.from("kept").toString("base64") });
    expect(await connects(secondary.netns, primary)).toBe(true);
  }, 120_000);

  it("shows the log of a part", async () => {
    expect((await cli("logs")).split("\n")).toContain("secondary/kube-apiserver");
    expect(await cli("logs", "operators")).toContain("==> primary/operators <==");
    await expect(cli("logs", "nobody")).rejects.toThrow('no log of "nobody"; there are: primary/');
  }, 120_000);

  it("leaves nothing running and nothing behind", async () => {
    const pids = (await labStatus(lab)).parts.flatMap((part) => (part.pid === undefined ? [] : [part.pid]));
    const before = pids.map(startTimeOf);
    await down(lab, quiet);
    expect(pids.map(startTimeOf).filter((time, index) => time !== undefined && time === before[index])).toEqual([]);
    const left = [
      lab.dir,
      `/sys/class/net/${lab.bridge}`,
      ...[primary, secondary, lab.outside].map((one) => `/run/netns/${one.netns}`),
    ];
    expect(left.filter(existsSync)).toEqual([]);
    expect(await run(["ip", "route", "show", "type", "unreachable"])).not.toContain(lab.subnet);
  }, 120_000);
});

describe("subnets", () => {
  it.each([
    ["10.200.1.0/24", "10.200.1.11", true],
    ["10.200.1.0/24", "10.200.0.0/16", true],
    ["10.200.1.0/24", "10.200.2.0/24", false],
    ["10.200.1.0/24", "172.17.0.0/16", false],
  ])("%s and %s overlap: %s", (one, other, expected) => {
    expect(overlaps(one, other)).toBe(expected);
  });
});

describe("waiting", () => {
  it("says everything that was last seen when the limit is reached", async () => {
    let turn = 0;
    const waiting = waitFor(
      "the moon",
      async (seen) => {
        turn += 1;
        if (turn % 2 === 0) throw new Error("clouds");
        seen("stars");
        return undefined;
      },
      { seconds: 0.2, everyMs: 20 },
    );
    await expect(waiting).rejects.toThrow(
      /^waited 0\.2 s for the moon; last seen:\n {2}- (stars\n {2}- clouds|clouds\n {2}- stars)$/,
    );
  });
});

describe.skipIf(lacking.length > 0)("supervisor", () => {
  it("says why a server that ends at once did not start", async () => {
    const place = { dir: `/tmp/harbor-dr-${lab.prefix}-none`, netns: "none-such" };
    await expect(new Supervisor(place).start("ghost", ["true"], { cwd: "/" })).rejects.toThrow(
      /ghost did not start in none-such: exit/,
    );
    await run(["rm", "-rf", place.dir]);
  });
});
