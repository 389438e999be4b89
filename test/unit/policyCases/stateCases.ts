/** Cases of the rules about what holds data, and about order. */
import { harborAfterProofs, stepsOnlyForward } from "../../../policies/order.ts";
import { TYPES } from "../../../policies/record.ts";
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
