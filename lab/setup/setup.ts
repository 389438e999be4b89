/**
 * Everything a machine needs to run the lab and its tests, once: packages of the distribution and servers built from
 * source, side by side. The second time it finds all of it and takes less than a second.
 */
import { buildGoTool, goToolFile, onPath } from "./goTools.ts";
import { missingForLab, missingTools } from "./host.ts";
import { installMoto } from "./moto.ts";
import { installPackages } from "./packages.ts";
import type { Report } from "./report.ts";

export async function setup(report: Report): Promise<void> {
  const lacking = missingForLab();
  if (lacking.length > 0) {
    throw new Error(`This machine cannot host the lab. It lacks:\n${lacking.map((one) => `  - ${one}`).join("\n")}`);
  }
  const tools = async (): Promise<void> => {
    for (const name of missingTools()) await buildGoTool(name, report);
    report("servers built from source: etcd, kube-apiserver, kwok there");
    // An installed CLI is used as it is; lab/pulumi/engine.ts judges it and its plugins.
    if (onPath("pulumi")) report("pulumi: installed");
    else if (goToolFile("pulumi") === undefined) await buildGoTool("pulumi", report);
    else report("pulumi: built already");
  };
  const packages = async (): Promise<void> => {
    await installPackages(report);
    // The lab runs without it: where the Python package index is out of reach, one test misses it and says so.
    await installMoto(report).catch((problem: Error) =>
      report(`${problem.message}\n(only the tests of Route 53 need it)`),
    );
  };
  const results = await Promise.allSettled([packages(), tools()]);
  const failures = results.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
  if (failures.length > 0) throw new Error(failures.map((one) => one.message).join("\n\n"));
}
