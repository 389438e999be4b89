/** Cases of the rules about roles. */

import { TYPES } from "../../../policies/record.ts";
import {
  activeRunsAll,
  databaseFollowsRole,
  oneRole,
  realmFollowsRole,
  standbyRunsNothing,
} from "../../../policies/roles.ts";
import { edited, only, type RuleCases, set, type Views, without } from "./program.ts";

export function roleCases(views: Views): RuleCases[] {
  const [active, standby] = [views.in("primary", "active"), views.in("secondary", "standby")];
  const both = [{ stack: active }, { stack: standby }];
  const bare = { stack: only(active, TYPES.secret) };
  const harborAlone = { stack: only(active, TYPES.harbor) };
  const replicas = (part: string) => `spec.helmValues.${part}.replicas`;
  return [
    {
      rule: oneRole,
      kept: both,
      broken: [
        {
          title: "a step and a component of the other role",
          subject: {
            stack: set(set(active, "database-proof", "environment.DR_ROLE", "standby"), "routing", "role", "standby"),
          },
          found: [
            ["database-proof", "environment.DR_ROLE", '"standby"', '"active", as the rest of the stack says'],
            ["routing", "role", '"standby"', '"active", as the rest of the stack says'],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "nothing in the stack says a role" }],
    },
    {
      rule: standbyRunsNothing,
      kept: [{ stack: standby }, { stack: views.in("primary", "standby") }],
      broken: [
        {
          title: "two parts left running, one without a count",
          subject: {
            stack: set(
              set(set(standby, "harbor-registry", replicas("core"), 1), "harbor-registry", replicas("trivy"), 2),
              "harbor-registry",
              replicas("registry"),
              undefined,
            ),
          },
          found: [
            ["harbor-registry", replicas("core"), "1", "0, because the site is standby"],
            ["harbor-registry", replicas("registry"), "absent", "0, because the site is standby"],
            ["harbor-registry", replicas("trivy"), "2", "0, because the site is standby"],
          ],
        },
      ],
      notApplicable: [
        { subject: { stack: active }, why: "the stack is the active site" },
        { subject: bare, why: "the stack declares no Harbor" },
        { subject: harborAlone, why: "nothing in the stack says a role" },
      ],
    },
    {
      rule: activeRunsAll,
      kept: [
        { stack: active },
        // Behind an ingress there is no nginx, and without metrics no exporter.
        { stack: set(active, "harbor-registry", replicas("nginx"), 0) },
        {
          stack: set(
            set(active, "harbor-registry", "spec.helmValues.metrics.enabled", false),
            "harbor-registry",
            replicas("exporter"),
            0,
          ),
        },
      ],
      broken: [
        {
          title: "a part at 0, and nginx needed without an ingress",
          subject: {
            stack: set(
              set(set(active, "harbor-registry", replicas("portal"), 0), "harbor-registry", replicas("nginx"), 0),
              "harbor-registry",
              "spec.helmValues.expose.type",
              "nodePort",
            ),
          },
          found: [
            ["harbor-registry", replicas("nginx"), "0", "1 or more, because the site is active"],
            ["harbor-registry", replicas("portal"), "0", "1 or more, because the site is active"],
          ],
        },
      ],
      notApplicable: [
        { subject: { stack: standby }, why: "the stack is a standby" },
        { subject: bare, why: "the stack declares no Harbor" },
        { subject: harborAlone, why: "nothing in the stack says a role" },
      ],
      configured: [
        {
          settings: { exempt: ["trivy"] },
          subject: {
            stack: set(set(active, "harbor-registry", replicas("trivy"), 0), "harbor-registry", replicas("core"), 0),
          },
          found: [["harbor-registry", replicas("core"), "0", "1 or more, because the site is active"]],
        },
      ],
    },
    {
      rule: databaseFollowsRole,
      kept: both,
      broken: [
        {
          title: "a standby that is a primary with two instances",
          subject: {
            stack: edited(standby, "database-cluster", ({ props }) => {
              const spec = props.spec as Record<string, unknown>;
              spec.numberOfInstances = 2;
              (spec.clusterReplication as Record<string, unknown>).isReplica = false;
            }),
          },
          found: [
            ["database-cluster", "spec.clusterReplication.isReplica", "false", "true, because the site is standby"],
            ["database-cluster", "spec.numberOfInstances", "2", "1, because the site is standby"],
          ],
        },
        {
          title: "an active site without instances",
          subject: { stack: set(active, "database-cluster", "spec.numberOfInstances", 0) },
          found: [["database-cluster", "spec.numberOfInstances", "0", "1 or more, because the site is active"]],
        },
      ],
      notApplicable: [
        { subject: { stack: without(active, "database-cluster") }, why: "the stack declares no PostgreSQL cluster" },
        { subject: { stack: only(active, TYPES.postgresql) }, why: "nothing in the stack says a role" },
      ],
    },
    {
      rule: realmFollowsRole,
      kept: both,
      broken: [
        {
          title: "an active site that pulls",
          subject: {
            stack: set(active, "object-store-realm", "spec", { pull: { endpoint: "http://198.51.100.10:31480" } }),
          },
          found: [
            [
              "object-store-realm",
              "spec.pull",
              '{"endpoint":"http://198.51.100.10:31480"}',
              "absent, because the site is active",
            ],
          ],
        },
        {
          title: "a standby that does not",
          subject: { stack: set(standby, "object-store-realm", "spec", {}) },
          found: [
            ["object-store-realm", "spec.pull", "absent", "the other site's endpoint, because the site is standby"],
          ],
        },
      ],
      notApplicable: [
        { subject: bare, why: "the stack declares no realm" },
        { subject: { stack: only(active, TYPES.realm) }, why: "nothing in the stack says a role" },
      ],
    },
  ];
}
