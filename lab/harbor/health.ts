/**
 * What GET /api/v2.0/health says: one entry per component, each asked at that moment.
 *
 * As in Harbor the answer is 200 also when a component is ill; `status` tells.
 */
import type { Database } from "./database.ts";
import { pingRedis } from "./redisPing.ts";
import type { RegistryProxy } from "./registryProxy.ts";
import type { CoreSettings } from "./settings.ts";

const LIMIT_MS = 3000;

interface ComponentHealth {
  readonly name: string;
  readonly status: "healthy" | "unhealthy";
  readonly error?: string;
}

export interface Health {
  ask(): Promise<{ readonly status: "healthy" | "unhealthy"; readonly components: readonly ComponentHealth[] }>;
}

async function answers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}

const reasonOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message;
};

async function check(name: string, ask: () => Promise<void>): Promise<ComponentHealth> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS} ms`)), LIMIT_MS).unref();
  });
  try {
    await Promise.race([ask(), late]);
    return { name, status: "healthy" };
  } catch (thrown) {
    return { name, status: "unhealthy", error: reasonOf(thrown) };
  }
}

export function healthOf(settings: CoreSettings, database: Database, registry: RegistryProxy): Health {
  const { probes } = settings;
  const checks: Readonly<Record<string, () => Promise<void>>> = {
    core: () => Promise.resolve(),
    database: () => database.ping(),
    redis: () => pingRedis(settings.redis),
    registry: () => registry.ping(),
    registryctl: () => answers(probes.registryctl),
    jobservice: () => answers(probes.jobservice),
    portal: () => answers(probes.portal),
    ...(probes.trivy === undefined ? {} : { trivy: () => answers(probes.trivy ?? "") }),
  };
  return {
    async ask() {
      const components = await Promise.all(Object.entries(checks).map(([name, ask]) => check(name, ask)));
      const healthy = components.every((component) => component.status === "healthy");
      return { status: healthy ? "healthy" : "unhealthy", components };
    },
  };
}
