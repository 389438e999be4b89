/** The keys below `harbor`: what the Harbor resource says on both sites, in both roles. */
import { z } from "zod";
import { allowed, kubernetesName, quantity } from "./values.ts";

/** The seven parts that can be scaled, in the order in which the chart lists them. */
export const HARBOR_PARTS = ["nginx", "portal", "core", "jobservice", "registry", "trivy", "exporter"] as const;

/** One scalable part of Harbor. */
export type HarborPart = (typeof HARBOR_PARTS)[number];

const replicas = z.int().min(1).max(50).default(1).describe("replicas while active, 1 to 50; a standby always has 0");

const volume = (size: string) =>
  z
    .strictObject({
      storageClass: kubernetesName.optional().describe("storage class; the cluster's default when absent"),
      accessMode: z
        .enum(["ReadWriteOnce", "ReadWriteMany"])
        .default("ReadWriteOnce")
        .describe("access mode of the volume"),
      size: quantity.default(size).describe("size of the volume"),
    })
    .prefault({});

const port = z.int().min(30000).max(32767).describe("a node port from 30000 to 32767");

const expose = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("ingress"),
    className: z.string().default("").describe("ingress class; the cluster's default when empty"),
    annotations: z.record(z.string(), z.string()).default({}).describe("annotations of the Ingress"),
  }),
  z.strictObject({ type: z.literal("route") }),
  z.strictObject({
    type: z.literal("nodePort"),
    httpNodePort: port.default(30002).describe("node port of plain HTTP"),
    httpsNodePort: port.default(30003).describe("node port of HTTPS"),
  }),
  z.strictObject({
    type: z.literal("loadBalancer"),
    annotations: z.record(z.string(), z.string()).default({}).describe("annotations of the Service"),
  }),
  z.strictObject({ type: z.literal("clusterIP") }),
]);

const tls = z
  .strictObject({
    enabled: z.boolean().default(true).describe("true when Harbor's entry speaks TLS"),
    certSource: z.enum(["auto", "secret", "none"]).default("auto").describe("where the certificate comes from"),
    secretName: kubernetesName.optional().describe("Secret with tls.crt and tls.key, when certSource is secret"),
  })
  .prefault({});

const resources = z.strictObject({
  cpu: quantity.default("100m").describe("CPU request"),
  memory: quantity.default("256Mi").describe("memory request"),
  cpuLimit: quantity.default("2").describe("CPU limit"),
  memoryLimit: quantity.default("2Gi").describe("memory limit"),
});

export const harborSchema = z.strictObject({
  name: kubernetesName.default("harbor").describe("name of the Harbor resource, the same on both sites"),
  version: allowed(/^\d+\.\d+\.\d+$/, "a version such as 2.14.1, from 2.12.4 on"),
  externalUrl: allowed(
    /^https?:\/\/[^/\s:]+(:\d+)?$/,
    "http:// or https://, a host name, no path: the address that clients use for ever",
  ),
  expose: expose.prefault({ type: "ingress" }).describe("how clients reach the site"),
  tls: tls.describe("TLS of Harbor's entry"),
  replicas: z
    .strictObject(
      Object.fromEntries(HARBOR_PARTS.map((part) => [part, replicas])) as Record<HarborPart, typeof replicas>,
    )
    .prefault({})
    .describe("replicas of each part while active"),
  resources: z
    .strictObject(
      Object.fromEntries(HARBOR_PARTS.map((part) => [part, resources.prefault({})])) as Record<
        HarborPart,
        z.ZodPrefault<typeof resources>
      >,
    )
    .prefault({})
    .describe("requests and limits of each part"),
  jobLog: volume("10Gi").describe("volume of the job logs, not replicated"),
  trivyDatabase: volume("5Gi").describe("volume of Trivy's database, not replicated"),
  jobLoggers: z
    .array(z.enum(["database", "file", "stdout"]))
    .min(1)
    .default(["database"])
    .describe("where job logs go; database is replicated"),
  trivyOffline: z
    .boolean()
    .default(false)
    .describe("true where Trivy cannot reach the internet (skipUpdate and offlineScan)"),
  metrics: z.boolean().default(true).describe("true runs the exporter"),
  disableRedirect: z.boolean().default(true).describe("true where clients cannot reach the object store themselves"),
});
