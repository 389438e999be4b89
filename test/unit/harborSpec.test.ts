/** What the Harbor resource says: every row of the chart's values that matters to two sites. */
import { describe, expect, it } from "vitest";
import { externalHost, harborSpec, runningParts } from "../../components/harborSpec.ts";
import { HARBOR_PARTS } from "../../config/harborSchema.ts";
import type { Role } from "../../sites.ts";
import { changed, configurationOf } from "../committed.ts";
import { leaves } from "../values.ts";

const around = {
  database: { host: "acid-harbor.harbor.svc", port: 5432, database: "registry", user: "harbor", passwordSecret: "db" },
  bucket: { bucket: "images", region: "eu-1", endpoint: "http://rgw.rook-ceph.svc:7480" },
  redis: configurationOf({}).redis,
};
const settingsWith = (changes: Record<string, unknown>) =>
  configurationOf({ values: { harbor: changed("harbor", changes) } }).harbor;
const { harbor } = configurationOf({});
const counts = { nginx: 2, portal: 3, core: 4, jobservice: 5, registry: 6, trivy: 7, exporter: 8 };
const scaled = settingsWith({ replicas: counts });
const valuesOf = (changes: Record<string, unknown>, role: Role = "active") =>
  harborSpec(role, settingsWith(changes), around).helmValues;

describe("the seven parts", () => {
  it.each(HARBOR_PARTS)("%s has its configured replicas while active and none on a standby", (part) => {
    expect(harborSpec("active", scaled, around).helmValues[part].replicas).toBe(counts[part]);
    expect(harborSpec("standby", scaled, around).helmValues[part].replicas).toBe(0);
  });

  it("are all that differs between the roles", () => {
    const [active, standby] = [
      leaves(harborSpec("active", scaled, around)),
      leaves(harborSpec("standby", scaled, around)),
    ];
    const different = [...active].flatMap(([path, value]) => (standby.get(path) === value ? [] : [path]));
    expect(different.sort()).toEqual(HARBOR_PARTS.map((part) => `helmValues.${part}.replicas`).sort());
    expect([...standby.keys()].sort()).toEqual([...active.keys()].sort());
  });

  it.each(HARBOR_PARTS)("%s has requests and limits of its own", (part) => {
    const given = { cpu: "111m", memory: "222Mi", cpuLimit: "3", memoryLimit: "4Gi" };
    const values = valuesOf({ resources: { [part]: given } });
    const expected = { requests: { cpu: "111m", memory: "222Mi" }, limits: { cpu: "3", memory: "4Gi" } };
    // The registry's pod has two containers, each with resources of its own.
    const found =
      part === "registry"
        ? [values.registry.registry.resources, values.registry.controller.resources]
        : [values[part].resources];
    for (const resources of found) expect(resources).toEqual(expected);
  });

  it.each([
    [{ expose: { type: "ingress" } }, ["portal", "core", "jobservice", "registry", "trivy", "exporter"]],
    [{ expose: { type: "route" }, metrics: false }, ["portal", "core", "jobservice", "registry", "trivy"]],
    [{ expose: { type: "nodePort" } }, [...HARBOR_PARTS]],
    [{ expose: { type: "clusterIP" }, metrics: false }, HARBOR_PARTS.filter((part) => part !== "exporter")],
  ])("that run with %j", (changes, parts) => {
    expect(runningParts(settingsWith(changes))).toEqual(parts);
  });
});

describe("expose", () => {
  const tls = { enabled: true, certSource: "auto" };
  it.each([
    [
      { type: "ingress", className: "nginx", annotations: { a: "b" } },
      {
        type: "ingress",
        tls,
        ingress: { hosts: { core: "registry.example.com" }, className: "nginx", annotations: { a: "b" } },
      },
    ],
    [{ type: "route" }, { type: "route", tls, route: { hosts: ["registry.example.com"] } }],
    [
      { type: "nodePort", httpNodePort: 30080, httpsNodePort: 30443 },
      { type: "nodePort", tls, nodePort: { ports: { http: { nodePort: 30080 }, https: { nodePort: 30443 } } } },
    ],
    [
      { type: "loadBalancer", annotations: { pool: "blue" } },
      { type: "loadBalancer", tls, loadBalancer: { annotations: { pool: "blue" } } },
    ],
    [{ type: "clusterIP" }, { type: "clusterIP", tls }],
  ])("%j", (expose, expected) => {
    expect(valuesOf({ expose }).expose).toEqual(expected);
  });

  it("names the certificate's Secret when there is one", () => {
    const values = valuesOf({ tls: { certSource: "secret", secretName: "harbor-tls" } });
    expect(values.expose.tls).toEqual({ enabled: true, certSource: "secret", secret: { secretName: "harbor-tls" } });
    expect(valuesOf({ tls: { enabled: false, certSource: "none" } }).expose.tls.enabled).toBe(false);
  });
});

