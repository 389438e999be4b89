/**
 * What a machine must bring itself, which set-up cannot supply: the test runner asks here whether lab tests can run.
 */
import { existsSync, readFileSync } from "node:fs";
import { type GoToolName, goCommand, goToolFile } from "./goTools.ts";
import { distribution, missingPackages } from "./packages.ts";

/** Bits of CapEff: network namespaces need both. */
const CAPABILITIES: Readonly<Record<string, bigint>> = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n };

function lackingCapabilities(): string[] {
  try {
    const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
    return Object.entries(CAPABILITIES).flatMap(([name, bit]) => (((bits >> bit) & 1n) === 1n ? [] : [name]));
  } catch {
    return Object.keys(CAPABILITIES);
  }
}

const LAB_TOOLS: readonly GoToolName[] = ["etcd", "kube-apiserver", "kwok"];

/** Go tools of the lab that are not built yet. */
export const missingTools = (): GoToolName[] => LAB_TOOLS.filter((name) => goToolFile(name) === undefined);

/** Each entry says what this machine lacks to host the lab and what would help; empty when set-up can do the rest. */
export function missingForLab(): string[] {
  const missing: string[] = [];
  const { ids, name } = distribution();
  const known = ids.includes("debian") || ids.includes("ubuntu");
  const packages = known || process.platform === "linux" ? missingPackages() : [];
  if (process.platform !== "linux" || !existsSync("/proc/self/ns/net")) {
    missing.push(`Linux network namespaces (this is ${name}): use a Debian 12 machine or virtual machine`);
  } else if (!known && packages.length > 0) {
    missing.push(`Debian or Ubuntu (this is ${name}), or these programs from elsewhere: ${packages.join(" ")}`);
  }
  if (process.getuid?.() !== 0) {
    missing.push("root: network namespaces and package installation need it; run with sudo");
  } else {
    const lacking = lackingCapabilities();
    if (lacking.length > 0)
      missing.push(`${lacking.join(" and ")}: this container is too restricted; run it privileged`);
  }
  const tools = missingTools();
  if (tools.length > 0 && goCommand() === undefined) {
    missing.push(
      `Go 1.26 or newer on PATH, to build ${tools.join(", ")}: install it from your distribution or its archive`,
    );
  }
  return missing;
}

/** What `npm run setup` still has to do before `lab up` can. */
export function notSetUp(): string[] {
  return [
    ...missingPackages().map((name) => `package ${name}`),
    ...missingTools().map((name) => `${name} (built from lab/go/${name})`),
  ];
}
