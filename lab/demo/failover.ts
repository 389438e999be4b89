/**
 * The demo's procedure: two sites, images pushed by an outside client, one site killed, the other promoted
 * by the commands that a user types, and every acknowledged image pulled back.
 */
import { join } from "node:path";
import { peerOf, type Site } from "../../sites.ts";
import { type Acknowledged, type Client, countArtifacts, Ledger, pull, pullBack, pushRandom } from "../client.ts";
import { kill, up } from "../lab.ts";
import type { LabLayout } from "../layout.ts";
import { externalUrl, writeProject } from "../project.ts";
import type { Engine } from "../pulumi/engine.ts";
import type { Report } from "../setup/report.ts";
import { messageOf, waitFor } from "../wait.ts";
import type { DemoReport, StepTime } from "./report.ts";
import { Stacks } from "./stacks.ts";

/** The site that is lost. */
const FROM: Site = "primary";
const TO: Site = peerOf(FROM);
const IMAGES = 20;
/** Pushes at a time: a client in a hurry, so that the kill finds replication at work. */
const AT_ONCE = 2;
/** The project that a new Harbor comes with. */
export const PROJECT = "library";

/** Both sites applied, and the outside client that uses them. */
export interface Provisioned {
  readonly stacks: Stacks;
  readonly client: Client;
}

/** Runs the whole demo. */
export async function failover(lab: LabLayout, engine: Engine, report: Report): Promise<DemoReport> {
  const { stacks, client } = await provision(lab, engine, report);
  const ledger = await pushImages(client, new Ledger(join(lab.dir, "demo", "ledger.jsonl")), IMAGES, report);
  const rows = await countArtifacts(client, PROJECT);
  report(`${ledger.length} images and ${rows} rows acknowledged by ${FROM}`);

  await stacks.setActive(TO, TO);
  report(`what the flip would do to ${TO}: pulumi preview --diff`);
  await stacks.preview(TO);
  await stacks.setActive(TO, FROM);

  const killed = performance.now();
  await kill(lab, FROM, report);
  const commanded = performance.now();
  await stacks.setActive(TO, TO);
  const gateSeconds = await stacks.up(TO);
  const [first] = ledger;
  if (first !== undefined) await firstPull(client, first, report);
  const serving = performance.now();
  report(`${TO} serves clients: ${seconds(commanded, serving)} s after the command`);

  return {
    engine: { kind: engine.kind, cliVersion: engine.cliVersion },
    failover: {
      from: FROM,
      to: TO,
      kind: "failover",
      rtoSeconds: seconds(commanded, serving),
      sinceKillSeconds: seconds(killed, serving),
      steps: await stepsOf(stacks, gateSeconds),
    },
    ...(await recoveredOf(client, ledger, rows, report)),
    pushedAfter: await pushedAfter(client, report),
  };
}

/** The lab and both stacks, from nothing. */
export async function provision(lab: LabLayout, engine: Engine, report: Report): Promise<Provisioned> {
  await up(lab, report);
  const stacks = new Stacks(engine, writeProject(lab), report);
  await stacks.initialise();
  for (const site of [FROM, TO]) await stacks.up(site);
  const password = await stacks.output(FROM, "adminPassword");
  const client = { netns: lab.outside.netns, externalUrl: externalUrl(lab), user: "admin", password };
  return { stacks, client };
}

/** Pulls back what was acknowledged, and counts the rows that came back with it. */
export async function recoveredOf(
  client: Client,
  ledger: readonly Acknowledged[],
  rows: number,
  report: Report,
): Promise<Pick<DemoReport, "images" | "rows">> {
  const { recovered, lost } = await pullBack(client, ledger);
  for (const { reference, reason } of lost) report(`LOST ${reference}: ${reason}`);
  return {
    images: { acknowledged: ledger.length, recovered: recovered.length, lost: lost.map((entry) => entry.reference) },
    rows: { acknowledged: rows, recovered: await countArtifacts(client, PROJECT) },
  };
}

/** Pushes `count` images of random content; the ledger holds those that were acknowledged. */
export async function pushImages(
  client: Client,
  ledger: Ledger,
  count: number,
  report: Report,
): Promise<readonly Acknowledged[]> {
  report(`pushing ${count} images through ${client.externalUrl}`);
  const names = Array.from({ length: count }, (_, index) => `${PROJECT}/demo-${String(index + 1).padStart(2, "0")}:v1`);
  const worker = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      await ledger.add(await pushRandom(client, name));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ledger.entries();
}

/** The moment that counts for a user: an old image comes back under the old name. */
async function firstPull(client: Client, entry: Acknowledged, report: Report): Promise<void> {
  await waitFor(
    `pull of ${entry.reference} through ${client.externalUrl}`,
    async () => await pull(client, entry.reference),
    {
      seconds: 30,
      everyMs: 200,
    },
  ).catch((error: unknown) => report(messageOf(error)));
}

async function pushedAfter(client: Client, report: Report): Promise<boolean> {
  try {
    const pushed = await pushRandom(client, `${PROJECT}/after-failover:v1`);
    return (await pull(client, pushed.reference)) === pushed.digest;
  } catch (error) {
    report(`push after the failover: ${messageOf(error)}`);
    return false;
  }
}

async function stepsOf(stacks: Stacks, gateSeconds: number | undefined): Promise<StepTime[]> {
  const proofs = JSON.parse(await stacks.output(TO, "proofs")) as { step: string; seconds: number }[];
  const gate = gateSeconds === undefined ? [] : [{ name: "gate", seconds: gateSeconds }];
  return [...gate, ...proofs.map(({ step, seconds: took }) => ({ name: step, seconds: took }))];
}

function seconds(from: number, to: number): number {
  return Math.round((to - from) / 100) / 10;
}
