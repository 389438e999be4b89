/**
 * What a stand-in provider is, in plain values: the part of pulumirpc.ResourceProvider that this project's program
 * makes the engine call. plugin.ts carries it over gRPC.
 */
import type { Properties } from "./values.ts";

export type ChangeKind = "add" | "update" | "delete";
export interface Change {
  readonly kind: ChangeKind;
  readonly replace?: boolean;
}
/** Property path (`spec.replicas`, `data["a.b"]`) to what happens to it. */
export type Changes = Record<string, Change>;
export interface Failure {
  readonly property: string;
  readonly reason: string;
}
export interface Checked {
  readonly inputs: Properties;
  readonly failures?: readonly Failure[];
}
export interface Place {
  readonly urn: string;
  /** The type token, for example `kubernetes:core/v1:Secret`. */
  readonly type: string;
  /** The logical name. */
  readonly name: string;
}
/** "status" is the line that the display shows beside the resource while it works; the others stay. */
export type Log = (severity: "info" | "warning" | "error" | "status", urn: string, message: string) => void;
export interface Resource {
  readonly id: string;
  readonly state: Properties;
}

/** One provider. What is left out is answered as most providers answer it. */
export interface Provider {
  checkConfig?(inputs: Properties): Checked;
  diffConfig?(olds: Properties, news: Properties): { changes: Changes };
  configure?(variables: ReadonlyMap<string, string>, log: Log): Promise<void>;
  check(
    place: Place,
    olds: Properties,
    news: Properties,
    naming: { seed: Uint8Array; proposed: string; disabled: boolean },
  ): Promise<Checked>;
  diff(
    place: Place,
    olds: { id: string; inputs: Properties; state: Properties },
    news: Properties,
    ignoreChanges: readonly string[],
  ): Promise<{ changes: Changes; deleteBeforeReplace?: boolean }>;
  create(place: Place, inputs: Properties, run: { preview: boolean; timeout: number }): Promise<Resource>;
  update(
    place: Place,
    olds: { id: string; inputs: Properties; state: Properties },
    news: Properties,
    run: { preview: boolean; timeout: number; ignoreChanges: readonly string[] },
  ): Promise<Properties>;
  /** Undefined when the object is gone. */
  read(
    place: Place,
    id: string,
    olds: { inputs: Properties; state: Properties },
  ): Promise<(Resource & { inputs: Properties }) | undefined>;
  delete(place: Place, id: string, state: Properties, timeout: number): Promise<void>;
  invoke(token: string, args: Properties, preview: boolean): Promise<Properties>;
  cancel?(): void;
}
