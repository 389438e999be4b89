/**
 * The servers behind Harbor's pods: the registry (Debian's docker-registry with its S3 driver), core (the stand-in),
 * nginx (a plain passer-on), and for the other parts nothing but an answer to their health probe.
 */
import { join } from "node:path";
import type { CoreSettings } from "../../harbor/settings.ts";
import { dataDir } from "../../layout.ts";
import { messageOf } from "../../wait.ts";
import { addressOf } from "../clusterNames.ts";
import type { SiteContext } from "../controller.ts";
import { type Certificate, Listeners } from "./listeners.ts";
import { type Part, podAddress } from "./parts.ts";
import { PodProcesses, type ProcessState } from "./processes.ts";
import { coreSecrets, MissingSecret, registrySecrets, type Secrets } from "./secrets.ts";
import type { HarborPlan } from "./values.ts";

const PROBE_MS = 1500;

/** How a pod's containers are, in a kubelet's words. */
export type PodState =
  | { readonly ready: true; readonly restarts: number }
  | { readonly ready: false; readonly restarts: number; readonly reason: string; readonly message: string };

export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly plan: HarborPlan;
  readonly secrets: Secrets;
}

/** Where the operator puts the core stand-in when it starts. */
export const coreProgram = (context: SiteContext): string => dataDir(context.lab, "harbor", "core.cjs");

async function answersAt(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS), redirect: "manual" });
    await response.arrayBuffer();
    return response.status < 400;
  } catch {
    return false;
  }
}

export class HarborServers {
  readonly #processes = new PodProcesses();
  readonly #listeners = new Listeners();

  async ensure(context: SiteContext, release: Release, part: Part, index: number): Promise<PodState> {
    try {
      if (part === "core") return await this.#core(context, release, index);
      if (part === "registry") return await this.#registry(context, release, index);
      if (part === "nginx") return await this.#nginx(release, index);
      await this.#probes(part, index);
      return { ready: true, restarts: 0 };
    } catch (thrown) {
      const reason = thrown instanceof MissingSecret ? "CreateContainerConfigError" : "RunContainerError";
      return { ready: false, restarts: 0, reason, message: messageOf(thrown) };
    }
  }

  async stop(context: SiteContext, release: string, part: Part, index: number): Promise<void> {
    const host = podAddress(part, index);
    await Promise.all([8080, 8443, 8001].map((port) => this.#listeners.close({ host, port })));
    if (part !== "core" && part !== "registry") return;
    const name = `${release}-${part}-${index}`;
    const files = part === "core" ? ["settings.json"] : ["config.json", "htpasswd"];
    await this.#processes.stop(
      context,
      name,
      files.map((file) => join(dataDir(context.lab, "harbor", name), file)),
    );
  }

  async #probes(part: Part, index: number): Promise<void> {
    const port = part === "exporter" ? 8001 : 8080;
    await this.#listeners.answerProbes({ host: podAddress(part, index), port }, part);
  }

