/** What a stack exports, for people, for scripts and for the other site's stack. */
import * as pulumi from "@pulumi/pulumi";
import { type Agreement, agreementOf } from "./components/homeStack.ts";
import type { Harbor, ObjectStore, PostgresCluster, Routing, SecretValues } from "./components/index.ts";
import type { Proof } from "./components/step.ts";
import { endpointsOf } from "./config/endpoints.ts";
import type { Configuration } from "./config.ts";
import { type Role, roleOf, type Site } from "./sites.ts";

/** The outputs of one site's stack. */
export interface StackOutputs {
  /** Which site this stack is. */
  readonly site: Site;
  /** What the site does now. */
  readonly role: Role;
  /** The site that serves clients, as this stack was told. */
  readonly activeSite: Site;
  /** The address that clients use. */
  readonly externalUrl: string;
  /** host:port of this site's own Harbor entry. */
  readonly harborEndpoint: string;
  /** host:port at which the other site reaches this site's database. */
  readonly databaseEndpoint: string;
  /** URL of this site's object gateways, and the bucket in it. */
  readonly bucketEndpoint: string;
  readonly bucket: string;
  /** Versions of what was deployed. */
  readonly versions: { readonly harbor: string; readonly postgresql: string };
  /** Each step's evidence and duration, from the `up` in which it last ran. */
  readonly proofs: pulumi.Output<Proof[]>;
  /** What both sites must agree on, by configuration key. */
  readonly agreement: Agreement;
  /** Harbor's administrator password (secret). */
  readonly adminPassword: pulumi.Output<string>;
  /** Everything that the other site takes from this one (secret). */
  readonly sharedSecrets: pulumi.Output<Record<string, string>>;
}

/** The parts of a site. */
export type DeclaredSite = {
  readonly database: PostgresCluster;
  readonly objectStore: ObjectStore;
  readonly harbor: Harbor;
  readonly routing: Routing;
};

/** Collects the outputs. */
export function outputsOf(config: Configuration, secrets: SecretValues, parts: DeclaredSite): StackOutputs {
  const own = endpointsOf(config.sites, config.site);
  const { accessKey, secretKey } = parts.objectStore.userKeys;
  const shared = { ...secrets, objectStoreAccessKey: accessKey, objectStoreSecretKey: secretKey };
  return {
    site: config.site,
    role: roleOf(config.site, config.activeSite),
    activeSite: config.activeSite,
    externalUrl: config.harbor.externalUrl,
    harborEndpoint: own.harbor,
    databaseEndpoint: `${own.database.host}:${own.database.port}`,
    bucketEndpoint: own.objectStore,
    bucket: config.objectStore.bucket,
    versions: { harbor: config.harbor.version, postgresql: config.postgres.version },
    proofs: pulumi
      .all([parts.database.proved, ...parts.objectStore.proved, ...parts.harbor.proved, ...parts.routing.proved])
      .apply((proofs) => proofs.filter((proof) => proof !== undefined)),
    agreement: agreementOf(config),
    adminPassword: secrets.adminPassword,
    sharedSecrets: pulumi.secret(pulumi.all(shared)),
  };
}
