/**
 * Two stacks and one name in Route 53, with the genuine engine: whichever site is dead, whichever way it goes, and
 * when a site returns, the name has exactly one answer at every moment, and only promotions write.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  ChangeAction,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListHealthChecksCommand,
  RRType,
} from "@aws-sdk/client-route-53";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkout } from "../../lab/layout.ts";
import { type Engine, prepareEngine, type RunResult } from "../../lab/pulumi/engine.ts";
import { motoPython } from "../../lab/setup/moto.ts";
import { SITES, type Site } from "../../sites.ts";
import { type NameServer, nameServer } from "../nameServer.ts";
import { ok, SKIP, said } from "./bench.ts";
import { type Moto, startMoto } from "./moto.ts";

const HOSTNAME = "registry.example.com";
const HOSTS = { primary: "192.0.2.10", secondary: "198.51.100.10" } as const satisfies Record<Site, string>;
const ROLE = "arn:aws:iam::123456789012:role/harbor-dns";

// In CI the server is installed here if set-up did not; elsewhere its absence is said and counted as skipped.
const absent = SKIP || (motoPython() === undefined && process.env.CI !== "true");

describe.skipIf(absent)(`routing by Route 53${absent ? " (skipped: npm run setup installs moto)" : ""}`, () => {
  let moto: Moto;
  let engine: Engine;
  let dns: NameServer;
  let zoneId: string;
  let watching = true;
  let watch: Promise<void>;
  let seen: Record<string, string[]> = {};
  const everSeen = new Set<string>();
  const home = mkdtempSync(join(tmpdir(), "harbor-dr-route53-"));
  const project = join(home, "project");

  const pulumi = (site: Site, args: readonly string[]): Promise<RunResult> =>
    engine.run([...args, "--stack", site], { cwd: project, env: moto.env, timeoutSeconds: 120 });
  const up = async (site: Site, activeSite: Site, ...args: string[]): Promise<RunResult> => {
    const [before, wrote] = [moto.writes.length, activeSite === site];
    ok(await pulumi(site, ["config", "set", "activeSite", activeSite]));
    const result = ok(await pulumi(site, ["up", "--yes", "--skip-preview", ...args]));
    if (!wrote) expect(moto.writes.slice(before)).toEqual([]);
    return result;
  };
  const urns = async (site: Site): Promise<string[]> => {
    const { stdout } = ok(await pulumi(site, ["stack", "export"]));
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: { urn: string }[] } };
    return deployment.resources.map(({ urn }) => urn).sort();
  };

  beforeAll(async () => {
    moto = await startMoto();
    engine = await prepareEngine({ home: join(home, "engine"), standIns: true });
    const zone = await moto.client.send(new CreateHostedZoneCommand({ Name: "example.com", CallerReference: "test" }));
    zoneId = (zone.HostedZone?.Id ?? "").replace("/hostedzone/", "");
    const look = async () => {
      while (watching) {
        seen = await moto.records(zoneId, HOSTNAME);
        everSeen.add(JSON.stringify(seen));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    watch = look();
    dns = await nameServer((name) => (name === HOSTNAME ? seen : {}));
    mkdirSync(project);
    symlinkSync(join(checkout, "node_modules"), join(project, "node_modules"));
    const program = pathToFileURL(join(checkout, "test", "engine", "route53", "program.ts"));
    writeFileSync(join(project, "index.ts"), `export * from ${JSON.stringify(program)};\n`);
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
    const runtime = { name: "nodejs", options: { typescript: false, nodeargs: "--import tsx" } };
    writeFileSync(join(project, "Pulumi.yaml"), stringify({ name: "route53", runtime, main: "index.ts" }));
    const routing = { type: "route53", zoneId, ttlSeconds: 5, resolver: dns.address, assumeRoleArn: ROLE };
    for (const site of SITES) {
      ok(await pulumi(site, ["stack", "init"]));
      const config = { routing: JSON.stringify(routing), hosts: JSON.stringify(HOSTS), hostname: HOSTNAME };
      for (const [key, value] of Object.entries(config)) ok(await pulumi(site, ["config", "set", key, value]));
    }
  });
  afterAll(async () => {
    watching = false;
    await watch;
    await dns?.close();
    await moto?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it("lets a standby be provisioned first: nothing is written", async () => {
    await up("secondary", "primary");
    expect(seen).toEqual({});
  });

  it("points the name at the active site, by the role to assume, and proves it", async () => {
    ok(await up("primary", "primary"));
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.primary] });
    expect(moto.roles.at(-1)).toContain(`RoleArn=${ROLE}`);
    const { stdout } = ok(await pulumi("primary", ["stack", "output", "proofs", "--json"]));
    expect(stdout).toContain(`${HOSTNAME} points at ${HOSTS.primary} and nothing else`);
    everSeen.clear();
  });

  it("watches each site's own entry", async () => {
    const { HealthChecks = [] } = await moto.client.send(new ListHealthChecksCommand({}));
    const checked = HealthChecks.map(({ HealthCheckConfig: check }) => [check?.IPAddress, check?.ResourcePath]);
    expect(checked.sort()).toEqual(Object.values(HOSTS).map((host) => [host, "/api/v2.0/health"]));
  });

  it("has nothing more to do on either site", async () => {
    await up("primary", "primary", "--expect-no-changes");
    expect(said(await up("secondary", "primary", "--expect-no-changes"))).toContain("read");
  });

  it("fails over with the primary dead: one record, one write", async () => {
    const [before, standby] = [moto.writes.length, await urns("secondary")];
    await up("secondary", "secondary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.secondary] });
    expect(moto.writes.slice(before)).toEqual([expect.stringContaining("<Action>UPSERT</Action>")]);
    expect(await urns("secondary")).toEqual(standby);
  });

  it("lets the primary return with a stale stack: as standby it writes nothing", async () => {
    const active = await urns("primary");
    await up("primary", "secondary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.secondary] });
    expect(await urns("primary")).toEqual(active);
    await up("primary", "secondary", "--expect-no-changes");
  });

  it("goes home: the demotion leaves the answer, the promotion writes it, whatever the state remembers", async () => {
    await up("secondary", "primary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.secondary] });
    await up("primary", "primary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.primary] });
  });

  it("fails over the other way, with the secondary dead, and takes it back", async () => {
    await up("primary", "secondary");
    await up("secondary", "secondary");
    await up("primary", "primary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.primary] });
    await up("secondary", "primary");
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.primary] });
  });

  it("leaves the answer when both stacks are destroyed", async () => {
    for (const site of SITES) ok(await pulumi(site, ["destroy", "--yes", "--skip-preview"]));
    expect(await moto.records(zoneId, HOSTNAME)).toEqual({ A: [HOSTS.primary] });
  });

  it("never lost its answer, and never pointed at both", () => {
    expect([...everSeen].sort()).toEqual(Object.values(HOSTS).map((host) => JSON.stringify({ A: [host] })));
  });

  it("refuses a name with records of another kind, and says which", async () => {
    const ResourceRecordSet = {
      Name: HOSTNAME,
      Type: RRType.AAAA,
      TTL: 5,
      ResourceRecords: [{ Value: "2001:db8::1" }],
    };
    const ChangeBatch = { Changes: [{ Action: ChangeAction.CREATE, ResourceRecordSet }] };
    await moto.client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch }));
    const refused = await pulumi("primary", ["preview"]);
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toContain(`${HOSTNAME} already has records of another kind: AAAA`);
  });
});
