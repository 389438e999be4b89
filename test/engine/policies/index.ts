/** The policy pack of the conformance cases. */
import { PolicyPack } from "@pulumi/policy";

new PolicyPack("conformance", {
  policies: [
    {
      name: "no-forbidden-data",
      description: "A ConfigMap has no key called forbidden.",
      enforcementLevel: "mandatory",
      validateResource: (args, reportViolation) => {
        if (args.type !== "kubernetes:core/v1:ConfigMap") return;
        const data: unknown = args.props.data;
        if (typeof data === "object" && data !== null && "forbidden" in data)
          reportViolation(`${args.name} has the key forbidden`);
      },
    },
  ],
});
