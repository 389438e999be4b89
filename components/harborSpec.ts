/**
 * What the Harbor resource says, in either role: the same on both sites but for the replica counts.
 * The CRD leaves `helmValues` open, so a misspelt value is caught here, by the type, or nowhere.
 */
import { HARBOR_PARTS, type HarborPart } from "../config/harborSchema.ts";
import type { Settings } from "../config/schema.ts";
import type { HarborExpose, HarborHelmValues, HarborSpec, ScalablePart } from "../kinds/harbor.ts";
import type { ResourceRequirements } from "../kinds/resources.ts";
import type { Role } from "../sites.ts";
import type { BucketAccess, DatabaseEndpoint } from "./interfaces.ts";
import { HARBOR_SECRETS } from "./secretObjects.ts";

export type HarborSettings = Settings["harbor"];

/** The registry's internal user: first field of its htpasswd line. */
export const REGISTRY_USER = "harbor_registry_user";

/** What Harbor needs from the parts around it. */
export interface HarborSurroundings {
  readonly database: DatabaseEndpoint;
  readonly bucket: BucketAccess;
  readonly redis: Settings["redis"];
}

/** The host name that clients use. */
export function externalHost(settings: HarborSettings): string {
  return new URL(settings.externalUrl).hostname;
}

/** The parts that run on an active site: nginx only without an ingress, the exporter only with metrics. */
export function runningParts(settings: HarborSettings): HarborPart[] {
  const entry = settings.expose.type === "ingress" || settings.expose.type === "route";
  return HARBOR_PARTS.filter((part) => !(part === "nginx" && entry) && !(part === "exporter" && !settings.metrics));
}

export function harborSpec(role: Role, settings: HarborSettings, around: HarborSurroundings): HarborSpec {
  return {
    version: settings.version,
    externalURL: settings.externalUrl,
    helmValues: {
      // Some operator versions read it here. It is baked into token URLs: the same on both sites.
      externalURL: settings.externalUrl,
      expose: expose(settings),
      existingSecretAdminPassword: HARBOR_SECRETS.admin.name,
      existingSecretAdminPasswordKey: HARBOR_SECRETS.admin.key,
      existingSecretSecretKey: HARBOR_SECRETS.encryption.name,
      ...parts(role, settings),
      metrics: { enabled: settings.metrics },
      database: database(around.database),
      redis: redis(around.redis),
      persistence: persistence(settings, around.bucket),
    },
  };
}

type Parts = Pick<HarborHelmValues, HarborPart>;

function parts(role: Role, settings: HarborSettings): Parts {
  const { replicas, resources } = scale(role, settings);
  const part = (name: HarborPart): ScalablePart => ({ replicas: replicas(name), resources: resources(name) });
  return {
    nginx: part("nginx"),
    portal: part("portal"),
    core: {
      ...part("core"),
      existingSecret: HARBOR_SECRETS.core.name,
      secretName: HARBOR_SECRETS.token.name,
      existingXsrfSecret: HARBOR_SECRETS.xsrf.name,
      existingXsrfSecretKey: HARBOR_SECRETS.xsrf.key,
    },
    jobservice: {
      ...part("jobservice"),
      existingSecret: HARBOR_SECRETS.jobservice.name,
      existingSecretKey: HARBOR_SECRETS.jobservice.key,
      jobLoggers: settings.jobLoggers,
    },
    registry: {
      replicas: replicas("registry"),
      registry: { resources: resources("registry") },
      controller: { resources: resources("registry") },
      existingSecret: HARBOR_SECRETS.registry.name,
      existingSecretKey: HARBOR_SECRETS.registry.key,
      credentials: {
        username: REGISTRY_USER,
        existingSecret: HARBOR_SECRETS.registryCredentials.name,
        existingSecretKey: HARBOR_SECRETS.registryCredentials.key,
      },
    },
    trivy: { ...part("trivy"), enabled: true, skipUpdate: settings.trivyOffline, offlineScan: settings.trivyOffline },
    exporter: part("exporter"),
  };
}

/** A standby runs nothing: its core could not start on a read-only database, and must not try. */
function scale(role: Role, settings: HarborSettings) {
  const replicas: Record<Role, (part: HarborPart) => number> = {
    active: (part) => settings.replicas[part],
    standby: () => 0,
  };
  const resources = (part: HarborPart): ResourceRequirements => {
    const { cpu, memory, cpuLimit, memoryLimit } = settings.resources[part];
    return { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory: memoryLimit } };
  };
  return { replicas: replicas[role], resources };
}

function expose(settings: HarborSettings): HarborExpose {
  const { enabled, certSource, secretName } = settings.tls;
  const tls = { enabled, certSource, ...(secretName === undefined ? {} : { secret: { secretName } }) };
  const given = settings.expose;
  switch (given.type) {
    case "ingress": {
      const { className, annotations } = given;
      return { type: "ingress", tls, ingress: { hosts: { core: externalHost(settings) }, className, annotations } };
    }
    case "route":
      return { type: "route", tls, route: { hosts: [externalHost(settings)] } };
    case "nodePort": {
      const ports = { http: { nodePort: given.httpNodePort }, https: { nodePort: given.httpsNodePort } };
      return { type: "nodePort", tls, nodePort: { ports } };
    }
    case "loadBalancer":
      return { type: "loadBalancer", tls, loadBalancer: { annotations: given.annotations } };
    case "clusterIP":
      return { type: "clusterIP", tls };
  }
}

function database(endpoint: DatabaseEndpoint): HarborHelmValues["database"] {
  return {
    type: "external",
    external: {
      host: endpoint.host,
      port: String(endpoint.port),
      username: endpoint.user,
      coreDatabase: endpoint.database,
      // The operator-run PostgreSQL refuses plain connections.
      sslmode: "require",
      existingSecret: endpoint.passwordSecret,
      existingSecretKey: "password",
    },
  };
}

function redis(given: Settings["redis"]): HarborHelmValues["redis"] {
  return {
    type: "external",
    external: {
      addr: given.address,
      sentinelMasterSet: given.sentinelMasterSet ?? "",
      existingSecret: given.existingSecret ?? "",
      existingSecretKey: given.existingSecretKey,
      tlsOptions: { enable: given.tls },
    },
  };
}

function persistence(settings: HarborSettings, bucket: BucketAccess): HarborHelmValues["persistence"] {
  const volume = ({ storageClass, accessMode, size }: HarborSettings["jobLog"]) => ({
    ...(storageClass === undefined ? {} : { storageClass }),
    accessMode,
    size,
  });
  return {
    imageChartStorage: {
      disableredirect: settings.disableRedirect,
      type: "s3",
      s3: {
        existingSecret: HARBOR_SECRETS.objectStore.name,
        bucket: bucket.bucket,
        region: bucket.region,
        regionendpoint: bucket.endpoint,
        v4auth: true,
        secure: bucket.endpoint.startsWith("https:"),
        skipverify: false,
      },
    },
    // Neither volume is replicated: job logs go to the database by default, Trivy fetches its own again.
    persistentVolumeClaim: {
      jobservice: { jobLog: volume(settings.jobLog) },
      trivy: volume(settings.trivyDatabase),
    },
  };
}
