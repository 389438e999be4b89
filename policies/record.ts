/**
 * Resources as the rules see them: plain records, whether they come from the engine through the policy
 * pack or from a run of the program under mocks. So a rule is one pure function with two users.
 */

/** One declared resource. */
export interface ResourceRecord {
  readonly urn: string;
  readonly type: string;
  /** Logical name, the last part of the URN. */
  readonly name: string;
  /** Properties, with SECRET and UNKNOWN in place of values that must not or cannot be seen. */
  readonly props: Readonly<Record<string, unknown>>;
  /** URN of the parent. */
  readonly parent?: string | undefined;
  /** URNs of what it waits for, by `dependsOn` or by data. */
  readonly dependencies: readonly string[];
  /** True for a resource that the stack only looks up: something else made it, and manages it. */
  readonly read: boolean;
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  /** Properties whose change replaces the resource. The engine shows them to no policy: only render knows. */
  readonly replaceOnChanges: readonly string[];
}

/** Stands for a value that is secret. */
export const SECRET = "[secret]";

/** Stands for a value that is known only after the update. */
export const UNKNOWN = "[unknown]";

/** Type tokens of the resources that rules look for. */
export const TYPES = {
  harbor: "kubernetes:operator.alaudadevops.io/v1alpha1:Harbor",
  postgresql: "kubernetes:acid.zalan.do/v1:postgresql",
  realm: "kubernetes:ceph.rook.io/v1:CephObjectRealm",
  zoneGroup: "kubernetes:ceph.rook.io/v1:CephObjectZoneGroup",
  zone: "kubernetes:ceph.rook.io/v1:CephObjectZone",
  pool: "kubernetes:ceph.rook.io/v1:CephBlockPool",
  store: "kubernetes:ceph.rook.io/v1:CephObjectStore",
  user: "kubernetes:ceph.rook.io/v1:CephObjectStoreUser",
  dnsEndpoint: "kubernetes:externaldns.k8s.io/v1alpha1:DNSEndpoint",
  awsRecord: "aws:route53/record:Record",
  secret: "kubernetes:core/v1:Secret",
  command: "command:local:Command",
  provider: "pulumi:providers:kubernetes",
  stackReference: "pulumi:pulumi:StackReference",
} as const;

/** The value at a dotted path, or undefined. */
export function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (inner, key) => (isObject(inner) || Array.isArray(inner) ? (inner as Record<string, unknown>)[key] : undefined),
      value,
    );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every leaf of a value with its dotted path. */
export function leaves(value: unknown, path = ""): { readonly path: string; readonly value: unknown }[] {
  const within = (key: string) => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, within(String(index))));
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => leaves(item, within(key)));
  return [{ path, value }];
}

/** Those leaves that are strings. */
export function strings(value: unknown): { readonly path: string; readonly value: string }[] {
  return leaves(value).flatMap((leaf) => (typeof leaf.value === "string" ? [{ ...leaf, value: leaf.value }] : []));
}

/** A copy of a value with every string replaced by what `change` makes of it. */
export function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
  }
  return value;
}
