/**
 * One site's PostgreSQL cluster: the primary, or a streaming standby of the other site's.
 * A flip changes `isReplica` and `numberOfInstances`; what it changed into is proved by a step, since
 * the operator's status says `Running` before it has even seen the change.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Address } from "../config/endpoints.ts";
import type { Settings } from "../config/schema.ts";
import { Postgresql, type PostgresqlSpec } from "../kinds/postgresql.ts";
import type { Role } from "../sites.ts";
import type { DatabaseEndpoint } from "./interfaces.ts";
import type { After } from "./order.ts";
import { BOOTSTRAP_SECRET, credentialsSecret, databaseSecrets, declareSecrets } from "./secretObjects.ts";
import type { SecretValues } from "./sharedSecrets.ts";
import { declareStep, type Proof, proofOf, type StepContext } from "./step.ts";

export type PostgresSettings = Settings["postgres"];

export interface PostgresClusterArgs {
  readonly namespace: string;
  readonly settings: PostgresSettings;
  /** The site's role and how its cluster is reached by the step. */
  readonly context: StepContext;
  /** This site's own database service, as the other site reaches it. */
  readonly own: Address;
  /** The other site's database service. */
  readonly peer: Address;
  readonly secrets: SecretValues;
  /** Limit of the proof, in seconds. */
  readonly timeoutSeconds: number;
  /** What must be proved before the cluster takes on its role. */
  readonly after: After;
  readonly provider: kubernetes.Provider;
}

/** PostgreSQL's port inside the cluster. */
const PORT = 5432;

/** The spec of the `postgresql` resource in `role`. */
export function postgresqlSpec(role: Role, settings: PostgresSettings, peer: Address): PostgresqlSpec {
  // A standby with more than one instance is refused, or hangs.
  const instances: Record<Role, number> = { active: settings.instances, standby: 1 };
  const isReplica: Record<Role, boolean> = { active: false, standby: true };
  return {
    teamId: settings.teamId,
    postgresql: {
      version: settings.version,
      parameters: { ...settings.parameters, max_slot_wal_keep_size: settings.maxSlotWalKeepSize },
    },
    numberOfInstances: instances[role],
    volume: {
      size: settings.volumeSize,
      ...(settings.storageClass === undefined ? {} : { storageClass: settings.storageClass }),
    },
    users: { [settings.user]: [] },
    databases: { [settings.database]: settings.user },
    resources: {
      requests: { cpu: settings.cpu, memory: settings.memory },
      limits: { cpu: settings.cpuLimit, memory: settings.memory },
    },
    clusterReplication: {
      enabled: true,
      isReplica: isReplica[role],
      peerHost: peer.host,
      peerPort: peer.port,
      replSvcType: settings.service,
      bootstrapSecret: BOOTSTRAP_SECRET,
    },
  };
}

/** The database as Harbor reaches it: the operator's own service of the cluster. */
export function databaseEndpoint(settings: PostgresSettings, namespace: string): DatabaseEndpoint {
  const { cluster, database, user } = settings;
  const host = `${cluster}.${namespace}.svc`;
  return { host, port: PORT, database, user, passwordSecret: credentialsSecret(user, cluster) };
}

/** The service at which the other site reaches the leader, at a port that is known beforehand. */
export function replicationServiceSpec(settings: PostgresSettings, own: Address) {
  return {
    type: settings.service,
    selector: { "cluster-name": settings.cluster, "spilo-role": "master" },
    ports: [
      {
        name: "postgresql",
        port: settings.service === "NodePort" ? PORT : own.port,
        targetPort: PORT,
        ...(settings.service === "NodePort" ? { nodePort: own.port } : {}),
      },
    ],
  };
}

export class PostgresCluster extends pulumi.ComponentResource {
  /** Declared last; once it is there, the role is proved. */
  readonly proof: pulumi.Resource;
  /** What was proved. */
  readonly proved: pulumi.Output<Proof | undefined>;

  constructor(name: string, args: PostgresClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:PostgresCluster", name, { role: args.context.role, settings: args.settings }, options);
    const { settings, namespace } = args;
    const child = { parent: this, provider: args.provider };
    const objects = databaseSecrets(namespace, settings.cluster, settings.user);
    const secrets = declareSecrets(name, objects, args.secrets, child);
    const service = this.replicationService(name, args);
    const cluster = new Postgresql(
      `${name}-cluster`,
      {
        metadata: { name: settings.cluster, namespace, labels: { "cluster-name": settings.cluster } },
        spec: postgresqlSpec(args.context.role, settings, args.peer),
      },
      // The operator makes passwords of its own when it finds no Secrets.
      { ...child, protect: true, dependsOn: pulumi.output(args.after).apply((after) => [...after, ...secrets]) },
    );
    const step = declareStep(
      `${name}-proof`,
      "proveDatabase",
      args.context,
      args.timeoutSeconds,
      {
        DR_NAMESPACE: namespace,
        DR_CLUSTER: settings.cluster,
        DR_PEER_DATABASE_HOST: args.peer.host,
        DR_PEER_DATABASE_PORT: String(args.peer.port),
        DR_SUPERUSER_PASSWORD: args.secrets.databaseSuperuserPassword,
      },
      { parent: this, dependsOn: [cluster, service] },
    );
    this.proof = step;
    this.proved = proofOf(step);
    this.registerOutputs({ proved: this.proved });
  }

  private replicationService(name: string, args: PostgresClusterArgs): kubernetes.core.v1.Service {
    const metadata = {
      name: `${args.settings.cluster}-replication`,
      namespace: args.namespace,
      // It selects pods that come only with the cluster: the step waits for those, with a better message.
      annotations: { "pulumi.com/skipAwait": "true" },
    };
    const spec = replicationServiceSpec(args.settings, args.own);
    return new kubernetes.core.v1.Service(
      `${name}-replication`,
      { metadata, spec },
      { parent: this, provider: args.provider },
    );
  }
}
