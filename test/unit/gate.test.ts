/** The gate: asked before a promotion and nowhere else; what it refuses, nothing promotes. */
import { describe, expect, it } from "vitest";
import { refusalIn } from "../../components/gate.ts";
import { SITES, type Site } from "../../sites.ts";
import { STEP_INPUTS } from "../../steps/inputs.ts";
import { deploy, providerError, refused, type Variation } from "../harness.ts";

const peer = (site: Site): Site => (site === "primary" ? "secondary" : "primary");
const stepsCalled = async (variation: Variation) => {
  const { calls } = await deploy(variation);
  return calls.map(({ inputs }) => /steps\/(\w+)\.ts/.exec(String(inputs.command))?.[1]);
};
const REFUSAL = "refused: the database of secondary takes writes. Demote it first: pulumi up --stack secondary";
/** What the engine reports of a command that failed: the provider's frame around the step's own words. */
const framed = (text: string) =>
  `invocation of command:local:run returned an error: exit status 3: running "node --import tsx steps/gate.ts":\n${text}`;
const atTheGate = (command: string) => {
  if (command.includes("steps/gate.ts")) throw providerError(framed(REFUSAL));
  return {};
};

describe.each(SITES)("%s", (site) => {
  it("asks in every up that makes or keeps it active", async () => {
    expect(await stepsCalled({ site, activeSite: site })).toEqual(["preflight", "gate"]);
  });

  it("does not ask in a preview, which changes nothing", async () => {
    expect(await stepsCalled({ site, activeSite: site, preview: true })).toEqual(["preflight"]);
  });

  it("does not ask on a standby, where there is nothing to promote", async () => {
    expect(await stepsCalled({ site, activeSite: peer(site) })).toEqual(["preflight"]);
  });

  it("is told every path on which the other site could answer", async () => {
    const { calls } = await deploy({ site, activeSite: site });
    const environment = calls.find(({ inputs }) => String(inputs.command).includes("gate"))?.inputs.environment;
    const required = Object.entries(STEP_INPUTS.gate).flatMap(([name, given]) => (given === "optional" ? [] : [name]));
    expect(Object.keys(environment as object)).toEqual(expect.arrayContaining(required));
    const address = { primary: "192.0.2.10", secondary: "198.51.100.10" }[peer(site)];
    expect(environment).toMatchObject({
      DR_SITE: site,
      DR_PEER: peer(site),
      DR_ROLE: "active",
      DR_TIMEOUT_SECONDS: "30",
      DR_PEER_DATABASE_HOST: address,
      DR_PEER_OBJECT_STORE_ENDPOINT: `http://${address}:31480`,
      DR_PEER_HARBOR_ADDRESS: `${address}:443`,
    });
  });

  it("when it refuses, says so in its own words and registers nothing that takes on a role", async () => {
    const { failure, declared, calls } = await refused({ site, activeSite: site, call: atTheGate });
    expect(failure.message).toBe(REFUSAL);
    expect(calls).toHaveLength(2);
    const role = [
      "database-cluster",
      "database-proof",
      "object-store-realm",
      "object-store-proof",
      "object-store-bucket",
      "harbor-registry",
      "harbor-proof",
      "harbor-push-pull",
    ];
    expect(declared.filter((name) => role.includes(name))).toEqual([]);
    expect(declared).toContain("database-postgres");
  });

  it("when it refuses, leaves the address alone", async () => {
    const values = { routing: { type: "externalDns" } };
    const { declared } = await refused({ site, activeSite: site, values, call: atTheGate });
    expect(declared).not.toContain("routing-record");
  });
});

it("tells the person what it found, once it has passed", async () => {
  const stdout = JSON.stringify({ step: "gate", seconds: 0.4, proved: "the other site is dark" });
  const { said } = await deploy({ site: "secondary", activeSite: "secondary", call: () => ({ stdout }) });
  expect(said.join("\n")).toContain("the other site is dark");
});

describe("a preflight that fails", () => {
  it.each([true, false])("stops everything before anything is declared (preview: %s)", async (preview) => {
    const call = () => {
      throw providerError('exit status 1: running "node":\nkubeContext: no such context "harbor-primary"');
    };
    const { failure, declared } = await refused({ site: "primary", activeSite: "primary", preview, call });
    expect(failure.message).toBe('kubeContext: no such context "harbor-primary"');
    expect(declared).toEqual(["harbor-dr-primary"]);
  });

  it("asks the cluster for every kind and both namespaces", async () => {
    const { calls } = await deploy({ site: "primary", activeSite: "secondary" });
    const environment = calls[0]?.inputs.environment as Record<string, string>;
    expect(environment.DR_REQUIRED_NAMESPACES).toBe("harbor,rook-ceph");
    expect(environment.DR_REQUIRED_KINDS?.split(",")).toEqual([
      "ceph.rook.io/v1/cephobjectrealms",
      "ceph.rook.io/v1/cephobjectzonegroups",
      "ceph.rook.io/v1/cephobjectzones",
      "ceph.rook.io/v1/cephblockpools",
      "ceph.rook.io/v1/cephobjectstores",
      "ceph.rook.io/v1/cephobjectstoreusers",
      "acid.zalan.do/v1/postgresqls",
      "operator.alaudadevops.io/v1alpha1/harbors",
    ]);
  });
});

describe("refusalIn", () => {
  it.each([
    ["the provider's frame", framed(REFUSAL), REFUSAL],
    ["progress before it", `exit status 3: running "node":\n   1.2s  looking at secondary\n${REFUSAL}`, REFUSAL],
    ["no frame", REFUSAL, REFUSAL],
  ])("keeps the step's own words from a message with %s", (_, message, expected) => {
    expect(refusalIn(message)).toBe(expected);
  });

  it("keeps the whole message when the step said nothing", () => {
    expect(refusalIn('exit status 1: running "node": ')).toBe('exit status 1: running "node": ');
  });
});
