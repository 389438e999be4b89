/**
 * Proves that the name points at this site, and at nothing else: what a resolver answers, several times in
 * a row, since one of the servers behind an address may still hold the old answer. A record that was
 * accepted proves nothing: external-dns notes a DNSEndpoint as seen before it changes the zone, and a cache
 * keeps the old answer for its time to live.
 */
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "./deadline.ts";
import { readPlace } from "./environment.ts";
import type { Evidence } from "./outcome.ts";
import { type Answer, askAuthority, askServer, describeAnswer, pointsAt } from "./resolver.ts";
import { type StepContext, stepMain } from "./step.ts";

/** Equal answers in a row, and the pause between them: one second in all. */
const ANSWERS = 5;
const PAUSE_MS = 200;
/** How often the zone's own servers are asked while the resolver's answer is wrong. */
const AUTHORITY_EVERY_MS = 10_000;

/** Proves the name on an active site; a standby's name is the other site's to prove. */
export async function proveRouting(context: StepContext<"proveRouting">): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const place = readPlace(environment);
  const { DR_HOSTNAME: hostname, DR_TARGET: target, DR_RESOLVER: server } = environment;
  if (place.role === "standby") {
    return { proved: `${place.site} is a standby: ${hostname} is not its to point`, seen: {} };
  }
  const ask = askServer(server);
  const whom = server ?? "the runner's resolver";
  let askedAuthority = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<Answer | undefined> => {
    const answer = await ask(hostname);
    const behind = isIP(target) === 0 && answer.alias.length === 0 ? await ask(target) : undefined;
    progress.saw(hostname, `${describeAnswer(answer)} (asked ${whom})`);
    if (pointsAt(answer, target, behind)) return answer;
    if (performance.now() - askedAuthority > AUTHORITY_EVERY_MS) {
      askedAuthority = performance.now();
      const told = await askAuthority(server, hostname);
      if (told !== undefined) progress.saw("zone's own servers", told);
    }
    return undefined;
  };
  return waitFor(
    `${hostname} pointing at ${target} alone`,
    deadline,
    progress,
    async () => {
      let answer = await look();
      for (let count = 1; answer !== undefined && count < ANSWERS; count++) {
        await sleep(PAUSE_MS);
        answer = await look();
      }
      if (answer === undefined) return undefined;
      return {
        proved: `${hostname} points at ${target} and nothing else, ${ANSWERS} answers in a row`,
        seen: { hostname, answer: describeAnswer(answer), resolver: whom },
      };
    },
    {
      everyMs: Math.min(1000, Number(environment.DR_TTL_SECONDS) * 250),
      remedy:
        `If the zone's own servers have it right, a cache holds the old answer for its time to live: \`pulumi up --stack ${place.site}\` again, ` +
        `or give routing.resolver. If nobody has it, look at what writes the record (external-dns: its log, the shared owner id and --policy=upsert-only; ` +
        `Route 53: \`pulumi up --refresh --stack ${place.site}\`).`,
    },
  );
}

stepMain(import.meta.url, "proveRouting", proveRouting);
