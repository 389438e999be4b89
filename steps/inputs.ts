/**
 * What each step reads from its environment: the contract between the components that declare a
 * command and the step that it runs. One table gives both the type of a command's `environment`
 * and the check that the step makes before it acts, so that neither can drift from the other.
 */

/** How a variable is given. `secret` ones are required and never shown. */
type Given = "required" | "optional" | "secret";

/** Variables that every step reads. */
const COMMON = {
  /** The site that this stack is: `primary` or `secondary`. */
  DR_SITE: "required",
  /** What the site is to be: `active` or `standby`. */
  DR_ROLE: "required",
  /** The other site. */
  DR_PEER: "required",
  /** Limit of the whole step. */
  DR_TIMEOUT_SECONDS: "required",
  /** Path of a kubeconfig; absent means KUBECONFIG, ~/.kube/config, then the pod's own service account. */
  DR_KUBECONFIG: "optional",
  /** Context in it; absent means its current one. */
  DR_KUBE_CONTEXT: "optional",
  /** Read by nobody: changing it makes the command run again. */
  DR_RERUN: "optional",
} as const satisfies Record<string, Given>;

const DATABASE = {
  /** Namespace of the PostgreSQL cluster and of Harbor. */
  DR_NAMESPACE: "required",
  /** Name of the `postgresql` resource. */
  DR_CLUSTER: "required",
  /** Host under which the other site's database is reached from this site. */
  DR_PEER_DATABASE_HOST: "required",
  DR_PEER_DATABASE_PORT: "required",
  DR_SUPERUSER_PASSWORD: "secret",
} as const satisfies Record<string, Given>;

const OBJECT_STORE = {
  /** Namespace of Rook and its toolbox. */
  DR_OBJECT_STORE_NAMESPACE: "required",
  DR_REALM: "required",
  /** This site's zone, and the other's. */
  DR_ZONE: "required",
  DR_PEER_ZONE: "required",
  /** The other site's gateway, `http://host:port`. */
  DR_PEER_OBJECT_STORE_ENDPOINT: "required",
  /** Keys of the realm's system user. */
  DR_REALM_ACCESS_KEY: "secret",
  DR_REALM_SECRET_KEY: "secret",
} as const satisfies Record<string, Given>;

const HARBOR = {
  /** The URL that clients use; the same on both sites. */
  DR_EXTERNAL_URL: "required",
  /** `host:port` of this site's own Harbor: checks go there, whatever the name resolves to. */
  DR_HARBOR_ADDRESS: "required",
} as const satisfies Record<string, Given>;

const NAME = {
  /** The name that clients use, and the host of this site's Harbor entry that it is to point at. */
  DR_HOSTNAME: "required",
  DR_TARGET: "required",
  /** Time to live of the record, in seconds. */
  DR_TTL_SECONDS: "required",
} as const satisfies Record<string, Given>;

/** Every step's variables. The key is the name of the entry file. */
export const STEP_INPUTS = {
  preflight: {
    DR_SITE: "required",
    DR_TIMEOUT_SECONDS: "optional",
    DR_KUBECONFIG: "optional",
    DR_KUBE_CONTEXT: "optional",
    DR_RERUN: "optional",
    /** `group/version/plural`, separated by commas. */
    DR_REQUIRED_KINDS: "required",
    /** Names, separated by commas. */
    DR_REQUIRED_NAMESPACES: "required",
  },
  gate: {
    ...COMMON,
    ...DATABASE,
    ...OBJECT_STORE,
    DR_EXTERNAL_URL: "required",
    /** `host:port` of the other site's Harbor. */
    DR_PEER_HARBOR_ADDRESS: "required",
  },
  proveDatabase: { ...COMMON, ...DATABASE },
  proveObjectStore: {
    ...COMMON,
    ...OBJECT_STORE,
    DR_ZONE_GROUP: "required",
    /** Name of the CephObjectStore. */
    DR_STORE: "required",
    /** This site's gateway, `http://host:port`. */
    DR_OBJECT_STORE_ENDPOINT: "required",
  },
  ensureBucket: {
    ...COMMON,
    DR_BUCKET: "required",
    DR_REGION: "required",
    DR_OBJECT_STORE_ENDPOINT: "required",
    DR_BUCKET_ACCESS_KEY: "secret",
    DR_BUCKET_SECRET_KEY: "secret",
  },
  proveHarbor: {
    ...COMMON,
    ...HARBOR,
    DR_NAMESPACE: "required",
    /** Name of the Harbor resource, and so the label `release` of its pods. */
    DR_HARBOR: "required",
    /** Parts whose replicas are above 0 on an active site, separated by commas. */
    DR_PARTS: "required",
  },
  provePushPull: {
    ...COMMON,
    ...HARBOR,
    DR_ADMIN_PASSWORD: "secret",
  },
  switchRouting: {
    ...COMMON,
    ...NAME,
    /** The user's executable and its own arguments, as a JSON array. */
    DR_ROUTING_COMMAND: "required",
    /** A, AAAA or CNAME. */
    DR_RECORD_TYPE: "required",
  },
  proveRouting: {
    ...COMMON,
    ...NAME,
    /** `address` or `address:port` of the DNS server to ask; the runner's own resolver when absent. */
    DR_RESOLVER: "optional",
  },
} as const satisfies Record<string, Record<string, Given>>;

/** Name of a step, and of its entry file. */
export type StepName = keyof typeof STEP_INPUTS;

type NamesGiven<Step extends StepName, How extends Given> = {
  [Name in keyof (typeof STEP_INPUTS)[Step]]: (typeof STEP_INPUTS)[Step][Name] extends How ? Name : never;
}[keyof (typeof STEP_INPUTS)[Step]];

/**
 * The environment of one step. `Value` is `string` inside the step and `pulumi.Input<string>` in the
 * component that declares its command.
 */
export type StepEnvironment<Step extends StepName, Value = string> = {
  readonly [Name in NamesGiven<Step, "required" | "secret">]: Value;
} & { readonly [Name in NamesGiven<Step, "optional">]?: Value };

/** Path of a step's entry file from the program's folder. */
export const stepFile = (step: StepName): string => `steps/${step}.ts`;
