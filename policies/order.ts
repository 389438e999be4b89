/** Harbor starts after the proofs, and steps are commands that only ever run forward. */

import { at, TYPES } from "./record.ts";
import { PARTS } from "./roles.ts";
import { defineRule, type Finding, shown } from "./rule.ts";
import { allDependencies, ofType, stepsNamed } from "./stack.ts";

/** The steps without which Harbor must not run, and what each proves. */
const PROOFS = { proveDatabase: "the database takes writes", proveObjectStore: "the object store is master" } as const;

export const harborAfterProofs = defineRule({
  name: "harbor-after-proofs",
  severity: "critical",
  description:
    "Harbor has replicas only when it waits for the proofs of database and object store: a role alone proves nothing.",
  remediation: "Pass the proof of PostgresCluster and of ObjectStore in the `after` of Harbor, as inOrder does.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const running = ofType(stack, TYPES.harbor).filter(({ props }) =>
      PARTS.some((part) => at(props, `spec.helmValues.${part}.replicas`) !== 0),
    );
    if (running.length === 0) return { notApplicable: "no Harbor has replicas" };
    return running.flatMap((resource) => {
      const awaited = allDependencies(stack, resource);
      return Object.entries(PROOFS).flatMap(([step, what]): Finding[] => {
        const proofs = stepsNamed(stack, step).filter(({ props }) => at(props, "environment.DR_ROLE") !== "standby");
        if (proofs.some(({ urn }) => awaited.has(urn))) return [];
        const value =
          proofs.length === 0 ? `without a step ${step}` : `without ${proofs.map(({ name }) => name).join(", ")}`;
        return [
          {
            resource,
            property: "dependsOn",
            value,
            allowed: `such that Harbor waits until ${step} has proved that ${what}`,
          },
        ];
      });
    });
  },
});

export const stepsOnlyForward = defineRule({
  name: "steps-only-forward",
  severity: "high",
  description:
    "A step has `update` and neither `delete` nor `triggers`: a replaced command would run its delete in the middle of a flip.",
  remediation: "Give create and update the same command line, and raise `rerun` to run a step again.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    const step = resource.type === TYPES.command && at(resource.props, "environment.DR_ROLE") !== undefined;
    if (!step) return { notApplicable: "the resource is not a step" };
    const { update, delete: remove, triggers } = resource.props;
    const findings: Finding[] = [];
    if (typeof update !== "string" || update === "") {
      findings.push({
        resource,
        property: "update",
        value: shown(update),
        allowed: "given, or a changed role means a replacement",
      });
    }
    if (typeof remove === "string") {
      findings.push({ resource, property: "delete", value: shown(remove), allowed: "absent" });
    }
    if (Array.isArray(triggers) && triggers.length > 0) {
      findings.push({
        resource,
        property: "triggers",
        value: shown(triggers),
        allowed: "absent, because they replace the command",
      });
    }
    return findings;
  },
});
