/**
 * One site's Harbor: the same name, version and external URL on both sites; on a standby every part
 * has 0 replicas. Its role is proved by its health and by an image pushed and pulled, or by its absence.
 */
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { HarborRegistry } from "../kinds/harbor.ts";
import { type HarborSettings, type HarborSurroundings, harborSpec, runningParts } from "./harborSpec.ts";
import type { After } from "./order.ts";
import { declareSecrets, harborSecrets } from "./secretObjects.ts";
import type { SecretValues } from "./sharedSecrets.ts";
import { declareStep, type Proof, proofOf, type StepContext } from "./step.ts";

export interface HarborArgs extends HarborSurroundings {
  readonly namespace: string;
  readonly settings: HarborSettings;
  readonly context: StepContext;
  /** host:port of this site's own entry: checks go there, whatever the external name resolves to. */
  readonly ownAddress: string;
  readonly secrets: SecretValues;
  /** Limit of each proof, in seconds. */
  readonly timeoutSeconds: number;
  /** What must be proved before Harbor takes on its role. */
  readonly after: After;
  readonly provider: kubernetes.Provider;
}

export class Harbor extends pulumi.ComponentResource {
  /** Declared last; once it is there, the role is proved. */
  readonly proof: pulumi.Resource;
  /** What was proved. */
  readonly proved: pulumi.Output<Proof | undefined>[];

  constructor(name: string, args: HarborArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:Harbor", name, { role: args.context.role, settings: args.settings }, options);
    const { settings, namespace, context } = args;
    const child = { parent: this, provider: args.provider };
    const secrets = declareSecrets(name, harborSecrets(namespace), args.secrets, child);
    const registry = new HarborRegistry(
      `${name}-registry`,
      { metadata: { name: settings.name, namespace }, spec: harborSpec(context.role, settings, args) },
      // Pods of a Harbor whose Secrets are missing do not start.
      { ...child, protect: true, dependsOn: pulumi.output(args.after).apply((after) => [...after, ...secrets]) },
    );
    const address = { DR_EXTERNAL_URL: settings.externalUrl, DR_HARBOR_ADDRESS: args.ownAddress };
    const health = declareStep(
      `${name}-proof`,
      "proveHarbor",
      context,
      args.timeoutSeconds,
      { ...address, DR_NAMESPACE: namespace, DR_HARBOR: settings.name, DR_PARTS: runningParts(settings).join(",") },
      { parent: this, dependsOn: [registry] },
    );
    const traffic = declareStep(
      `${name}-push-pull`,
      "provePushPull",
      context,
      args.timeoutSeconds,
      { ...address, DR_ADMIN_PASSWORD: args.secrets.adminPassword },
      // An image can be pushed only once every part is healthy.
      { parent: this, dependsOn: [health] },
    );
    this.proof = traffic;
    this.proved = [proofOf(health), proofOf(traffic)];
    this.registerOutputs({ proved: this.proved });
  }
}
