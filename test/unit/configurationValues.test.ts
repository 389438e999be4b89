/** How values are read as the engine hands them over, and what the committed files say. */
import { describe, expect, it } from "vitest";
import { PROJECT, parseConfiguration } from "../../config.ts";
import { SITES } from "../../sites.ts";
import { changed, committedConfiguration, configurationOf } from "../committed.ts";

describe("the committed configuration", () => {
  it.each(SITES)("of %s is valid", (site) => {
    const config = configurationOf({ site });
    expect([config.site, config.activeSite]).toEqual([site, "primary"]);
    expect(config.supplied).toEqual({});
  });

  it("differs between the sites only in who they are and how their cluster is reached", () => {
    const [primary, secondary] = [committedConfiguration("primary"), committedConfiguration("secondary")];
    const keys = Object.keys({ ...primary, ...secondary }).filter((key) => primary[key] !== secondary[key]);
    expect(keys.sort()).toEqual([`${PROJECT}:kubeContext`, `${PROJECT}:site`]);
  });

  it("fills in what is not said", () => {
    const config = configurationOf({});
    expect(config.timeouts).toMatchObject({
      gateSeconds: 30,
      databaseSeconds: 600,
      objectStoreSeconds: 900,
      harborSeconds: 600,
    });
    expect(config.harbor.replicas.core).toBe(1);
    expect(config.postgres).toMatchObject({ instances: 2, service: "NodePort", maxSlotWalKeepSize: "10GB" });
    expect(config.objectStore).toMatchObject({ namespace: "rook-ceph", userKeys: "provided", poolSize: 3 });
    expect([config.namespace, config.rerun, config.routing]).toEqual(["harbor", 0, { type: "none" }]);
  });
});

describe("values as the engine hands them over", () => {
  const parsed = (more: Record<string, string>) =>
    parseConfiguration({ values: { ...committedConfiguration("primary"), ...more }, isSecret: () => false }, "primary");

  it("reads structures from JSON", () => {
    const postgres = JSON.stringify(changed("postgres", { instances: 3, parameters: { work_mem: "8MB" } }));
    expect(parsed({ [`${PROJECT}:postgres`]: postgres }).postgres).toMatchObject({
      instances: 3,
      parameters: { work_mem: "8MB" },
    });
  });

  it("reads a number from the text that `pulumi config set` stores", () => {
    expect(parsed({ [`${PROJECT}:rerun`]: "3" }).rerun).toBe(3);
  });

  it("takes a name of digits, or one that reads like JSON, for the text that it is", () => {
    expect(parsed({ [`${PROJECT}:kubeContext`]: "42" }).kubeContext).toBe("42");
    expect(parsed({ [`${PROJECT}:kubeContext`]: "true" }).kubeContext).toBe("true");
    expect(parsed({ [`${PROJECT}:homeStack`]: "null" }).homeStack).toBe("null");
  });

  it("leaves other projects' and providers' keys alone", () => {
    expect(parsed({ "aws:region": "eu-west-1", "kubernetes:context": "x" }).site).toBe("primary");
  });

  it("accepts the flip exactly as it is typed", () => {
    expect(parsed({ [`${PROJECT}:activeSite`]: "secondary" }).activeSite).toBe("secondary");
  });

  it("lets a stack that is named after no site be any site", () => {
    expect(configurationOf({ site: "secondary", stack: "staging-b" }).site).toBe("secondary");
  });
});

describe("accepted", () => {
  it.each<[string, Record<string, unknown>]>([
    [
      "Harbor 2.12 with PostgreSQL 14",
      { harbor: changed("harbor", { version: "2.12.4" }), postgres: changed("postgres", { version: "14" }) },
    ],
    ["a Harbor that is newer than this program knows", { harbor: changed("harbor", { version: "2.15.0" }) }],
    [
      "a load balancer at PostgreSQL's own port",
      {
        postgres: changed("postgres", { service: "LoadBalancer" }),
        sites: changed("sites", { primary: { databasePort: 5432 }, secondary: { databasePort: 5432 } }),
      },
    ],
    [
      "one balancer address for both sites with ports of their own",
      {
        sites: changed("sites", {
          primary: { harborHost: "lb.example.com", harborPort: 8443 },
          secondary: { harborHost: "lb.example.com", harborPort: 9443 },
        }),
      },
    ],
    ["another team", { postgres: changed("postgres", { teamId: "Infra", cluster: "infra-registry" }) }],
  ])("%s", (_, values) => {
    expect(configurationOf({ values }).site).toBe("primary");
  });
});
