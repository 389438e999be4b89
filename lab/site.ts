/**
 * One site, from dark to serving: its base servers side by side, then the process that holds its operators.
 *
 * The base servers are what a cluster has before anybody declares anything in it. The rest (gateways, PostgreSQL,
 * Harbor) is started by the operators because custom resources ask for it.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { startCeph } from "./ceph/cluster.ts";
import { forgetPods, startKubernetes } from "./kube/cluster.ts";
import { checkout, type LabLayout, type LabSite } from "./layout.ts";
import { processesIn, setLink } from "./network.ts";
import { startRedis } from "./redis.ts";
import type { Report } from "./setup/report.ts";
import { Supervisor } from "./supervisor.ts";

interface BaseServer {
  readonly name: string;
  start(site: LabSite, processes: Supervisor, lab: LabLayout): Promise<void>;
}

const BASE_SERVERS: readonly BaseServer[] = [
  {
    name: "API server",
    start: async (site, processes, lab) => await startKubernetes(site, lab.kubeconfig, processes),
  },
  { name: "Ceph", start: startCeph },
  { name: "Redis", start: startRedis },
];

/** Folders that users postgres and ceph must be able to pass through. */
export function makeFolders(place: { readonly dir: string }): void {
  for (const dir of [place.dir, ...["data", "logs", "run"].map((part) => join(place.dir, part))]) {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
  }
}

export async function startSite(lab: LabLayout, site: LabSite, report: Report): Promise<void> {
  const wasDark = (await processesIn(site.netns)).length === 0;
  await setLink(lab, site.site, "up");
  const processes = new Supervisor(site);
  await Promise.all(
    BASE_SERVERS.map(async (server) => {
      await server.start(site, processes, lab);
      report(`${site.site}: ${server.name} ready`);
    }),
  );
  if (wasDark) await forgetPods(lab.kubeconfig, site);
  const operator = ["node", "--import", "tsx", "lab/operators/main.ts", site.site];
  await processes.start("operators", operator, { cwd: checkout, env: { HARBOR_DR_LAB: lab.prefix } });
  report(`${site.site}: operators started`);
}
