/**
 * Property values as they travel between the Pulumi engine and a provider: plain JSON, plus two things that
 * JSON has no word for, a secret and a value that is not known yet. On the wire both hide behind signatures;
 * here they are a class and a symbol, so that no provider can mistake one for a string.
 */
import protobufStruct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_PREFIX = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that the engine has not got yet, as in a preview of something that does not exist. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that must be encrypted in state and masked on screen. */
export class Secret {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

export type Value = null | boolean | number | string | typeof UNKNOWN | Secret | Value[] | Properties;
export interface Properties {
  [key: string]: Value;
}

/** Plain JSON: what is left of a Value when nothing is secret or unknown. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isProperties(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function decode(struct: Struct | undefined): Properties {
  const decoded = struct === undefined ? {} : decodeValue(struct.toJavaScript() as unknown as Json);
  return isProperties(decoded) ? decoded : {};
}

function decodeValue(value: Json): Value {
  if (typeof value === "string") return value.startsWith(UNKNOWN_PREFIX) ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(decodeValue);
  if (!isJsonObject(value)) return value;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) return new Secret(decodeValue(value.value ?? null));
  if (value[SIGNATURE_KEY] === OUTPUT_SIGNATURE) {
    const inner = value.value === undefined ? UNKNOWN : decodeValue(value.value);
    return value.secret === true ? new Secret(inner) : inner;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decodeValue(inner)]));
}

export function encode(properties: Properties): Struct {
  const encoded = encodeValue(properties);
  return protobufStruct.Struct.fromJavaScript(isJsonObject(encoded) ? encoded : {});
}

function encodeValue(value: Value): Json {
  if (value === UNKNOWN) return UNKNOWN_PREFIX;
  if (value instanceof Secret) return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: encodeValue(value.value) };
  if (Array.isArray(value)) return value.map(encodeValue);
  if (!isProperties(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encodeValue(inner)]));
}

export function hasUnknown(value: Value | undefined): boolean {
  return some(value, (inner) => inner === UNKNOWN);
}

export function hasSecret(value: Value | undefined): boolean {
  return some(value, (inner) => inner instanceof Secret);
}

function some(value: Value | undefined, test: (value: Value) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (value instanceof Secret) return some(value.value, test);
  if (Array.isArray(value)) return value.some((inner) => some(inner, test));
  return isProperties(value) && Object.values(value).some((inner) => some(inner, test));
}

/** The value without its secret marks; unknowns stay. For comparing and for handing to a server, never for state. */
export function reveal(value: Value): Value {
  if (value instanceof Secret) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (!isProperties(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
}

/** Plain JSON of a value of which everything is known; a caller that may meet an unknown asks hasUnknown first. */
export function toJson(value: Value): Json {
  if (value === UNKNOWN) throw new Error("a value that is not known yet cannot be sent to a server");
  if (value instanceof Secret) return toJson(value.value);
  if (Array.isArray(value)) return value.map(toJson);
  if (!isProperties(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}

export function equal(left: Value | undefined, right: Value | undefined): boolean {
  const a = left instanceof Secret ? left.value : left;
  const b = right instanceof Secret ? right.value : right;
  if (a === UNKNOWN || b === UNKNOWN) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((inner, index) => equal(inner, b[index]));
  }
  if (isProperties(a)) {
    if (!isProperties(b)) return false;
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => equal(a[key], b[key]));
  }
  return a === b;
}
