/** Secrets stand in Secret objects only, and are none that the whole world knows. */
import { at, type ResourceRecord, SECRET, strings, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";

const KUBERNETES = "kubernetes:";

/** A command may be given secrets here; the rest of it is shown in diffs and process lists. */
const COMMAND_CHANNELS = /^(environment|stdin|stdout|stderr)(\.|$)/;

export const secretsOnlyInSecrets = defineRule({
  name: "secrets-only-in-secrets",
  severity: "critical",
  description:
    "A secret stands in a Secret object or in a step's environment, never in a custom resource, a label or a command line.",
  remediation: "Put the value into a Secret and refer to it by name (existingSecret, accessKeyRef, …).",
  defaults: {},
  about: {},
  checkStack: ({ resources }) => {
    const holders = resources.filter(({ type }) => type.startsWith(KUBERNETES) || type === TYPES.command);
    if (holders.length === 0) return { notApplicable: "the stack declares nothing that could carry a secret" };
    return holders
      .filter(({ type }) => type !== TYPES.secret)
      .flatMap((resource) =>
        strings(resource.props)
          .filter(({ path, value }) => value.includes(SECRET) && !(isCommand(resource) && COMMAND_CHANNELS.test(path)))
          .filter(({ path }) => !path.startsWith("__"))
          .map(({ path }) => ({
            resource,
            property: path,
            value: "a secret (not shown)",
            allowed: "a reference to a Secret",
          })),
      );
  },
});

function isCommand({ type }: ResourceRecord): boolean {
  return type === TYPES.command;
}

/** Passwords and keys that the chart, its documentation or its container images publish. */
const PUBLIC_SECRETS: readonly string[] = [
  "not-a-secure-key",
  "Harbor12345",
  "harbor_registry_password",
  "changeit",
  "not-secure-passwd",
];

/** Values of the chart that name a Secret. Left empty, the chart uses a default that is printed in its values.yaml. */
const REFERENCES = [
  "existingSecretAdminPassword",
  "existingSecretSecretKey",
  "core.existingSecret",
  "core.secretName",
  "core.existingXsrfSecret",
  "jobservice.existingSecret",
  "registry.existingSecret",
  "registry.credentials.existingSecret",
  "database.external.existingSecret",
  "persistence.imageChartStorage.s3.existingSecret",
] as const;

export const noChartDefaults = defineRule({
  name: "no-chart-defaults",
  severity: "critical",
  description:
    "No secret is one that Harbor's chart publishes: with `not-a-secure-key` anybody can decrypt what the database keeps.",
  remediation: "Refer to a Secret of your own; SharedSecrets makes all of them.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    if (!resource.type.startsWith(KUBERNETES)) return { notApplicable: "only Kubernetes objects carry chart values" };
    const published = strings(resource.props)
      .filter(({ path, value }) => PUBLIC_SECRETS.includes(decoded(path, value)))
      .map(({ path, value }) => ({
        resource,
        property: path,
        value: `${shown(decoded(path, value))}, which is public`,
        allowed: "a secret of your own",
      }));
    if (resource.type !== TYPES.harbor) return published;
    const missing = REFERENCES.flatMap((path): Finding[] => {
      const property = `spec.helmValues.${path}`;
      const value = at(resource.props, property);
      if (typeof value === "string" && value !== "") return [];
      const allowed = "the name of a Secret, or the chart uses its public default";
      return [{ resource, property, value: shown(value), allowed }];
    });
    return [...published, ...missing];
  },
});

function decoded(path: string, value: string): string {
  return path.startsWith("data.") ? Buffer.from(value, "base64").toString() : value;
}

/** Values of the chart that carry a credential as plain text. */
const INLINE_CREDENTIALS = [
  "harborAdminPassword",
  "secretKey",
  "core.secret",
  "core.xsrfKey",
  "core.tokenKey",
  "jobservice.secret",
  "registry.secret",
  "registry.credentials.password",
  "registry.credentials.htpasswdString",
  "database.external.password",
  "redis.external.password",
  "persistence.imageChartStorage.s3.accesskey",
  "persistence.imageChartStorage.s3.secretkey",
] as const;

export const noInlineCredentials = defineRule({
  name: "no-inline-credentials",
  severity: "critical",
  description:
    "Harbor's values carry no credential themselves: a custom resource is readable by all who may read the namespace.",
  remediation: "Remove the value and use its existingSecret… counterpart.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    if (resource.type !== TYPES.harbor) return { notApplicable: "only Harbor's resource has chart values" };
    return INLINE_CREDENTIALS.filter(
      (path) => ![undefined, null, ""].includes(at(resource.props, `spec.helmValues.${path}`) as string),
    ).map((path) => ({
      resource,
      property: `spec.helmValues.${path}`,
      value: "a credential (not shown)",
      allowed: "absent",
    }));
  },
});
