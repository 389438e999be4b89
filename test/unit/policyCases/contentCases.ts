/** Cases of the rules about TLS, resources, versions and clusters. */
import { clusterIdentified, noUnreachableShortcuts } from "../../../policies/clusters.ts";
import { databaseTls, pinnedVersions, requestsAndLimits } from "../../../policies/quality.ts";
import { TYPES } from "../../../policies/record.ts";
import { added, only, type RuleCases, set, type Views } from "./program.ts";

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
