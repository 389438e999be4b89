/** The stand-in for the Harbor operator reads what the program writes, and names what it cannot honour. */
import { describe, expect, it } from "vitest";
import { harborSpec } from "../../../components/harborSpec.ts";
import { HARBOR_PARTS, harborSchema } from "../../../config/harborSchema.ts";
import { PARTS, podAddress, wantedReplicas } from "../../../lab/operators/harbor/parts.ts";
import { servicesOf } from "../../../lab/operators/harbor/services.ts";
import { type HarborPlan, planOf } from "../../../lab/operators/harbor/values.ts";
import type { Role } from "../../../sites.ts";

type Given = Readonly<Record<string, unknown>>;

function specOf(role: Role, given: Given = {}) {
  const settings = harborSchema.parse({
    version: "2.14.1",
    externalUrl: "https://registry.example.com",
    expose: { type: "nodePort" },
    ...given,
  });
  return harborSpec(role, settings, {
    database: { host: "acid-harbor", port: 5432, database: "registry", user: "harbor", passwordSecret: "password" },
    bucket: { bucket: "harbor", region: "us-east-1", endpoint: "http://gateway.example.com:7480" },
    redis: {
      address: "harbor-redis:6379",
      existingSecret: "harbor-redis",
      existingSecretKey: "REDIS_PASSWORD",
      tls: false,
    },
  });
}

function accepted(spec: unknown): HarborPlan {
  const plan = planOf(spec);
  if ("problems" in plan) throw new Error(plan.problems.join("\n"));
  return plan;
}

const problems = (spec: unknown): readonly string[] => {
  const plan = planOf(spec);
  return "problems" in plan ? plan.problems : [];
};

describe("the Harbor operator's stand-in", () => {
  it.each<[Role, number]>([
    ["active", 1],
    ["standby", 0],
  ])("reads the program's values on the %s site", (role, count) => {
    const plan = accepted(specOf(role));
    expect(plan.externalUrl).toBe("https://registry.example.com");
    expect(wantedReplicas(plan.values)).toEqual(Object.fromEntries(PARTS.map((part) => [part, count])));
  });

  it("has the program's parts", () => {
    expect([...PARTS].sort()).toEqual([...HARBOR_PARTS].sort());
  });

  it("leaves nginx to the ingress and the exporter to metrics", () => {
    const { values } = accepted(specOf("active", { expose: { type: "ingress" }, metrics: false }));
    expect(wantedReplicas(values)).toMatchObject({ nginx: 0, exporter: 0, core: 1 });
  });

  it.each([
    ["nodePort", "NodePort"],
    ["loadBalancer", "LoadBalancer"],
    ["clusterIP", "ClusterIP"],
  ])("declares the entry of expose.type %s", (type, kind) => {
    const { values } = accepted(specOf("standby", { expose: { type }, tls: { enabled: true } }));
    const services = servicesOf({ release: "harbor", namespace: "harbor" }, values);
    expect(services.at(-1)).toMatchObject({
      kind: "Service",
      metadata: { name: "harbor" },
      spec: { type: kind, selector: { release: "harbor", app: "harbor", component: "nginx" } },
    });
    expect(services.at(-1)).toMatchObject({ spec: { ports: [{ targetPort: 8080 }, { targetPort: 8443 }] } });
  });

  it("gives every pod an address of its own", () => {
    const addresses = PARTS.flatMap((part) => [0, 1, 2].map((index) => podAddress(part, index)));
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it("refuses old versions and names every value that it cannot honour", () => {
    const good = specOf("active");
    const { helmValues } = good;
    expect(problems({ ...good, version: "2.12.3" })).toEqual(['spec.version: "2.12.3" is not 2.12.4 or later']);
    const wrong = {
      ...helmValues,
      database: { ...helmValues.database, type: "internal" },
      redis: { ...helmValues.redis, external: { ...helmValues.redis.external, addr: "a:26379,b:26379" } },
    };
    expect(problems({ ...good, helmValues: wrong })).toEqual([
      'spec.helmValues.database.type: "internal" is not in this lab: Harbor\'s own PostgreSQL cannot be replicated to the other site',
      "spec.helmValues.redis.external.addr: one host:port; this lab has no Sentinel",
    ]);
  });

  it("ignores a misspelt value, as Helm does", () => {
    const good = specOf("active");
    const misspelt = { ...good, helmValues: { ...good.helmValues, portal: { replica: 3 } } };
    expect(wantedReplicas(accepted(misspelt).values).portal).toBe(1);
  });
});
