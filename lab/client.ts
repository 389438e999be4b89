/**
 * A client that is nobody's friend: it lives in the lab's outside place, knows Harbor by its external name only, asks
 * the DNS server there for the address, and pushes and pulls with skopeo as any user would.
 *
 * What Harbor acknowledged to it goes into a ledger. After a failover every line of the ledger must come back, by
 * digest: that, and nothing that a server says of itself, is the measure of what was lost.
 */
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type ImageShape, type MadeImage, makeImage } from "./imageLayout.ts";

/** A client gives up after this long; a dead site must not hold it for ever. */
const LIMIT_SECONDS = 60;

export interface Client {
  /** Network namespace to run in; the host's own when absent. */
  readonly netns?: string;
  /** As clients type it, e.g. `http://registry.example.test:30002`. */
  readonly externalUrl: string;
  readonly user: string;
  readonly password: string;
}

/** One image that Harbor acknowledged. */
export interface Acknowledged {
  /** `project/repository:tag`. */
  readonly reference: string;
  readonly digest: string;
  /** ISO time of the acknowledgement. */
  readonly at: string;
}

export class ClientFailed extends Error {
  override readonly name = "ClientFailed";
}

async function inPlace(client: Client, command: readonly string[], stdin?: string): Promise<string> {
  const [file = "", ...args] = client.netns === undefined ? command : ["ip", "netns", "exec", client.netns, ...command];
  const result = await execa(file, args, {
    reject: false,
    timeout: LIMIT_SECONDS * 1000,
    ...(stdin === undefined ? { stdin: "ignore" as const } : { input: stdin }),
  });
  if (result.exitCode === 0) return result.stdout;
  const words = String(result.stderr ?? "").trim() || String(result.shortMessage);
  throw new ClientFailed(`${command[0]}: ${words.split("\n").slice(-3).join(" ")}`);
}

