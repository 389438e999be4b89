/**
 * A stand-in for Harbor's core, which cannot be had on a bare machine: run as `coreStandIn.ts SETTINGS.json`.
 *
 * It behaves as the real core does where a failover can tell: it waits for its database and ends with code 1 when
 * that is read-only, stays so, or was written with another secretKey; it checks tokens; it records every push and
 * serves no artifact without its record. It is not Harbor: no users, quotas, scans, replication, garbage collection.
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerError, HttpError } from "./answers.ts";
import { Database } from "./database.ts";
import { serveDistribution } from "./distributionApi.ts";
import { healthOf } from "./health.ts";
import { serveManagement } from "./managementApi.ts";
import { RegistryProxy } from "./registryProxy.ts";
import { readSettings } from "./settings.ts";

/** The real core gives its database a minute too. */
const DATABASE_SECONDS = 60;
const WATCH_MS = 1000;
/** How long requests in flight may take to end after SIGTERM. */
const DRAIN_MS = 3000;

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

/** PostgreSQL's codes for "not yet": connections refused by the network have no such code at all. */
const STARTING = new Set(["57P03", "57P01", "53300", "3D000", "28P01"]);
const codeOf = (thrown: unknown): string => (thrown as { code?: string } | undefined)?.code ?? "";
const isServerAnswer = (thrown: unknown): boolean => /^[0-9A-Z]{5}$/.test(codeOf(thrown));

async function migrated(database: Database, secretKey: string, adminPassword: string): Promise<void> {
  const deadline = Date.now() + DATABASE_SECONDS * 1000;
  for (;;) {
    try {
      return await database.migrate(secretKey, adminPassword);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      const hopeless = isServerAnswer(thrown) ? !STARTING.has(codeOf(thrown)) : message.startsWith("cannot decrypt");
      if (codeOf(thrown) === "25006") throw new Error(`the database is read-only: ${message}`);
      if (hopeless || Date.now() > deadline) throw new Error(`the database cannot be used: ${message}`);
      log(`waiting for the database: ${message}`);
      await sleep(300);
    }
  }
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv[2]);
  const database = new Database(settings.database);
  await migrated(database, settings.secretKey, settings.adminPassword);
  const registry = new RegistryProxy(settings.registry);
  const { externalUrl, tokenCertificate, tokenKey, version } = settings;
  const distribution = { database, registry, externalUrl, tokenCertificate };
  const management = { database, health: healthOf(settings, database, registry), version, externalUrl, tokenKey };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const serve = async (): Promise<void> => {
      if (path === "/v2" || path.startsWith("/v2/")) return await serveDistribution(distribution, request, response);
      if (path.startsWith("/service/token") || path.startsWith("/api/v2.0/")) {
        return await serveManagement(management, request, response);
      }
      throw new HttpError(404, "NOT_FOUND", "the core stand-in has no portal");
    };
    serve().catch((thrown: unknown) => {
      if (!(thrown instanceof HttpError)) log(`${request.method} ${path}: ${String(thrown)}`);
      answerError(response, thrown);
      request.resume();
    });
  });
  // Uploads of large layers may take long; a client that is gone is noticed by its socket.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 20_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.listen.port, settings.listen.host, resolve);
  });
  log(`core stand-in ${version} serves ${externalUrl} on ${settings.listen.host}:${settings.listen.port}`);
  const drain = (): void => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), DRAIN_MS).unref();
  };
  process.on("SIGTERM", drain);
  process.on("SIGINT", drain);
  for (;;) {
    await sleep(WATCH_MS);
    const readOnly = await database.isReadOnly().catch((thrown: unknown) => {
      log(`database: ${String(thrown)}`);
      return false;
    });
    if (readOnly) throw new Error("the database has become read-only");
  }
}

main().catch((thrown: unknown) => {
  log(`fatal: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exit(1);
});
