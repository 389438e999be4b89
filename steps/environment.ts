/**
 * Reads a step's environment against its row in `STEP_INPUTS`: everything that is missing or
 * malformed is reported together, and no value of a secret is ever part of an error.
 */
import { type Role, SITES, type Site } from "../sites.ts";
import { STEP_INPUTS, type StepEnvironment, type StepName } from "./inputs.ts";
import { StepFailure } from "./outcome.ts";

/** A host and a port, as in `host:port`. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The values that every step of a site shares, parsed. */
export interface Place {
  readonly site: Site;
  readonly peer: Site;
  readonly role: Role;
  readonly timeoutSeconds: number;
}

/** The variables of `step`, complete. Text is trimmed of nothing: a secret may end in a space. */
export function readEnvironment<Step extends StepName>(
  step: Step,
  source: Readonly<Record<string, string | undefined>>,
): StepEnvironment<Step> {
  const inputs: Readonly<Record<string, string>> = STEP_INPUTS[step];
  const names = Object.keys(inputs);
  const missing = names.filter((name) => inputs[name] !== "optional" && !source[name]);
  if (missing.length > 0) {
    throw new StepFailure(
      `step ${step} lacks ${missing.join(", ")}`,
      `These come from the program: run it with \`pulumi up\`, or set them when you start steps/${step}.ts by hand.`,
    );
  }
  return Object.fromEntries(
    names.flatMap((name) => (source[name] ? [[name, source[name]]] : [])),
  ) as StepEnvironment<Step>;
}

/** Site, peer, role and limit out of the common variables. */
export function readPlace(environment: Readonly<Record<string, string | undefined>>): Place {
  const site = oneOf("DR_SITE", environment.DR_SITE, SITES);
  const peer = oneOf("DR_PEER", environment.DR_PEER, SITES);
  const role = oneOf("DR_ROLE", environment.DR_ROLE, ["active", "standby"] as const);
  if (site === peer) throw new StepFailure(`DR_SITE and DR_PEER are both ${site}`, "They are the two sites.");
  return { site, peer, role, timeoutSeconds: seconds("DR_TIMEOUT_SECONDS", environment.DR_TIMEOUT_SECONDS) };
}

/** A positive number of seconds. */
export function seconds(name: string, text: string | undefined): number {
  const value = Number(text);
  if (!(value > 0)) throw new StepFailure(`${name} is \`${text}\``, "Give a number of seconds above 0.");
  return value;
}

/** Parses `host:port`. */
export function readAddress(name: string, text: string): Address {
  const match = /^(?<host>\[[0-9a-fA-F:]+\]|[^:/\s]+):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  const host = match?.groups?.host?.replace(/^\[|\]$/g, "");
  if (host === undefined || !(port > 0 && port < 65536)) {
    throw new StepFailure(`${name} is \`${text}\``, "Give host:port, such as 192.0.2.10:30002.");
  }
  return { host, port };
}

/** Parses an `http` or `https` URL. */
export function readUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new StepFailure(`${name} is \`${text}\``, "Give a URL that begins with http:// or https://.");
  }
  return url;
}

/** Splits a list separated by commas. */
export const readList = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

function oneOf<const Value extends string>(name: string, text: string | undefined, allowed: readonly Value[]): Value {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new StepFailure(`${name} is \`${text}\``, `Allowed: ${allowed.join(", ")}.`);
  return found;
}
