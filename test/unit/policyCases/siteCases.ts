/** Cases of the rules about what may exist on one site only, and what must be alike on both. */
import { TYPES } from "../../../policies/record.ts";
import { routingByActiveOnly, sameHarborOnBothSites, usersOnHomeSite } from "../../../policies/sites.ts";
import { added, only, type RuleCases, set, type Views, without } from "./program.ts";

export function siteCases(views: Views): RuleCases[] {
  const [active, standby] = [views.in("primary", "active"), views.in("secondary", "standby")];
  const both = [{ stack: active }, { stack: standby }];
  const bare = { stack: only(active, TYPES.secret) };
  const endpoint = (...targets: readonly string[]) => ({
    type: TYPES.dnsEndpoint,
    name: "routing-record",
    props: { spec: { endpoints: targets.map((target) => ({ dnsName: "registry.example.com", targets: [target] })) } },
  });
  const handedOver = (read: boolean) => ({ type: TYPES.awsRecord, name: "routing-record", read });
  return [
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
        { stack: added(active, handedOver(false)) },
        { stack: added(standby, handedOver(true)) },
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
          title: "a standby that writes the record",
          subject: { stack: added(standby, handedOver(false)) },
          found: [["routing-record", "existence", "written by this stack", "only read, because the site is standby"]],
        },
        {
          title: "an active site that only looks at it",
          subject: { stack: added(active, handedOver(true)) },
          found: [["routing-record", "existence", "only read", "written by this stack, because the site is active"]],
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
  ];
}
