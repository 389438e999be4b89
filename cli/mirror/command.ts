/** `harbor-dr mirror`: what a site without internet needs, and what of it is missing. */
import { resolve } from "node:path";
import { defineCommand } from "citty";
import { EXIT, ExitError } from "../exit.ts";
import { check, type Finding } from "./check.ts";
import { type MirrorList, mirrorList } from "./list.ts";

export const mirror = defineCommand({
  meta: {
    name: "harbor-dr mirror",
    description: "List what a site without internet must mirror; with --check, name what is missing",
  },
  args: {
    check: { type: "boolean", description: "look for it, on this machine or in the mirrors that are named" },
    npm: { type: "string", valueHint: "url", description: "npm mirror to ask instead of node_modules" },
    plugins: {
      type: "string",
      valueHint: "url",
      description: "folder of plugin archives to ask instead of PULUMI_HOME",
    },
    images: { type: "string", valueHint: "url", description: "image registry to ask for Harbor's images" },
    dev: { type: "boolean", description: "packages for tests and the lab too" },
    json: { type: "boolean", description: "print JSON" },
    project: { type: "string", default: ".", valueHint: "folder", description: "folder with Pulumi.yaml" },
  },
  run: async ({ args }) => {
    const folder = resolve(args.project);
    const list = listOf(folder);
    const print = (value: unknown, text: string) =>
      void process.stdout.write(args.json ? `${JSON.stringify(value, undefined, 2)}\n` : text);
    if (!args.check) return print(list, listed(list, args.dev));
    const { npm, plugins, images, dev } = args;
    for (const address of [npm, plugins, images]) expectAddress(address);
    const findings = await check(folder, list, { npm, plugins, images, dev: dev === true });
    print(findings, findings.map(told).join(""));
    if (findings.some(({ missing }) => missing.length > 0)) process.exitCode = EXIT.failed;
  },
});

function listOf(folder: string): MirrorList {
  try {
    return mirrorList(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.usage, `--project ${folder}: ${why}. Name the folder of a checkout of harbor-dr.`);
  }
}

function expectAddress(address: string | undefined): void {
  if (address === undefined || /^https?:\/\//.test(address)) return;
  throw new ExitError(EXIT.usage, `${address} is no address: type it with http:// or https://`);
}

function listed({ packages, cli, plugins, images }: MirrorList, dev: boolean | undefined): string {
  const wanted = packages.filter((each) => dev || !each.dev);
  return [
    `Pulumi CLI v${cli}, with pulumi-language-nodejs beside it`,
    ...plugins.map(({ name, version, when }) => `plugin ${name} v${version}${when ? ` (with ${when})` : ""}`),
    ...images.map((image) => `image ${image}`),
    ...wanted.map(({ name, version }) => `package ${name}@${version}`),
    "",
  ].join("\n");
}

function told({ what, where, looked, missing }: Finding): string {
  const count = `${what}: ${looked - missing.length} of ${looked} in ${where}`;
  return [count, ...missing.map((name) => `  missing: ${name}`), ""].join("\n");
}