  async #nginx(release: Release, index: number): Promise<PodState> {
    const { values, externalUrl } = release.plan;
    const host = podAddress("nginx", index);
    const cores = Array.from({ length: values.core.replicas }, (_, core) => ({
      host: podAddress("core", core),
      port: 8080,
    }));
    // The list is read at each connection, so that a scaled core is found without opening the entry again.
    this.#cores = cores;
    const targets = () => this.#cores;
    const { tls } = values.expose;
    if (tls.enabled) {
      if (tls.certSource !== "secret") {
        throw new MissingSecret(
          `expose.tls.certSource is ${tls.certSource}; this lab serves TLS only with "secret": a generated certificate would differ between the sites`,
        );
      }
      const certificate: Certificate = {
        key: await release.secrets.value(tls.secret.secretName, "tls.key"),
        cert: await release.secrets.value(tls.secret.secretName, "tls.crt"),
      };
      await this.#listeners.entry({ host, port: 8443 }, targets, certificate);
      await this.#listeners.redirect({ host, port: 8080 }, externalUrl);
    } else {
      await this.#listeners.entry({ host, port: 8080 }, targets);
    }
    return { ready: true, restarts: 0 };
  }

  #cores: readonly { readonly host: string; readonly port: number }[] = [];

  async #registry(context: SiteContext, release: Release, index: number): Promise<PodState> {
    const { values } = release.plan;
    const { s3, disableredirect } = values.persistence.imageChartStorage;
    const secrets = await registrySecrets(release.secrets, values);
    const host = podAddress("registry", index);
    const name = `${release.name}-registry-${index}`;
    const dir = dataDir(context.lab, "harbor", name);
    const endpoint = new URL(s3.regionendpoint);
    endpoint.hostname = await addressOf(context, endpoint.hostname, release.namespace);
    const configuration = {
      version: "0.1",
      log: { level: "info", fields: { service: "registry" } },
      storage: {
        s3: {
          accesskey: secrets.accessKey,
          secretkey: secrets.secretKey,
          bucket: s3.bucket,
          region: s3.region,
          regionendpoint: endpoint.href.replace(/\/$/, ""),
          v4auth: s3.v4auth,
          secure: s3.secure,
          skipverify: s3.skipverify,
        },
        delete: { enabled: true },
        redirect: { disable: disableredirect },
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: { addr: `${host}:5000`, secret: secrets.httpSecret, relativeurls: true },
      auth: { htpasswd: { realm: "harbor-registry-basic-realm", path: join(dir, "htpasswd") } },
      validation: { disabled: true },
    };
    const state = await this.#processes.ensure(context, {
      name,
      // JSON is YAML. No cache of blob descriptors: it would claim blobs that the bucket does not have.
      argv: ["docker-registry", "serve", join(dir, "config.json")],
      files: {
        [join(dir, "config.json")]: JSON.stringify(configuration),
        [join(dir, "htpasswd")]: `${secrets.htpasswd}\n`,
      },
    });
    await this.#probes("registry", index);
    return await readiness(state, `http://${host}:5000/`);
  }

  async #core(context: SiteContext, release: Release, index: number): Promise<PodState> {
    const { values, version, externalUrl } = release.plan;
    const secrets = await coreSecrets(release.secrets, values);
    const host = podAddress("core", index);
    const name = `${release.name}-core-${index}`;
    const file = join(dataDir(context.lab, "harbor", name), "settings.json");
    const database = values.database.external;
    const [redisHost = "", redisPort = ""] = values.redis.external.addr.split(":");
    const address = async (service: string): Promise<string> => await addressOf(context, service, release.namespace);
    const part = (of: Part, port = 8080): string => `http://${podAddress(of, 0)}:${port}`;
    const settings: CoreSettings = {
      listen: { host, port: 8080 },
      version,
      externalUrl,
      database: {
        host: await address(database.host),
        port: database.port,
        user: database.username,
        password: secrets.databasePassword,
        name: database.coreDatabase,
        sslmode: database.sslmode,
      },
      redis: { host: await address(redisHost), port: Number(redisPort), password: secrets.redisPassword },
      registry: {
        url: part("registry", 5000),
        username: values.registry.credentials.username,
        password: secrets.registryPassword,
      },
      probes: {
        jobservice: part("jobservice"),
        portal: part("portal"),
        registryctl: part("registry"),
        ...(values.trivy.enabled ? { trivy: part("trivy") } : {}),
      },
      secretKey: secrets.secretKey,
      tokenKey: secrets.tokenKey,
      tokenCertificate: secrets.tokenCertificate,
      adminPassword: secrets.adminPassword,
    };
    const state = await this.#processes.ensure(context, {
      name,
      argv: ["node", coreProgram(context), file],
      files: { [file]: JSON.stringify(settings) },
    });
    return await readiness(state, `http://${host}:8080/api/v2.0/ping`);
  }
}

async function readiness(state: ProcessState, probe: string): Promise<PodState> {
  const { restarts } = state;
  if (!state.running) return { ready: false, restarts, reason: "CrashLoopBackOff", message: state.message };
  if (await answersAt(probe)) return { ready: true, restarts };
  return { ready: false, restarts, reason: "ContainersNotReady", message: `nothing answers at ${probe} yet` };
}
