/** A CephObjectStoreUser's spec in the words of the gateway's admin API. */

export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

export interface UserSpec {
  readonly store?: string;
  readonly displayName?: string;
  readonly clusterNamespace?: string;
  readonly quotas?: {
    readonly maxBuckets?: number;
    readonly maxObjects?: number;
    readonly maxSize?: number | string;
  };
  readonly capabilities?: Readonly<Record<string, string>>;
  readonly keys?: readonly { readonly accessKeyRef: KeyRef; readonly secretKeyRef: KeyRef }[];
}

/** Capabilities by the field's name, where the gateway has another. */
const RENAMED: Readonly<Record<string, string>> = { user: "users", bucket: "buckets" };

export function capabilitiesText(spec: UserSpec): string {
  return Object.entries(spec.capabilities ?? {})
    .map(([name, permission]) => `${RENAMED[name] ?? name}=${permission};`)
    .sort()
    .join("");
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of a Kubernetes quantity such as `50Gi`. */
export function bytesOf(quantity: number | string): number {
  const parts = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(String(quantity));
  const unit = UNITS[parts?.[2] ?? "?"];
  if (parts === null || unit === undefined) throw new Error(`"${quantity}" is no size; write for example 50Gi`);
  return Math.floor(Number(parts[1]) * unit);
}

export function quotaOf(spec: UserSpec): { enabled: boolean; max_size: number; max_objects: number } {
  const { maxObjects, maxSize } = spec.quotas ?? {};
  return {
    enabled: maxObjects !== undefined || maxSize !== undefined,
    max_size: maxSize === undefined ? -1 : bytesOf(maxSize),
    max_objects: maxObjects ?? -1,
  };
}
