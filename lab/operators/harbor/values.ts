/**
 * The chart's values as the stand-in for the Harbor operator understands them, with the chart's own defaults.
 *
 * Like Helm it ignores what it does not know, so a misspelt value silently has no effect here either; only a value
 * of the wrong type, or one that this lab cannot honour, is refused, with its name.
 */
import { z } from "zod";

const replicas = z.number().int().min(0).default(1);
const part = z.looseObject({ replicas }).prefault({});
const secretName = z.string().min(1);

const expose = z
  .looseObject({
    type: z.enum(["ingress", "clusterIP", "nodePort", "loadBalancer", "route"]).default("ingress"),
    tls: z
      .looseObject({
        enabled: z.boolean().default(true),
        certSource: z.enum(["auto", "secret", "none"]).default("auto"),
        secret: z.looseObject({ secretName: z.string().default("") }).prefault({}),
      })
      .prefault({}),
    ingress: z
      .looseObject({
        hosts: z.looseObject({ core: z.string().default("core.harbor.domain") }).prefault({}),
        className: z.string().default(""),
        annotations: z.record(z.string(), z.string()).default({}),
      })
      .prefault({}),
    clusterIP: z.looseObject({ name: z.string().default("harbor") }).prefault({}),
    nodePort: z
      .looseObject({
        name: z.string().default("harbor"),
        ports: z
          .looseObject({
            http: z.looseObject({ port: z.number().default(80), nodePort: z.number().default(30002) }).prefault({}),
            https: z.looseObject({ port: z.number().default(443), nodePort: z.number().default(30003) }).prefault({}),
          })
          .prefault({}),
      })
      .prefault({}),
    loadBalancer: z
      .looseObject({
        name: z.string().default("harbor"),
        annotations: z.record(z.string(), z.string()).default({}),
        ports: z.looseObject({ httpPort: z.number().default(80), httpsPort: z.number().default(443) }).prefault({}),
      })
      .prefault({}),
  })
  .prefault({});

/** Things that the lab has one kind of; the chart has more. */
const only = <const V extends string>(value: V, why: string) =>
  z.literal(value, { error: (issue) => `${JSON.stringify(issue.input)} is not in this lab: ${why}` });

const helmValues = z.looseObject({
  externalURL: z.string().optional(),
  expose,
  existingSecretAdminPassword: secretName,
  existingSecretAdminPasswordKey: z.string().default("HARBOR_ADMIN_PASSWORD"),
  existingSecretSecretKey: secretName,
  nginx: part,
  portal: part,
  core: z.looseObject({
    replicas,
    existingSecret: secretName,
    secretName,
    existingXsrfSecret: secretName,
    existingXsrfSecretKey: z.string().default("CSRF_KEY"),
  }),
  jobservice: z.looseObject({
    replicas,
    existingSecret: secretName,
    existingSecretKey: z.string().default("JOBSERVICE_SECRET"),
  }),
  registry: z.looseObject({
    replicas,
    existingSecret: secretName,
    existingSecretKey: z.string().default("REGISTRY_HTTP_SECRET"),
    credentials: z.looseObject({
      username: z.string().default("harbor_registry_user"),
      existingSecret: secretName,
      existingSecretKey: z.string().default("REGISTRY_PASSWD"),
    }),
  }),
  trivy: z.looseObject({ enabled: z.boolean().default(true), replicas }).prefault({}),
  exporter: part,
  metrics: z.looseObject({ enabled: z.boolean().default(false) }).prefault({}),
  database: z.looseObject({
    type: only("external", "Harbor's own PostgreSQL cannot be replicated to the other site"),
    external: z.looseObject({
      host: z.string().min(1),
      port: z.coerce.number().int().default(5432),
      username: z.string().min(1),
      coreDatabase: z.string().default("registry"),
      sslmode: z.enum(["disable", "require", "verify-ca", "verify-full"]).default("disable"),
      existingSecret: secretName,
      existingSecretKey: z.string().default("password"),
    }),
  }),
  redis: z.looseObject({
    type: only("external", "users bring their own"),
    external: z.looseObject({
      addr: z.string().regex(/^[^,\s]+:\d+$/, "one host:port; this lab has no Sentinel"),
      sentinelMasterSet: only("", "it has no Sentinel").default(""),
      existingSecret: z.string().default(""),
      existingSecretKey: z.string().default("REDIS_PASSWORD"),
      tlsOptions: z
        .looseObject({ enable: z.literal(false, "this lab's Redis has no TLS").default(false) })
        .prefault({}),
    }),
  }),
  persistence: z.looseObject({
    imageChartStorage: z.looseObject({
      disableredirect: z.boolean().default(false),
      type: only("s3", "images of both sites are in the object store"),
      s3: z.looseObject({
        existingSecret: secretName,
        bucket: z.string().min(1),
        region: z.string().default("us-east-1"),
        regionendpoint: z.url(),
        v4auth: z.boolean().default(true),
        secure: z.boolean().default(true),
        skipverify: z.boolean().default(false),
      }),
    }),
  }),
});

export type HelmValues = z.infer<typeof helmValues>;

export interface HarborPlan {
  readonly version: string;
  readonly externalUrl: string;
  readonly values: HelmValues;
}

const OLDEST = [2, 12, 4] as const;

function isSupported(version: string): boolean {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  for (const [index, least] of OLDEST.entries()) {
    const has = numbers[index] ?? 0;
    if (has !== least) return has > least;
  }
  return true;
}

/** What a Harbor resource asks for, or every reason why it cannot be had. */
export function planOf(spec: unknown): HarborPlan | { readonly problems: readonly string[] } {
  const { version, externalURL, helmValues: given } = (spec ?? {}) as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  if (typeof version !== "string" || !isSupported(version)) {
    problems.push(`spec.version: ${JSON.stringify(version)} is not ${OLDEST.join(".")} or later`);
  }
  const parsed = helmValues.safeParse(given ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`spec.helmValues.${issue.path.join(".")}: ${issue.message}`);
  }
  const externalUrl = externalURL ?? parsed.data?.externalURL;
  if (typeof externalUrl !== "string" || !URL.canParse(externalUrl)) {
    problems.push(`spec.externalURL: ${JSON.stringify(externalUrl)} is not a URL`);
  }
  if (!parsed.success || problems.length > 0) return { problems };
  return { version: String(version), externalUrl: String(externalUrl), values: parsed.data };
}