/** Runs skopeo with a login file that only root can read: a password has no place on a command line. */
async function skopeo(client: Client, args: (authFile: string) => readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "harbor-dr-client-"));
  try {
    const authFile = join(dir, "auth.json");
    const login = Buffer.from(`${client.user}:${client.password}`).toString("base64");
    const host = new URL(client.externalUrl).host;
    await writeFile(authFile, JSON.stringify({ auths: { [host]: { auth: login } } }), { mode: 0o600 });
    return await inPlace(client, ["skopeo", "--insecure-policy", ...args(authFile)]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const remote = (client: Client, reference: string): string =>
  `docker://${new URL(client.externalUrl).host}/${reference}`;

/** Pushes; returns what was acknowledged. Throws ClientFailed when it was not. */
export async function push(client: Client, image: MadeImage, reference: string): Promise<Acknowledged> {
  await skopeo(client, (authFile) => [
    "copy",
    "--preserve-digests",
    "--dest-tls-verify=false",
    `--dest-authfile=${authFile}`,
    `oci:${image.dir}`,
    remote(client, reference),
  ]);
  return { reference, digest: image.digest, at: new Date().toISOString() };
}

/** Pulls the whole image, every blob included, and returns the digest of what arrived. */
export async function pull(client: Client, reference: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "harbor-dr-pull-"));
  try {
    // skopeo checks each blob against its digest while it copies.
    await skopeo(client, (authFile) => [
      "copy",
      "--preserve-digests",
      "--src-tls-verify=false",
      `--src-authfile=${authFile}`,
      remote(client, reference),
      `oci:${join(dir, "image")}`,
    ]);
    const index = JSON.parse(await readFile(join(dir, "image", "index.json"), "utf8")) as {
      manifests: { digest: string }[];
    };
    return index.manifests[0]?.digest ?? "";
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Makes an image, pushes it, and forgets the local copy. */
export async function pushRandom(client: Client, reference: string, shape?: ImageShape): Promise<Acknowledged> {
  const dir = await mkdtemp(join(tmpdir(), "harbor-dr-image-"));
  try {
    return await push(client, await makeImage(dir, shape), reference);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export interface Recovery {
  readonly recovered: readonly Acknowledged[];
  readonly lost: readonly (Acknowledged & { readonly reason: string })[];
}

/** Pulls every acknowledged image back and compares digests; one failure does not hide the next. */
export async function pullBack(client: Client, ledger: readonly Acknowledged[]): Promise<Recovery> {
  const recovered: Acknowledged[] = [];
  const lost: (Acknowledged & { reason: string })[] = [];
  for (const entry of ledger) {
    try {
      const digest = await pull(client, entry.reference);
      if (digest === entry.digest) recovered.push(entry);
      else lost.push({ ...entry, reason: `pulled ${digest}` });
    } catch (thrown) {
      lost.push({ ...entry, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }
  return { recovered, lost };
}

export interface ApiAnswer {
  readonly status: number;
  readonly total: number | undefined;
  readonly body: unknown;
}

/** One request to Harbor's API from the outside place; the login travels by stdin. */
export async function api(client: Client, method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  const url = `${client.externalUrl.replace(/\/$/, "")}/api/v2.0${path}`;
  const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const config = [
    `url = ${quoted(url)}`,
    `request = ${quoted(method)}`,
    `user = ${quoted(`${client.user}:${client.password}`)}`,
    ...(body === undefined
      ? []
      : [`header = "content-type: application/json"`, `data = ${quoted(JSON.stringify(body))}`]),
  ];
  const command = ["curl", "-sSk", "--max-time", "15", "-D", "-", "--config", "-"];
  const text = await inPlace(client, command, `${config.join("\n")}\n`);
  const end = text.search(/\r?\n\r?\n/);
  const head = end === -1 ? text : text.slice(0, end);
  const rest = end === -1 ? "" : text.slice(end).trim();
  const total = /^x-total-count: *(\d+)/im.exec(head)?.[1];
  return {
    status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1] ?? 0),
    total: total === undefined ? undefined : Number(total),
    body: rest.startsWith("{") || rest.startsWith("[") ? (JSON.parse(rest) as unknown) : rest,
  };
}

/** How many artifacts Harbor has rows for in a project. */
export async function countArtifacts(client: Client, project: string): Promise<number> {
  let count = 0;
  for (let page = 1; ; page++) {
    const answer = await api(client, "GET", `/projects/${project}/repositories?page_size=100&page=${page}`);
    if (answer.status !== 200) throw new ClientFailed(`counting artifacts of ${project}: HTTP ${answer.status}`);
    const list = answer.body as { artifact_count: number }[];
    count += list.reduce((sum, one) => sum + one.artifact_count, 0);
    if (list.length < 100) return count;
  }
}

/** What the DNS server of the outside place answers for a name, in order; empty when it has no answer. */
export async function lookUp(client: Client, name: string, server: string): Promise<readonly string[]> {
  const script =
    'const {Resolver}=require("node:dns").promises;const r=new Resolver({timeout:1500,tries:2});' +
    "r.setServers([process.argv[1]]);" +
    'r.resolve4(process.argv[2]).then(a=>console.log(a.join("\\n")),e=>{if(!["ENOTFOUND","ENODATA"].includes(e.code))throw e})';
  const answer = await inPlace(client, [process.execPath, "-e", script, server, name]);
  return answer.split("\n").filter((line) => line !== "");
}

/** An append-only file of what was acknowledged, one JSON line each. */
export class Ledger {
  readonly file: string;
  constructor(file: string) {
    this.file = file;
  }

  async add(entry: Acknowledged): Promise<void> {
    await mkdir(join(this.file, ".."), { recursive: true });
    await appendFile(this.file, `${JSON.stringify(entry)}\n`);
    await chmod(this.file, 0o600);
  }

  async entries(): Promise<readonly Acknowledged[]> {
    try {
      const lines = (await readFile(this.file, "utf8")).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as Acknowledged);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw thrown;
    }
  }
}
