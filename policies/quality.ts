/** What Harbor and its stores are given: resources, TLS, versions. */
import type { HarborHelmValues } from "../kinds/harbor.ts";
import { at, type ResourceRecord, strings, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";

/** Where each kind keeps `requests` and `limits`. */
const RESOURCE_BLOCKS: Readonly<Record<string, readonly string[]>> = {
  [TYPES.harbor]: [
    "nginx.resources",
    "portal.resources",
    "core.resources",
    "jobservice.resources",
    "registry.registry.resources",
    "registry.controller.resources",
    "trivy.resources",
    "exporter.resources",
  ].map((path) => `spec.helmValues.${path}`),
  [TYPES.postgresql]: ["spec.resources"],
  [TYPES.store]: ["spec.gateway.resources"],
};

export const requestsAndLimits = defineRule({
  name: "requests-and-limits",
  severity: "medium",
  description:
    "Every part states requests and limits: a promoted site takes on its whole load within seconds, on nodes that must have room.",
  remediation: "Set the part's cpu, memory, cpuLimit and memoryLimit in the configuration.",
  defaults: { cpuLimits: true },
  about: { cpuLimits: "false where the team sets no CPU limits on purpose" },
  checkResource: (resource, { cpuLimits }) => {
    const blocks = RESOURCE_BLOCKS[resource.type];
    if (blocks === undefined) return { notApplicable: "the resource runs no containers" };
    const wanted = ["requests.cpu", "requests.memory", "limits.memory", ...(cpuLimits ? ["limits.cpu"] : [])];
    return blocks.flatMap((block) =>
      wanted.flatMap((part): Finding[] => {
        const property = `${block}.${part}`;
        const value = at(resource.props, property);
        if ((typeof value === "string" && value !== "") || typeof value === "number") return [];
        return [{ resource, property, value: shown(value), allowed: "a quantity such as 500m or 1Gi" }];
      }),
    );
  },
});

type SslMode = HarborHelmValues["database"]["external"]["sslmode"];

/** From weakest to strongest. */
const SSL_MODES = ["require", "verify-ca", "verify-full"] as const satisfies readonly SslMode[];

export const databaseTls = defineRule({
  name: "database-tls",
  severity: "high",
  description: "Harbor speaks TLS to its database, which refuses plain connections and replicates across sites.",
  remediation: "Set helmValues.database.external.sslmode to require or stronger.",
  defaults: { least: "require" },
  about: { least: `the weakest mode to accept: ${SSL_MODES.join(", ")}` },
  checkResource: (resource, { least }) => {
    if (resource.type !== TYPES.harbor) return { notApplicable: "only Harbor's resource names a database" };
    const property = "spec.helmValues.database.external.sslmode";
    const value = at(resource.props, property);
    const accepted: readonly string[] = SSL_MODES.slice(Math.max(0, (SSL_MODES as readonly string[]).indexOf(least)));
    if (typeof value === "string" && accepted.includes(value)) return [];
    return [{ resource, property, value: shown(value), allowed: accepted.join(" or ") }];
  },
});

/** Versions that mean one thing for ever. */
const PINNED: Readonly<
  Record<string, readonly { readonly property: string; readonly form: RegExp; readonly allowed: string }[]>
> = {
  [TYPES.harbor]: [{ property: "spec.version", form: /^\d+\.\d+\.\d+$/, allowed: "a full version such as 2.14.1" }],
  [TYPES.postgresql]: [
    { property: "spec.postgresql.version", form: /^\d+$/, allowed: "a major version such as 16, as a string" },
  ],
};

/** A tag that is there and does not move, or a digest. */
const PINNED_IMAGE = /(:(?!latest$|stable$|edge$|main$)[^/:@]+|@sha256:[0-9a-f]{64})$/;
const DIGEST = /@sha256:[0-9a-f]{64}$/;

export const pinnedVersions = defineRule({
  name: "pinned-versions",
  severity: "high",
  description:
    "Versions are pinned: two sites that resolve `latest` on different days run different software over one database.",
  remediation: "Name the full version; for images a tag that does not move, or a digest.",
  defaults: { digests: false },
  about: { digests: "true to accept images by digest only" },
  checkResource: (resource, { digests }) => {
    if (!resource.type.startsWith("kubernetes:")) return { notApplicable: "only Kubernetes objects name versions" };
    const images = strings(resource.props).filter(
      ({ path }) => /(^|\.)image$/.test(path) && !path.startsWith("status."),
    );
    const versions = PINNED[resource.type] ?? [];
    if (images.length === 0 && versions.length === 0) return { notApplicable: "the object names no version" };
    return [
      ...versions.flatMap((version) => unpinned(resource, version)),
      ...images.flatMap(({ path, value }): Finding[] => {
        if ((digests ? DIGEST : PINNED_IMAGE).test(value)) return [];
        const allowed = digests ? "an image by digest" : "an image with a tag that does not move, or a digest";
        return [{ resource, property: path, value: shown(value), allowed }];
      }),
    ];
  },
});

function unpinned(
  resource: ResourceRecord,
  { property, form, allowed }: { readonly property: string; readonly form: RegExp; readonly allowed: string },
): Finding[] {
  const value = at(resource.props, property);
  return typeof value === "string" && form.test(value) ? [] : [{ resource, property, value: shown(value), allowed }];
}
