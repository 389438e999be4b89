/** Cases of the rules about secrets. */
import { SECRET, TYPES } from "../../../policies/record.ts";
import { noChartDefaults, noInlineCredentials, secretsOnlyInSecrets } from "../../../policies/secrets.ts";
import { added, edited, only, type RuleCases, set, type Views } from "./program.ts";

export function secretCases(views: Views): RuleCases[] {
  const [active, standby] = [views.in("primary", "active"), views.in("secondary", "standby")];
  const both = [{ stack: active }, { stack: standby }];
  const bare = { stack: only(active, TYPES.secret) };
  const steps = { stack: only(active, TYPES.command) };
  const helm = (path: string) => `spec.helmValues.${path}`;
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
  ];
}