describe.each<Role>(["active", "standby"])("the rest of the values, %s", (role) => {
  const { version, externalURL, helmValues: values } = harborSpec(role, harbor, around);

  it("has the version and, in both places where operators look, the address that clients use", () => {
    expect([version, externalURL, values.externalURL]).toEqual([
      "2.14.1",
      "https://registry.example.com",
      "https://registry.example.com",
    ]);
  });

  it("speaks TLS to the operator-run database, with the password from its Secret", () => {
    expect(values.database).toEqual({
      type: "external",
      external: {
        host: "acid-harbor.harbor.svc",
        port: "5432",
        username: "harbor",
        coreDatabase: "registry",
        sslmode: "require",
        existingSecret: "db",
        existingSecretKey: "password",
      },
    });
  });

  it("refers to every secret and holds none", () => {
    expect([values.existingSecretAdminPassword, values.existingSecretAdminPasswordKey]).toEqual([
      "harbor-admin",
      "HARBOR_ADMIN_PASSWORD",
    ]);
    expect(values.existingSecretSecretKey).toBe("harbor-encryption");
    expect(values.core).toMatchObject({
      existingSecret: "harbor-core-secret",
      secretName: "harbor-token",
      existingXsrfSecret: "harbor-xsrf",
      existingXsrfSecretKey: "CSRF_KEY",
    });
    expect(values.jobservice).toMatchObject({
      existingSecret: "harbor-jobservice-secret",
      existingSecretKey: "JOBSERVICE_SECRET",
      jobLoggers: ["database"],
    });
    expect(values.registry).toMatchObject({
      existingSecret: "harbor-registry-secret",
      existingSecretKey: "REGISTRY_HTTP_SECRET",
      credentials: {
        username: "harbor_registry_user",
        existingSecret: "harbor-registry-credentials",
        existingSecretKey: "REGISTRY_PASSWD",
      },
    });
  });

  it("keeps images in its own site's bucket, and sends clients there through itself", () => {
    expect(values.persistence.imageChartStorage).toEqual({
      disableredirect: true,
      type: "s3",
      s3: {
        existingSecret: "harbor-object-store",
        bucket: "images",
        region: "eu-1",
        regionendpoint: "http://rgw.rook-ceph.svc:7480",
        v4auth: true,
        secure: false,
        skipverify: false,
      },
    });
  });

  it("has the two volumes that are not replicated", () => {
    expect(values.persistence.persistentVolumeClaim).toEqual({
      jobservice: { jobLog: { accessMode: "ReadWriteOnce", size: "10Gi" } },
      trivy: { accessMode: "ReadWriteOnce", size: "5Gi" },
    });
  });
});

describe("Redis, which is the site's own", () => {
  const redisOf = (changes: Record<string, unknown>) => {
    const { redis } = configurationOf({ values: { redis: changed("redis", changes) } });
    return harborSpec("active", harbor, { ...around, redis }).helmValues.redis.external;
  };
  it("is one server with a password", () => {
    expect(redisOf({})).toEqual({
      addr: "harbor-redis.harbor.svc:6379",
      sentinelMasterSet: "",
      existingSecret: "harbor-redis",
      existingSecretKey: "REDIS_PASSWORD",
      tlsOptions: { enable: false },
    });
  });
  it("is a set behind Sentinels, over TLS", () => {
    const given = { address: "h1:26379,h2:26379", sentinelMasterSet: "mymaster", tls: true };
    const expected = { addr: "h1:26379,h2:26379", sentinelMasterSet: "mymaster", tlsOptions: { enable: true } };
    expect(redisOf(given)).toMatchObject(expected);
  });
});

it("follows its own switches: Trivy offline, metrics, redirects, volumes, job loggers", () => {
  const values = valuesOf({
    trivyOffline: true,
    metrics: false,
    disableRedirect: false,
    jobLoggers: ["file", "stdout"],
    jobLog: { storageClass: "shared", accessMode: "ReadWriteMany", size: "2Gi" },
  });
  expect(values.trivy).toMatchObject({ enabled: true, skipUpdate: true, offlineScan: true });
  expect(values.metrics).toEqual({ enabled: false });
  expect(values.persistence.imageChartStorage.disableredirect).toBe(false);
  expect(values.jobservice.jobLoggers).toEqual(["file", "stdout"]);
  expect(values.persistence.persistentVolumeClaim.jobservice.jobLog).toEqual({
    storageClass: "shared",
    accessMode: "ReadWriteMany",
    size: "2Gi",
  });
});

it("marks the bucket's connection secure when its address is", () => {
  const bucket = { ...around.bucket, endpoint: "https://rgw.example.com" };
  const { s3 } = harborSpec("active", harbor, { ...around, bucket }).helmValues.persistence.imageChartStorage;
  expect(s3.secure).toBe(true);
});

it("knows the host name without scheme and port", () => {
  expect(externalHost(settingsWith({ externalUrl: "http://registry.lab:8080" }))).toBe("registry.lab");
});
