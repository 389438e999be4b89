/**
 * Asks a DNS server what a name points at, and compares the answer with the one that is wanted: exactly
 * that, never "among others". A fresh resolver for every question, so that nothing is answered from a cache
 * of our own, and never the hosts file of the runner, which clients do not share.
 */
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { Unanswered } from "./outcome.ts";

/** What one server says about a name. All sorted, in lower case, without a final dot. */
export interface Answer {
  readonly alias: readonly string[];
  readonly addresses: readonly string[];
}

/** Asks for everything that a name can point at. */
export type Ask = (name: string) => Promise<Answer>;

/** "No such name", or a name without records of that type: an answer, and an empty one. */
const EMPTY = new Set(["ENOTFOUND", "ENODATA"]);
const LIMIT_MS = 2000;

/** A question to `server`, or to the runner's own resolver. */
export function askServer(server: string | undefined): Ask {
  return async (name) => {
    const resolver = new Resolver({ timeout: LIMIT_MS, tries: 1 });
    if (server !== undefined) resolver.setServers([server]);
    const [alias, four, six] = await Promise.all([
      // Some servers refuse this question; the addresses then decide alone.
      records(resolver.resolveCname(name)).catch(() => []),
      records(resolver.resolve4(name)),
      records(resolver.resolve6(name)),
    ]).catch((error: NodeJS.ErrnoException) => {
      throw new Unanswered(`${server ?? "the runner's resolver"} on ${name}: ${error.code ?? error.message}`);
    });
    return { alias, addresses: [...four, ...six].sort() };
  };
}

/** Whether an answer is exactly the target. `behind` is what the target itself resolves to, when it is a name. */
export function pointsAt(answer: Answer, target: string, behind: Answer | undefined): boolean {
  if (isIP(target) !== 0) return same(answer.addresses, [plainName(target)]);
  // Some servers flatten an alias into addresses; then those must be the target's own, all of them.
  if (answer.alias.length > 0) return same(answer.alias, [plainName(target)]);
  return answer.addresses.length > 0 && same(answer.addresses, behind?.addresses ?? []);
}

/** An answer as a progress line shows it. */
export function describeAnswer({ alias, addresses }: Answer): string {
  if (alias.length + addresses.length === 0) return "nothing";
  return [...alias.map((name) => `alias ${name}`), ...addresses].join(", ");
}

/**
 * What the zone's own name servers say, asked one by one past every cache: it tells an address that was
 * never written from one that a cache still holds. Undefined where they cannot be found.
 */
export async function askAuthority(server: string | undefined, name: string, port = 53): Promise<string | undefined> {
  const resolver = new Resolver({ timeout: LIMIT_MS, tries: 1 });
  if (server !== undefined) resolver.setServers([server]);
  const labels = name.split(".");
  for (let depth = 0; depth < labels.length - 1; depth++) {
    const servers = await resolver.resolveNs(labels.slice(depth).join(".")).catch(() => []);
    if (servers.length === 0) continue;
    const told = servers.sort().map(async (host) => {
      const [address] = await resolver.resolve4(host).catch(() => []);
      if (address === undefined) return undefined;
      const answer = await askServer(`${address}:${port}`)(name).catch(() => undefined);
      return answer === undefined ? undefined : `${host} says ${describeAnswer(answer)}`;
    });
    const lines = (await Promise.all(told)).filter((line) => line !== undefined);
    return lines.length === 0 ? undefined : lines.join("; ");
  }
  return undefined;
}

async function records(asked: Promise<string[]>): Promise<string[]> {
  const found = await asked.catch((error: NodeJS.ErrnoException) => {
    if (EMPTY.has(error.code ?? "")) return [];
    throw error;
  });
  return found.map(plainName).sort();
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

/** Names compare without case and final dot; an IPv6 address in the form that a resolver prints. */
function plainName(text: string): string {
  if (isIP(text) === 6) return new URL(`http://[${text}]`).hostname.slice(1, -1);
  return text.toLowerCase().replace(/\.$/, "");
}
