/**
 * Runs controllers: one cache and watch per kind, one queue per controller.
 *
 * Kept apart from controller.ts, which is what operators are written against, so that an operator's unit test never
 * loads a watch.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { collectionPath, isNotFound, type KubeObject, kubeRequest, kubeWatch } from "../kube/rest.ts";
import { messageOf } from "../wait.ts";
import type { Controller, SiteContext, WatchedKind } from "./controller.ts";

/** Pause before a list after a watch ended: the server ends every watch after a while. */
const RELIST_MS = 200;
const RESYNC_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

interface Change {
  readonly object: KubeObject;
  readonly gone: boolean;
}

type Listener = (key: string, change: Change) => void;

const keyOf = (object: KubeObject): string => `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;

/** A kind's objects, kept up to date until the process ends. */
class Mirror {
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners: Listener[] = [];
  readonly #context: SiteContext;
  readonly #kind: WatchedKind;

  constructor(context: SiteContext, kind: WatchedKind) {
    this.#context = context;
    this.#kind = kind;
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  objects(): Iterable<[string, KubeObject]> {
    return this.#objects.entries();
  }

  #tell(object: KubeObject, gone: boolean): void {
    const key = keyOf(object);
    if (gone) this.#objects.delete(key);
    else this.#objects.set(key, object);
    for (const listener of this.#listeners) listener(key, { object, gone });
  }

  async #list(path: string): Promise<string> {
    const list = await kubeRequest<{ kind: string; items: KubeObject[]; metadata: { resourceVersion: string } }>(
      this.#context.kc,
      { path },
    );
    // Items of a list come without apiVersion and kind, which every reconcile wants.
    const identity = { apiVersion: this.#kind.apiVersion, kind: list.kind.replace(/List$/, "") };
    const seen = new Set<string>();
    for (const item of list.items) {
      const object = { ...item, ...identity };
      seen.add(keyOf(object));
      const before = this.#objects.get(keyOf(object));
      if (before?.metadata?.resourceVersion !== object.metadata?.resourceVersion) this.#tell(object, false);
    }
    for (const [key, object] of [...this.#objects]) if (!seen.has(key)) this.#tell(object, true);
    return list.metadata.resourceVersion;
  }

  async follow(): Promise<never> {
    const { kc, log } = this.#context;
    const path = collectionPath(this.#kind.apiVersion, this.#kind.plural);
    let told = "";
    for (;;) {
      try {
        const resourceVersion = await this.#list(path);
        told = "";
        await kubeWatch(kc, path, resourceVersion, (type, object) => {
          if (type === "ADDED" || type === "MODIFIED") this.#tell(object, false);
          else if (type === "DELETED") this.#tell(object, true);
        });
      } catch (thrown) {
        const message = messageOf(thrown);
        if (message !== told) log(`cannot watch ${path}: ${message}${isNotFound(thrown) ? " (CRD missing?)" : ""}`);
        told = message;
      }
      await sleep(RELIST_MS);
    }
  }
}

interface Work {
  latest: Change;
  busy: boolean;
  again: boolean;
  failures: number;
  timer?: NodeJS.Timeout | undefined;
}

/** Calls the controller, per object never concurrently, and again after a pause when it threw or asked for it. */
export function queueOf(controller: Controller, context: SiteContext): Listener {
  const works = new Map<string, Work>();
  const run = async (key: string, work: Work): Promise<void> => {
    work.busy = true;
    clearTimeout(work.timer);
    do {
      work.again = false;
      const { object, gone } = work.latest;
      let pause: number | undefined;
      try {
        if (gone) await controller.removed?.(object, context);
        else pause = await controller.reconcile(structuredClone(object), context);
        work.failures = 0;
      } catch (thrown) {
        pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** work.failures);
        work.failures += 1;
        context.log(`${key}: ${messageOf(thrown)} (again in ${pause} ms)`);
      }
      if (!work.again && gone && pause === undefined) works.delete(key);
      if (!work.again && pause !== undefined) work.timer = setTimeout(() => void run(key, work), pause);
    } while (work.again);
    work.busy = false;
  };
  return (key, change) => {
    const id = `${change.object.kind ?? ""} ${key}`;
    const work = works.get(id) ?? { latest: change, busy: false, again: false, failures: 0 };
    works.set(id, work);
    work.latest = change;
    if (work.busy) work.again = true;
    else void run(id, work);
  };
}

/** Never returns: operators run until their process is ended. */
export async function runControllers(controllers: readonly Controller[], base: SiteContext): Promise<never> {
  const mirrors = new Map<string, Mirror>();
  await Promise.all(
    controllers.map(async (controller) => {
      const context: SiteContext = {
        ...base,
        manager: `lab-${controller.name}`,
        log: (line) => base.log(`[${controller.name}] ${line}`),
      };
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
        try {
          await controller.begin?.(context);
          break;
        } catch (thrown) {
          context.log(`begin: ${messageOf(thrown)} (again in ${pause} ms)`);
          await sleep(pause);
        }
      }
      const queue = queueOf(controller, context);
      for (const kind of controller.watches) {
        const id = `${kind.apiVersion}/${kind.plural}`;
        const mirror = mirrors.get(id);
        if (mirror !== undefined) {
          mirror.listen(queue);
          for (const [key, object] of mirror.objects()) queue(key, { object, gone: false });
          continue;
        }
        const fresh = new Mirror(base, kind);
        fresh.listen(queue);
        mirrors.set(id, fresh);
        void fresh.follow();
        setInterval(() => {
          for (const [key, object] of fresh.objects()) queue(key, { object, gone: false });
        }, RESYNC_MS);
      }
    }),
  );
  return await new Promise<never>(() => undefined);
}
