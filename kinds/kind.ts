/** What all custom resource kinds share: a resource class per kind, so that policies can match it by type. */
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** An object's name, namespace and labels. Names are explicit: they are a contract between the sites. */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A custom resource of the kind that the subclass names. Its spec is a plain object from a pure builder. */
export abstract class Kind<Spec extends object> extends kubernetes.apiextensions.CustomResource {
  /** The spec as it was declared. */
  declare readonly spec: pulumi.Output<Spec>;

  constructor(
    identity: { readonly apiVersion: string; readonly kind: string },
    name: string,
    args: { readonly metadata: Metadata; readonly spec: pulumi.Input<Spec> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(name, { ...identity, metadata: { ...args.metadata }, spec: args.spec }, options);
  }
}

/** The type token by which the engine and policies know a kind. */
export function typeToken(identity: { readonly apiVersion: string; readonly kind: string }): string {
  return `kubernetes:${identity.apiVersion}:${identity.kind}`;
}
