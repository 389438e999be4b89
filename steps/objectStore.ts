/** Asks the object store: `radosgw-admin` in the toolbox pod of this site, and the admin API of any gateway. */
import { isReady, type Pod, podState } from "./cluster.ts";
import { StepFailure, Unanswered } from "./outcome.ts";
import { type Period, parsePeriod } from "./period.ts";
import type { Pods } from "./pods.ts";
import { type Answer, jsonOf, NoAnswer } from "./request.ts";
import { type Keys, s3, s3Code } from "./s3.ts";
import { parseSyncStatus, type SyncStatus } from "./syncStatus.ts";

/** What a gateway says of itself. `dead` accepts connections, with no live cluster behind it. */
export type GatewayAnswer =
  | { readonly kind: "period"; readonly period: Period }
  | { readonly kind: "silent" | "dead" | "unclear"; readonly why: string };

/** A radosgw-admin command that has nothing to wait for ends in well under a second. */
const ADMIN_LIMIT_SECONDS = 20;
/** The admin API signs with a region, and looks at none. */
const ANY_REGION = "us-east-1";

/**
 * Asks a gateway, signed with the system keys, for the realm's period and for something that only a
 * live cluster can answer: the period comes from the gateway's memory, and so do anonymous answers.
 */
export async function askGateway(endpoint: URL, realm: string, keys: Keys, timeoutMs: number): Promise<GatewayAnswer> {
  const ask = (path: string) =>
    s3({ method: "GET", url: new URL(path, endpoint), keys, region: ANY_REGION, timeoutMs });
  const refused = (answer: Answer): GatewayAnswer => ({
    kind: "unclear",
    why: `${endpoint.origin} answers, and refuses the realm's keys or knows no such realm: ${s3Code(answer)}`,
  });
  try {
    const [answer, users] = await Promise.all([
      ask(`/admin/realm/period?realm_name=${encodeURIComponent(realm)}`),
      ask("/admin/metadata/user?max-entries=1"),
    ]);
    const period = answer.status === 200 ? parsePeriod(jsonOf(answer)) : undefined;
    if (period === undefined) return refused(answer);
    return users.status === 200 ? { kind: "period", period } : refused(users);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { kind: error.connected ? "dead" : "silent", why: error.message };
  }
}

/** `radosgw-admin` of one site. */
export class Toolbox {
  readonly #pods: Pods;
  readonly #namespace: string;
  readonly #realm: string;

  constructor(pods: Pods, environment: { readonly DR_OBJECT_STORE_NAMESPACE: string; readonly DR_REALM: string }) {
    this.#pods = pods;
    this.#namespace = environment.DR_OBJECT_STORE_NAMESPACE;
    this.#realm = environment.DR_REALM;
  }

  /** The toolbox pod; undefined when there is none that is ready. */
  async pod(): Promise<Pod | undefined> {
    return (await this.#pods.list(this.#namespace, { app: "rook-ceph-tools" })).find(isReady);
  }

  /** This site's current period; undefined when it has no realm yet. */
  async period(): Promise<Period | undefined> {
    const result = await this.#run(["period", "get"]);
    if (result.exitCode !== 0) {
      if (/No such file|\(2\)|does not exist|failed to (init|load|read) (realm|period)/i.test(result.stderr))
        return undefined;
      throw new Unanswered(`radosgw-admin period get: ${lastLines(result.stderr)}`);
    }
    const period = parsePeriod(parseJson(result.stdout));
    if (period === undefined)
      throw new Unanswered(`radosgw-admin period get printed no period: ${result.stdout.slice(0, 200)}`);
    return period.master === "" && period.zones.length === 0 ? undefined : period;
  }

  async syncStatus(): Promise<SyncStatus> {
    const result = await this.#run(["sync", "status"]);
    if (result.exitCode !== 0) throw new Unanswered(`radosgw-admin sync status: ${lastLines(result.stderr)}`);
    return parseSyncStatus(result.stdout);
  }

  /** Makes `zone` the master and commits the period. Doing it twice changes nothing. */
  async promote(zoneGroup: string, zone: string): Promise<void> {
    await this.#must(["zone", "modify", `--rgw-zonegroup=${zoneGroup}`, `--rgw-zone=${zone}`, "--master", "--default"]);
    await this.#must(["period", "update", "--commit", `--rgw-zonegroup=${zoneGroup}`, `--rgw-zone=${zone}`]);
  }

  /** Takes over the realm and its period from the master's gateway, and commits what this zone adds. */
  async rejoin(master: URL, keys: Keys, zoneGroup: string, zone: string): Promise<void> {
    const pull = `read -r access; read -r secret; exec timeout -k 2 ${ADMIN_LIMIT_SECONDS} radosgw-admin realm pull "$@" --access-key="$access" --secret="$secret"`;
    const words = ["sh", "-c", pull, "sh", `--url=${master.origin}`, `--rgw-realm=${this.#realm}`, "--default"];
    check("realm pull", await this.#exec(words, `${keys.accessKey}\n${keys.secretKey}\n`));
    await this.#must(["period", "update", "--commit", `--rgw-zonegroup=${zoneGroup}`, `--rgw-zone=${zone}`]);
  }

  async #must(words: readonly string[]): Promise<void> {
    check(words.slice(0, 2).join(" "), await this.#run(words));
  }

  #run(words: readonly string[]) {
    const limit = ["timeout", "-k", "2", String(ADMIN_LIMIT_SECONDS)];
    return this.#exec([...limit, "radosgw-admin", ...words, `--rgw-realm=${this.#realm}`]);
  }

  async #exec(words: readonly string[], stdin?: string) {
    const listed = await this.#pods.list(this.#namespace, { app: "rook-ceph-tools" });
    const pod = listed.find(isReady);
    if (pod === undefined) {
      throw new StepFailure(
        `no ready toolbox pod (label app=rook-ceph-tools) in namespace ${this.#namespace}: ${listed.map(podState).join(", ") || "none at all"}`,
        `Install Rook's toolbox there: deploy/rook-ceph-tools, the operator's examples have it as toolbox.yaml.`,
      );
    }
    return this.#pods.exec(pod, words, {
      timeoutMs: (ADMIN_LIMIT_SECONDS + 5) * 1000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }
}

function check(what: string, result: { exitCode: number; stderr: string; stdout: string }): void {
  if (result.exitCode === 0) return;
  const hung = result.exitCode === 124 || result.exitCode === 137 ? ` (no result within ${ADMIN_LIMIT_SECONDS} s)` : "";
  throw new Unanswered(
    `radosgw-admin ${what}: exit ${result.exitCode}${hung}: ${lastLines(result.stderr || result.stdout)}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lastLines = (text: string): string => text.trim().split("\n").slice(-2).join(" | ").slice(0, 400) || "no output";
