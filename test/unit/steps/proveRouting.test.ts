/** What a resolver answers, against a real DNS server: only the target alone, several times in a row, is a proof. */
import { afterEach, describe, expect, it } from "vitest";
import { Deadline } from "../../../steps/deadline.ts";
import { Progress } from "../../../steps/progress.ts";
import { proveRouting } from "../../../steps/proveRouting.ts";
import { type Answer, askAuthority, pointsAt } from "../../../steps/resolver.ts";
import { type NameServer, nameServer, type Zone } from "../../nameServer.ts";

const HOSTNAME = "registry.example.com";
let server: NameServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function prove(zone: Zone, target: string, { role = "active", seconds = 2 } = {}) {
  server = await nameServer(zone);
  const lines: string[] = [];
  const environment = {
    DR_SITE: "secondary",
    DR_PEER: "primary",
    DR_ROLE: role,
    DR_TIMEOUT_SECONDS: String(seconds),
    DR_HOSTNAME: HOSTNAME,
    DR_TARGET: target,
    DR_TTL_SECONDS: "1",
    DR_RESOLVER: server.address,
  };
  const progress = new Progress((line) => lines.push(line));
  const outcome = await proveRouting({ environment, deadline: new Deadline(seconds), progress }).catch(
    (error: unknown) => error as Error,
  );
  return { outcome, lines: lines.join("\n") };
}

describe("proveRouting", () => {
  it("proves an address, an IPv6 address and an alias", async () => {
    const cases: [Zone, string, string][] = [
      [() => ({ A: ["198.51.100.10"] }), "198.51.100.10", "198.51.100.10"],
      [() => ({ AAAA: ["2001:db8::2"] }), "2001:DB8:0::2", "2001:db8::2"],
      [() => ({ CNAME: ["lb.second.example.com"] }), "LB.second.example.com.", "alias lb.second.example.com"],
      // Flattened by the server: the addresses of the target itself.
      [() => ({ A: ["198.51.100.10", "198.51.100.11"] }), "lb.second.example.com", "198.51.100.10, 198.51.100.11"],
    ];
    for (const [zone, target, answer] of cases) {
      const { outcome } = await prove(zone, target);
      expect(outcome).toMatchObject({ seen: { hostname: HOSTNAME, answer } });
      await server?.close();
    }
    server = undefined;
  });

  it("waits out the old answer, and starts counting again when it comes back", async () => {
    const old = ["192.0.2.10"];
    let asked = 0;
    const zone: Zone = () => {
      asked += 1;
      // Three questions make one look: CNAME, A, AAAA.
      const look = Math.ceil(asked / 3);
      return { A: look <= 2 || look === 4 ? old : ["198.51.100.10"] };
    };
    const { outcome, lines } = await prove(zone, "198.51.100.10", { seconds: 10 });
    expect(outcome).toMatchObject({ proved: expect.stringContaining("5 answers in a row") });
    expect(lines.match(/192\.0\.2\.10/g)?.length).toBe(2);
  });

  it.each<[string, Zone, string]>([
    ["the other site", () => ({ A: ["192.0.2.10"] }), "192.0.2.10"],
    ["both sites", () => ({ A: ["192.0.2.10", "198.51.100.10"] }), "192.0.2.10, 198.51.100.10"],
    ["this site and an IPv6 address beside it", () => ({ A: ["198.51.100.10"], AAAA: ["2001:db8::1"] }), "2001:db8::1"],
    ["nothing", () => ({}), "nothing"],
  ])("fails within its limit when the name points at %s", async (_, zone, seen) => {
    const { outcome, lines } = await prove(zone, "198.51.100.10", { seconds: 1 });
    expect((outcome as Error).message).toContain(`${HOSTNAME} pointing at 198.51.100.10 alone`);
    expect((outcome as { remedy?: string }).remedy).toContain("routing.resolver");
    expect(lines).toContain(seen);
  });

  it("can ask the zone's own servers, past every cache", async () => {
    const zones: Record<string, ReturnType<Zone>> = {
      "example.com": { NS: ["ns.example.com"] },
      "ns.example.com": { A: ["127.0.0.1"] },
      [HOSTNAME]: { A: ["192.0.2.10"] },
    };
    server = await nameServer((name) => zones[name] ?? {});
    const port = Number(server.address.split(":")[1]);
    expect(await askAuthority(server.address, HOSTNAME, port)).toBe("ns.example.com says 192.0.2.10");
    expect(await askAuthority(server.address, "registry.example.net", port)).toBeUndefined();
  });

  it("has nothing to prove on a standby, whatever the name says", async () => {
    const { outcome } = await prove(() => ({}), "198.51.100.10", { role: "standby" });
    expect(outcome).toMatchObject({ proved: expect.stringContaining("secondary is a standby") });
  });
});

describe("an answer", () => {
  const answer = (alias: string[], addresses: string[]): Answer => ({ alias, addresses });
  it.each<[string, Answer, string, Answer | undefined, boolean]>([
    ["an address behind an alias", answer(["x.example.com"], ["192.0.2.1"]), "192.0.2.1", undefined, true],
    ["another alias", answer(["y.example.com"], []), "x.example.com", undefined, false],
    [
      "part of the target's addresses",
      answer([], ["192.0.2.1"]),
      "x.example.com",
      answer([], ["192.0.2.1", "192.0.2.2"]),
      false,
    ],
    ["two names that resolve to nothing", answer([], []), "x.example.com", answer([], []), false],
  ])("of %s", (_, given, target, behind, points) => {
    expect(pointsAt(given, target, behind)).toBe(points);
  });
});
