/** Cases of the rules about what holds data, about the two sites, and about order. */
import { harborAfterProofs, stepsOnlyForward } from "../../../policies/order.ts";
import { TYPES } from "../../../policies/record.ts";
import { routingByActiveOnly, sameHarborOnBothSites, usersOnHomeSite } from "../../../policies/sites.ts";
import { flipOnlyUpdates, statefulNeverReplaced, statefulProtected } from "../../../policies/stateful.ts";
import { added, edited, only, type RuleCases, set, type Views, without } from "./program.ts";

export function stateCases(views: Views): RuleCases[] {
  const [active, standby] = [views.in("primary", "active"), views.in("secondary", "standby")];
  const was = views.in("primary", "active");
  const is = views.in("primary", "standby");
  const both = [{ stack: active }, { stack: standby }];
  const bare = { stack: only(active, TYPES.secret) };
  const unprotected = (stack: typeof active, ...names: readonly string[]) =>
    names.reduce((all, name) => edited(all, name, (resource) => Object.assign(resource, { protect: false })), stack);
  const endpoint = (...targets: readonly string[]) => ({
    type: TYPES.dnsEndpoint,
    name: "routing-record",
    props: { spec: { endpoints: targets.map((target) => ({ dnsName: "registry.example.com", targets: [target] })) } },
  });
  const weighted = (...weights: readonly number[]) => ({
    type: TYPES.awsRecord,
    name: "routing-record",
    props: weights.length === 0 ? {} : { weightedRoutingPolicies: weights.map((weight) => ({ weight })) },
  });
  return [
    {
      rule: statefulProtected,
      kept: both,
      broken: [
        {
          title: "a database and a secret that may be deleted",
          subject: { stack: unprotected(active, "database-cluster", "secrets-harborSecretKey") },
          found: [
            ["database-cluster", "protect", "false", "true"],
            ["secrets-harborSecretKey", "protect", "false", "true"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource holds no data and makes no secret" }],
      configured: [
        {
          settings: { exempt: ["object-store-user"] },
          subject: { stack: unprotected(active, "object-store-user", "object-store-zone") },
          found: [["object-store-zone", "protect", "false", "true"]],
        },
      ],
    },
    {
      rule: statefulNeverReplaced,
      kept: both,
      broken: [
        {
          title: "options that replace, a name that is made up, names that follow role and version",
          subject: {
            stack: edited(
              set(
                edited(active, "object-store-store", (resource) => {
                  resource.deleteBeforeReplace = true;
                  resource.replaceOnChanges = ["spec.gateway"];
                }),
                "database-cluster",
                "metadata.name",
                undefined,
              ),
              "object-store-zone",
              ({ props }) => {
                props.metadata = { name: "harbor-active-2.14", namespace: "rook-ceph" };
              },
            ),
          },
          found: [
            ["database-cluster", "metadata.name", "absent", "explicit, or a new name is made up with each replacement"],
            ["object-store-store", "deleteBeforeReplace", "true", "absent"],
            ["object-store-store", "replaceOnChanges", '["spec.gateway"]', "absent"],
            ["object-store-zone", "metadata.name", '"harbor-active-2.14"', "free of role, version and date"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource holds no data and makes no secret" }],
    },
    {
      rule: flipOnlyUpdates,
      kept: [{ flip: [was, is] }, { flip: [is, was] }, { flip: [standby, views.in("secondary", "active")] }],
      broken: [
        {
          title: "one resource goes, one comes, one gets another name, one secret is made again",
          subject: {
            flip: [
              was,
              set(
                set(
                  added(without(is, "object-store-user"), { type: TYPES.secret, name: "standby-only" }),
                  "database-cluster",
                  "metadata.name",
                  "acid-follower",
                ),
                "secrets-coreSecret",
                "length",
                64,
              ),
            ],
          },
          found: [
            ["object-store-user", "existence", "deleted by the flip", "declared in both roles"],
            ["standby-only", "existence", "created by the flip", "declared in both roles"],
            [
              "database-cluster",
              "metadata.name",
              '"acid-harbor" before the flip and "acid-follower" after',
              "the same in both roles, because its change replaces the resource",
            ],
            [
              "secrets-coreSecret",
              "length",
              "32 before the flip and 64 after",
              "the same in both roles, because its change replaces the resource",
            ],
          ],
        },
        {
          title: "a step whose triggers follow the role",
          subject: {
            flip: [set(was, "harbor-proof", "triggers", ["active"]), set(is, "harbor-proof", "triggers", ["standby"])],
          },
          found: [
            [
              "harbor-proof",
              "triggers",
              '["active"] before the flip and ["standby"] after',
              "the same in both roles, because its change replaces the resource",
            ],
          ],
        },
      ],
      // It compares whatever there is, so it always applies.
      notApplicable: [],
    },
    {
      rule: sameHarborOnBothSites,
      kept: [...both, { sites: [active, standby] }],
      broken: [
        {
          title: "a standby that was left behind",
          subject: {
            sites: [
              active,
              set(
                set(standby, "harbor-registry", "spec.version", "2.13.0"),
                "harbor-registry",
                "metadata.name",
                "registry",
              ),
            ],
          },
          found: [
            ["harbor-registry", "metadata.name", '"registry"', '"harbor", as in the primary site'],
            ["harbor-registry", "spec.version", '"2.13.0"', '"2.14.1", as in the primary site'],
          ],
        },
        {
          title: "a standby that differs from what the home stack exports, and from itself",
          subject: { stack: set(standby, "harbor-registry", "spec.externalURL", "https://other.example.com") },
          found: [
            [
              "harbor-registry",
              "spec.externalURL",
              '"https://other.example.com"',
              '"https://registry.example.com", as in the home stack',
            ],
            [
              "harbor-registry",
              "spec.helmValues.externalURL",
              '"https://registry.example.com"',
              '"https://other.example.com", as in spec.externalURL',
            ],
          ],
        },
      ],
      notApplicable: [
        { subject: bare, why: "the stack declares no Harbor" },
        { subject: { sites: [active, bare.stack] }, why: "not both sites declare a Harbor" },
      ],
    },
    {
      rule: usersOnHomeSite,
      kept: [{ stack: active }, { stack: views.in("primary", "standby") }],
      broken: [
        {
          title: "a user and a bucket claim on the other site",
          subject: {
            stack: added(
              added(standby, {
                type: TYPES.user,
                name: "second-user",
                protect: true,
                props: { metadata: { name: "second" } },
              }),
              {
                type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
                name: "second-bucket",
              },
            ),
          },
          found: [
            ["second-user", "existence", "on secondary", "on primary only"],
            ["second-bucket", "existence", "on secondary", "on primary only"],
          ],
        },
      ],
      notApplicable: [
        { subject: { stack: standby }, why: "the stack declares no user and no bucket" },
        { subject: { stack: only(active, TYPES.user) }, why: "nothing in the stack says which site it is" },
      ],
      configured: [
        {
          settings: { homeSite: "secondary" },
          subject: { stack: without(active, "object-store-bucket") },
          found: [["object-store-user", "existence", "on primary", "on secondary only"]],
        },
      ],
    },
    {
      rule: routingByActiveOnly,
      kept: [
        { stack: added(active, endpoint("192.0.2.10")) },
        { stack: added(standby, endpoint()) },
        { stack: added(active, weighted(100)) },
        { stack: added(standby, weighted(0)) },
        { stack: added(active, weighted()) },
      ],
      broken: [
        {
          title: "a standby that names itself",
          subject: { stack: added(standby, endpoint("x")) },
          found: [
            [
              "routing-record",
              "spec.endpoints",
              '[{"dnsName":"registry.example.com","targets":["x"]}]',
              "empty, because the site is standby",
            ],
          ],
        },
        {
          title: "an active site that names nobody",
          subject: { stack: added(active, endpoint()) },
          found: [["routing-record", "spec.endpoints", "[]", "this site's address, because it is active"]],
        },
        {
          title: "a standby with weight",
          subject: { stack: added(standby, weighted(10)) },
          found: [
            ["routing-record", "weightedRoutingPolicies.weight", "[10]", "weight 0, because the site is standby"],
          ],
        },
        {
          title: "an active site without weight",
          subject: { stack: added(active, weighted(0)) },
          found: [
            ["routing-record", "weightedRoutingPolicies.weight", "[0]", "weight above 0, because the site is active"],
          ],
        },
        {
          title: "a standby that holds the only record",
          subject: { stack: added(standby, weighted()) },
          found: [["routing-record", "weightedRoutingPolicies", "absent", "weight 0, because the site is standby"]],
        },
      ],
      notApplicable: [
        { subject: bare, why: "the stack declares no record" },
        {
          subject: { stack: only(added(active, endpoint()), TYPES.dnsEndpoint) },
          why: "nothing in the stack says a role",
        },
      ],
    },
    {
      rule: harborAfterProofs,
      kept: [{ stack: active }, { stack: views.in("secondary", "active") }],
      broken: [
        {
          title: "a Harbor that waits for nothing",
          subject: {
            stack: edited(active, "harbor-registry", (resource) => Object.assign(resource, { dependencies: [] })),
          },
          found: [
            [
              "harbor-registry",
              "dependsOn",
              "without database-proof",
              "such that Harbor waits until proveDatabase has proved that the database takes writes",
            ],
            [
              "harbor-registry",
              "dependsOn",
              "without object-store-proof",
              "such that Harbor waits until proveObjectStore has proved that the object store is master",
            ],
          ],
        },
        {
          title: "a stack whose database is not proved",
          subject: { stack: without(active, "database-proof") },
          found: [
            [
              "harbor-registry",
              "dependsOn",
              "without a step proveDatabase",
              "such that Harbor waits until proveDatabase has proved that the database takes writes",
            ],
          ],
        },
      ],
      notApplicable: [{ subject: { stack: standby }, why: "no Harbor has replicas" }],
    },
    {
      rule: stepsOnlyForward,
      kept: both,
      broken: [
        {
          title: "a step that is replaced and deletes",
          subject: {
            stack: edited(active, "database-proof", ({ props }) => {
              delete props.update;
              Object.assign(props, { delete: "rm -rf data", triggers: ["active"] });
            }),
          },
          found: [
            ["database-proof", "update", "absent", "given, or a changed role means a replacement"],
            ["database-proof", "delete", '"rm -rf data"', "absent"],
            ["database-proof", "triggers", '["active"]', "absent, because they replace the command"],
          ],
        },
      ],
      notApplicable: [{ subject: bare, why: "the resource is not a step" }],
    },
  ];
}
