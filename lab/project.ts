/**
 * The Pulumi project as a user of the lab has it: a copy of the program, the committed Pulumi.yaml, and
 * stack files that name the lab's addresses. The checkout itself is never written to, and every command
 * that is typed in this folder is the one that is typed on real clusters.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { SITES, type Site } from "../sites.ts";
import { checkout, type LabLayout } from "./layout.ts";
import { REDIS_NAME, REDIS_NAMESPACE, REDIS_PORT } from "./redis.ts";

/** What a clone has and the program does not need, or must not copy. */
const NOT_COPIED = new Set(["node_modules", ".git", "lab", "test", "docs", "examples", ...SITES.map(stackFile)]);

/** The namespace of the program's keys. */
const PROJECT = "harbor-dr";

/** The ports that the lab gives to each site's services. */
export const PORTS = { database: 31661, objectStore: 31480, harbor: 80 } as const;

function stackFile(site: Site): string {
  return `Pulumi.${site}.yaml`;
}

/** Folder in which `pulumi` is typed. */
export function projectDir(lab: LabLayout): string {
  return join(lab.dir, "project");
}

/** The address that clients use, in the lab's own zone. */
export function externalUrl(lab: LabLayout): string {
  return `http://registry.${lab.prefix}.test`;
}

/**
 * Writes the project folder anew from the checkout. Stack files that are there are kept, since
 * `pulumi config set` and the encrypted salt live in them.
 */
export function writeProject(lab: LabLayout): string {
  const dir = projectDir(lab);
  mkdirSync(dir, { recursive: true });
  for (const entry of readdirSync(checkout)) {
    if (NOT_COPIED.has(entry)) continue;
    rmSync(join(dir, entry), { recursive: true, force: true });
    cpSync(join(checkout, entry), join(dir, entry), { recursive: true });
  }
  rmSync(join(dir, "node_modules"), { force: true });
  symlinkSync(join(checkout, "node_modules"), join(dir, "node_modules"));
  for (const site of SITES) {
    const file = join(dir, stackFile(site));
    if (!existsSync(file)) writeFileSync(file, stringify({ config: stackConfiguration(lab, site) }));
  }
  return dir;
}

/** A site's configuration in the lab: small servers, plain HTTP, a load balancer, the lab's own DNS. */
export function stackConfiguration(lab: LabLayout, site: Site): Record<string, unknown> {
  const ports = { databasePort: PORTS.database, objectStorePort: PORTS.objectStore, harborPort: PORTS.harbor };
  const values = {
    site,
    kubeconfig: lab.kubeconfig,
    kubeContext: site,
    sites: Object.fromEntries(SITES.map((name) => [name, { address: lab.sites[name].address, ...ports }])),
    harbor: {
      version: "2.14.1",
      externalUrl: externalUrl(lab),
      expose: { type: "loadBalancer" },
      tls: { enabled: false, certSource: "none" },
    },
    // Debian 12 ships PostgreSQL 15, which Harbor 2.14 takes.
    postgres: { version: "15", volumeSize: "1Gi" },
    objectStore: { poolSize: 1, failureDomain: "osd" },
    redis: { address: `${REDIS_NAME}.${REDIS_NAMESPACE}.svc:${REDIS_PORT}`, existingSecret: REDIS_NAME },
    routing: { type: "externalDns", ttlSeconds: 1, resolver: `${lab.dnsAddress}:53` },
    timeouts: { gateSeconds: 20, databaseSeconds: 60, objectStoreSeconds: 120, harborSeconds: 60, routingSeconds: 30 },
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${PROJECT}:${key}`, value]));
}
