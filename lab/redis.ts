/**
 * The Redis that users bring: one per site, local, not replicated, under the same name and password on both sites.
 *
 * It stands in the site as a pod behind the Service `harbor-redis` with its password in a Secret of that name, which
 * is how Harbor's values refer to it.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataDir, type LabSite, labLayout } from "./layout.ts";
import { apply, readyPod, type SiteContext } from "./operators/controller.ts";
import type { Supervisor } from "./supervisor.ts";

/** Loopback address within the site's namespace, and so the same on both sites. */
export const REDIS_ADDRESS = "127.1.9.1";
export const REDIS_PORT = 6379;
export const REDIS_NAMESPACE = "harbor";
/** Name of Service, Secret and pod. */
export const REDIS_NAME = "harbor-redis";

const NAME = "redis";

/** One for the lab, made by whoever asks first. */
function password(site: LabSite): string {
  const file = join(labLayout(site.prefix).dir, "redis-password");
  if (!existsSync(file)) {
    mkdirSync(join(file, ".."), { recursive: true });
    try {
      writeFileSync(file, randomBytes(18).toString("base64url"), { mode: 0o600, flag: "wx" });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    }
  }
  return readFileSync(file, "utf8").trim();
}

export async function startRedis(site: LabSite, processes: Supervisor): Promise<void> {
  const dir = dataDir(site, "redis");
  mkdirSync(dir, { recursive: true });
  const config = join(dir, "redis.conf");
  const lines = [
    `bind ${REDIS_ADDRESS}`,
    `port ${REDIS_PORT}`,
    `dir ${dir}`,
    `requirepass ${password(site)}`,
    "appendonly yes",
    'save ""',
    "databases 16",
    "daemonize no",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  await processes.start(NAME, ["redis-server", config]);
}

/** What the site's users see of it: Secret, Service and a pod that stands for the server. */
export async function declareRedis(context: SiteContext): Promise<void> {
  const metadata = { name: REDIS_NAME, namespace: REDIS_NAMESPACE };
  const labels = { app: REDIS_NAME };
  await apply(context, {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    stringData: { REDIS_PASSWORD: password(context.lab) },
  });
  await apply(context, {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: labels, ports: [{ name: "redis", port: REDIS_PORT, targetPort: REDIS_PORT }] },
  });
  await apply(
    context,
    readyPod(context, {
      namespace: REDIS_NAMESPACE,
      name: `${REDIS_NAME}-0`,
      labels,
      podIP: REDIS_ADDRESS,
      containers: ["redis"],
    }),
  );
}
