/**
 * The process that stands for all operators of one site: `node --import tsx lab/operators/main.ts <site>`.
 *
 * It runs inside the site's network namespace, so it dies with the site, and brings the site's servers back from what
 * the API server holds when it is started again.
 */
import { SITES } from "../../sites.ts";
import { adminConfig } from "../kube/cluster.ts";
import { labLayout } from "../layout.ts";
import { declareRedis } from "../redis.ts";
import { Supervisor } from "../supervisor.ts";
import { messageOf } from "../wait.ts";
import type { Controller } from "./controller.ts";
import { externalDnsControllers } from "./externalDns.ts";
import { harborControllers } from "./harbor/index.ts";
import { runControllers } from "./loop.ts";
import { postgresControllers } from "./postgres/index.ts";
import { rookControllers } from "./rook/index.ts";
import { serviceProxyControllers } from "./serviceProxy.ts";

/** What users bring themselves is declared by the lab, before any operator looks for it. */
const brought: Controller = {
  name: "brought",
  watches: [],
  reconcile: async () => undefined,
  begin: declareRedis,
};

const controllers: readonly Controller[] = [
  brought,
  ...serviceProxyControllers,
  ...externalDnsControllers,
  ...harborControllers,
  ...postgresControllers,
  ...rookControllers,
];

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const site = SITES.find((name) => name === process.argv[2]);
if (site === undefined) {
  process.stderr.write(`usage: main.ts <${SITES.join("|")}>\n`);
  process.exit(2);
}
// One operator's slip must not take the other operators of the site down; it is in the log.
process.on("unhandledRejection", (reason) => log(`unhandled: ${messageOf(reason)}`));
process.on("uncaughtException", (error) => log(`uncaught: ${error.stack ?? error.message}`));

const lab = labLayout().sites[site];
log(`operators of ${site}: ${controllers.map((one) => one.name).join(", ")}`);
await runControllers(controllers, {
  lab,
  kc: adminConfig(lab),
  processes: new Supervisor(lab),
  manager: "lab",
  log,
});
