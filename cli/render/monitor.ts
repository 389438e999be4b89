/**
 * Takes the engine's place while a program runs: records each registration as the engine would be told
 * of it (URN, parent, dependencies, options, inputs with their secret marks) and answers as if it were done.
 */
import type * as Pulumi from "@pulumi/pulumi";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { mapStrings, type ResourceRecord, SECRET, TYPES, UNKNOWN } from "../../policies/record.ts";

/** The marks of the wire format. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWNS = new Set([
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** The part of a registration that is recorded: what protobuf's generated class offers. */
interface Registration {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(visit: (value: { getUrnsList(): string[] }) => void): void };
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

/** A resource that is looked up, such as another stack. */
type Reading = Pick<Registration, "getType" | "getName" | "getParent" | "getDependenciesList"> & {
  getProperties(): { toJavaScript(): Record<string, unknown> } | undefined;
};

/** What is recorded of either. */
type Given = Pick<ResourceRecord, "type" | "name" | "dependencies" | "props"> &
  Partial<Pick<ResourceRecord, "read" | "protect" | "deleteBeforeReplace" | "replaceOnChanges">> & {
    readonly parent: string;
  };

interface Outputs {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> } | undefined;
}

interface Answer {
  getUrn(): string;
}

type Callback = (error: Error | null, answer: Answer | undefined) => void;

/** What a run declared. */
export interface Recording {
  readonly resources: ResourceRecord[];
  /** The stack's outputs that are known, secrets unwrapped: for the other stack's reference, never shown. */
  outputs: Record<string, unknown>;
}

export interface RecorderArgs {
  readonly mocks: Pulumi.runtime.Mocks;
  /** Values that are secret wherever they turn up. */
  readonly placeholders: ReadonlySet<string>;
  /** Properties to show beside the inputs, such as what a StackReference found. */
  readonly found: (type: string) => Readonly<Record<string, unknown>>;
}

/** The stack itself is in every program, and says nothing. */
const ROOT = "pulumi:pulumi:Stack";

/** Makes the recording monitor out of the SDK's own mock monitor, which is the tree's and not ours. */
export function recordingMonitor(Base: typeof MockMonitor, recording: Recording, args: RecorderArgs): MockMonitor {
  class RecordingMonitor extends Base {
    override async registerResource(request: unknown, callback: unknown): Promise<void> {
      const registration = request as Registration;
      const answer: Callback = (error, response) => {
        if (response !== undefined) keep(response.getUrn(), registration);
        (callback as Callback)(error, response);
      };
      await super.registerResource(request, answer);
    }

    override async readResource(request: unknown, callback: unknown): Promise<void> {
      const reading = request as Reading;
      const answer: Callback = (error, response) => {
        if (response !== undefined) {
          add(response.getUrn(), {
            type: reading.getType(),
            name: reading.getName(),
            parent: reading.getParent(),
            dependencies: reading.getDependenciesList(),
            props: reading.getProperties()?.toJavaScript() ?? {},
            read: true,
          });
        }
        (callback as Callback)(error, response);
      };
      await super.readResource(request, answer);
    }

    override registerResourceOutputs(request: unknown, callback: Callback): void {
      const registered = request as Outputs;
      if (registered.getUrn().includes(`::${ROOT}::`)) {
        recording.outputs = knownOnly(unwrapped(registered.getOutputs()?.toJavaScript() ?? {}));
      }
      super.registerResourceOutputs(request, callback);
    }
  }

  function keep(urn: string, registration: Registration): void {
    const dependencies = new Set(registration.getDependenciesList());
    registration.getPropertydependenciesMap().forEach((value) => {
      for (const each of value.getUrnsList()) dependencies.add(each);
    });
    add(urn, {
      type: registration.getType(),
      name: registration.getName(),
      parent: registration.getParent(),
      dependencies: [...dependencies],
      props: registration.getObject()?.toJavaScript() ?? {},
      protect: registration.getProtect(),
      deleteBeforeReplace: registration.getDeletebeforereplace(),
      replaceOnChanges: registration.getReplaceonchangesList(),
    });
  }

  function add(urn: string, given: Given): void {
    const { type, parent } = given;
    if (type === ROOT) return;
    if (recording.resources.some((resource) => resource.urn === urn)) {
      throw new Error(`declared twice: ${urn}. Give one of the two another name.`);
    }
    const props = { ...given.props, ...args.found(type) };
    recording.resources.push({
      read: false,
      protect: false,
      deleteBeforeReplace: false,
      replaceOnChanges: [],
      ...given,
      urn,
      // A Secret shows which of its values are marked, so there no value is hidden for what it is.
      props: masked(props, type === TYPES.secret ? new Set() : args.placeholders),
      parent: parent.includes(`::${ROOT}::`) || parent === "" ? undefined : parent,
      dependencies: [...given.dependencies].sort(),
    });
  }

  return new RecordingMonitor(args.mocks);
}

/** A copy that shows no secret: neither a marked value nor one that contains a placeholder. */
function masked(value: Record<string, unknown>, placeholders: ReadonlySet<string>): Record<string, unknown> {
  const hide = (text: string) => {
    if (UNKNOWNS.has(text)) return UNKNOWN;
    return [...placeholders].some((secret) => text.includes(secret)) ? SECRET : text;
  };
  return mapStrings(unmarked(value), hide) as Record<string, unknown>;
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET_SIGNATURE) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmarked(item)]));
}

function unwrapped(value: Record<string, unknown>): Record<string, unknown> {
  const open = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(open);
    if (typeof inner !== "object" || inner === null) return inner;
    const marked = inner as Record<string, unknown>;
    if (marked[SIGNATURE] === SECRET_SIGNATURE) return open(marked.value);
    return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, open(item)]));
  };
  return open(value) as Record<string, unknown>;
}

/** A reference to a stack never finds values that are not known yet. */
function knownOnly(outputs: Record<string, unknown>): Record<string, unknown> {
  const unknown = (value: unknown): boolean =>
    typeof value === "object" && value !== null ? Object.values(value).some(unknown) : UNKNOWNS.has(String(value));
  return Object.fromEntries(Object.entries(outputs).filter(([, value]) => !unknown(value)));
}
