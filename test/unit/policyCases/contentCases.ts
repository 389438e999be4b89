/** Cases of the rules about secrets, TLS, resources, versions and clusters. */
import { clusterIdentified, noUnreachableShortcuts } from "../../../policies/clusters.ts";
import { databaseTls, pinnedVersions, requestsAndLimits } from "../../../policies/quality.ts";
import { SECRET, TYPES } from "../../../policies/record.ts";
import { noChartDefaults, noInlineCredentials, secretsOnlyInSecrets } from "../../../policies/secrets.ts";
import { added, edited, only, type RuleCases, set, type Views } from "./program.ts";

const NGINX_DIGEST = `registry.example.com/nginx@sha256:${"a".repeat(64)}`;

export function contentCases(views: Views): RuleCases[] {
  const [active, standby] = [views.in("primary", "active"), views.in("secondary", "standby")];
  const both = [{ stack: active }, { stack: standby }];
  const bare = { stack: only(active, TYPES.secret) };
  const steps = { stack: only(active, TYPES.command) };
  const helm = (path: string) => `spec.helmValues.${path}`;
  const deployment = (image: string) => ({
    type: "kubernetes:apps/v1:Deployment",
    name: "proxy",
    props: { spec: { template: { spec: { containers: [{ image }] } } } },
  });
  const sslmode = helm("database.external.sslmode");
  return [
    {
      rule: secretsOnlyInSecrets,
      kept: both,
      broken: [
        {
          title: "secrets in a custom resource, in an annotation and in a command line",
          subject: {
            stack: edited(
              set(
                set(active, "database-cluster", "metadata.annotations", { note: `password ${SECRET}` }),
                "object-store-store",
                "spec.key",
                SECRET,
              ),
              "database-proof",
              ({ props }) => {
                props.create = `${String(props.create)} ${SECRET}`;
              },
            ),
          },
          found: [
            ["database-proof", "create", "a secret (not shown)", "a reference to a Secret"],
            ["database-cluster", "metadata.annotations.note", "a secret (not shown)", "a reference to a Secret"],
            ["object-store-store", "spec.key", "a secret (not shown)", "a reference to a Secret"],
          ],
        },
      ],
      notApplicable: [
        { subject: { stack: { resources: [] } }, why: "the stack declares nothing that could carry a secret" },
      ],
    },
    {
      rule: noChartDefaults,
      kept: both,
      broken: [
        {
          title: "published passwords, and no Secret where the chart has a default",
          subject: {
            stack: added(
              set(
                set(active, "harbor-registry", helm("existingSecretSecretKey"), ""),
                "harbor-registry",
                helm("registry.credentials.password"),
                "harbor_registry_password",
              ),
              {
                type: TYPES.secret,
                name: "own-key",
                props: { data: { secretKey: Buffer.from("not-a-secure-key").toString("base64") } },
              },
            ),
          },
          found: [
            [
              "harbor-registry",
              helm("registry.credentials.password"),
              '"harbor_registry_password", which is public',
              "a secret of your own",
            ],
            [
              "harbor-registry",
              helm("existingSecretSecretKey"),
              '""',
              "the name of a Secret, or the chart uses its public default",
            ],
            ["own-key", "data.secretKey", '"not-a-secure-key", which is public', "a secret of your own"],
          ],
        },
      ],
      notApplicable: [{ subject: steps, why: "only Kubernetes objects carry chart values" }],
    },
    {
      rule: noInlineCredentials,
      kept: [...both, { stack: set(active, "harbor-registry", helm("database.external.password"), "") }],
      broken: [
        {
          title: "two passwords in the values",
          subject: {
            stack: set(
              set(active, "harbor-registry", helm("harborAdminPassword"), "Sup3r-secret"),
              "harbor-registry",
              helm("database.external.password"),
              "Sup3r-secret",
            ),
          },
          found: [
            ["harbor-registry", helm("harborAdminPassword"), "a credential (not shown)", "absent"],
            ["harbor-registry", helm("database.external.password"), "a credential (not shown)", "absent"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "only Harbor's resource has chart values" }],
    },
    {
      rule: databaseTls,
      kept: both,
      broken: [
        {
          title: "a plain connection",
          subject: { stack: set(active, "harbor-registry", sslmode, "disable") },
          found: [["harbor-registry", sslmode, '"disable"', "require or verify-ca or verify-full"]],
        },
        {
          title: "nothing said",
          subject: { stack: set(active, "harbor-registry", sslmode, undefined) },
          found: [["harbor-registry", sslmode, "absent", "require or verify-ca or verify-full"]],
        },
      ],
      notApplicable: [{ subject: bare, why: "only Harbor's resource names a database" }],
      configured: [
        {
          settings: { least: "verify-full" },
          subject: { stack: active },
          found: [["harbor-registry", sslmode, '"require"', "verify-full"]],
        },
      ],
    },
    {
      rule: requestsAndLimits,
      kept: both,
      broken: [
        {
          title: "a part without limits, a gateway without anything, a database without a memory request",
          subject: {
            stack: set(
              set(
                set(active, "harbor-registry", helm("core.resources.limits"), undefined),
                "object-store-store",
                "spec.gateway.resources",
                undefined,
              ),
              "database-cluster",
              "spec.resources.requests.memory",
              "",
            ),
          },
          found: [
            ["harbor-registry", helm("core.resources.limits.memory"), "absent", "a quantity such as 500m or 1Gi"],
            ["harbor-registry", helm("core.resources.limits.cpu"), "absent", "a quantity such as 500m or 1Gi"],
            ["database-cluster", "spec.resources.requests.memory", '""', "a quantity such as 500m or 1Gi"],
            ["object-store-store", "spec.gateway.resources.requests.cpu", "absent", "a quantity such as 500m or 1Gi"],
            [
              "object-store-store",
              "spec.gateway.resources.requests.memory",
              "absent",
              "a quantity such as 500m or 1Gi",
            ],
            ["object-store-store", "spec.gateway.resources.limits.memory", "absent", "a quantity such as 500m or 1Gi"],
            ["object-store-store", "spec.gateway.resources.limits.cpu", "absent", "a quantity such as 500m or 1Gi"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource runs no containers" }],
      configured: [
        {
          settings: { cpuLimits: false },
          subject: { stack: set(active, "database-cluster", "spec.resources.limits", { cpu: "2" }) },
          found: [["database-cluster", "spec.resources.limits.memory", "absent", "a quantity such as 500m or 1Gi"]],
        },
      ],
    },
    {
      rule: pinnedVersions,
      kept: [...both, { stack: added(active, deployment("registry.example.com:5000/nginx:1.29.3")) }],
      broken: [
        {
          title: "a moving Harbor, a database without a version, images that move",
          subject: {
            stack: added(
              added(
                set(
                  set(active, "harbor-registry", "spec.version", "2.14"),
                  "database-cluster",
                  "spec.postgresql.version",
                  undefined,
                ),
                deployment("nginx:latest"),
              ),
              { ...deployment("registry.example.com:5000/nginx"), name: "untagged" },
            ),
          },
          found: [
            ["harbor-registry", "spec.version", '"2.14"', "a full version such as 2.14.1"],
            ["database-cluster", "spec.postgresql.version", "absent", "a major version such as 16, as a string"],
            [
              "proxy",
              "spec.template.spec.containers.0.image",
              '"nginx:latest"',
              "an image with a tag that does not move, or a digest",
            ],
            [
              "untagged",
              "spec.template.spec.containers.0.image",
              '"registry.example.com:5000/nginx"',
              "an image with a tag that does not move, or a digest",
            ],
          ],
        },
      ],
      notApplicable: [
        { subject: steps, why: "only Kubernetes objects name versions" },
        { subject: bare, why: "the object names no version" },
      ],
      configured: [
        {
          settings: { digests: true },
          subject: {
            stack: added(added(active, deployment("nginx:1.29.3")), { ...deployment(NGINX_DIGEST), name: "by-digest" }),
          },
          found: [["proxy", "spec.template.spec.containers.0.image", '"nginx:1.29.3"', "an image by digest"]],
        },
      ],
    },
    {
      rule: noUnreachableShortcuts,
      kept: [...both, { stack: set(active, "cluster", "skipUpdateUnreachable", "false") }],
      broken: [
        {
          title: "both shortcuts",
          subject: {
            stack: set(set(active, "cluster", "skipUpdateUnreachable", "true"), "cluster", "deleteUnreachable", true),
          },
          found: [
            ["cluster", "skipUpdateUnreachable", '"true"', "absent"],
            ["cluster", "deleteUnreachable", "true", "absent"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource is not a Kubernetes provider" }],
    },
    {
      rule: clusterIdentified,
      kept: both,
      broken: [
        {
          title: "a cluster without a name",
          subject: { stack: set(active, "cluster", "clusterIdentifier", undefined) },
          found: [["cluster", "clusterIdentifier", "absent", "a name that belongs to the site"]],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource is not a Kubernetes provider" }],
    },
  ];
}
