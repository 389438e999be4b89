/**
 * Builds the servers that exist only as Go source: from the pinned, checksummed go.mod and go.sum of lab/go/<tool>,
 * into a cache outside the checkout.
 *
 * The cache's key is a hash of those two files and the build flags, so a changed pin builds again and everything
 * else is instant. Builds are serialised by a lock that the kernel drops with its holder, and a binary appears under
 * its name only when it is whole.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheDir, checkout } from "../layout.ts";
import type { Report } from "./report.ts";

interface GoTool {
  readonly importPath: string;
  /** Variables set at link time, for programs that report their version. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What a first build took on two cores, to tell who waits. */
  readonly about: string;
}

const COMPONENT_VERSION = "k8s.io/component-base/version";

export const GO_TOOLS = {
  etcd: { importPath: "go.etcd.io/etcd/server/v3", about: "20 s" },
  kwok: { importPath: "sigs.k8s.io/kwok/cmd/kwok", about: "70 s" },
  "kube-apiserver": {
    importPath: "k8s.io/kubernetes/cmd/kube-apiserver",
    variables: {
      [`${COMPONENT_VERSION}.gitVersion`]: "v1.36.3",
      [`${COMPONENT_VERSION}.gitMajor`]: "1",
      [`${COMPONENT_VERSION}.gitMinor`]: "36",
    },
    about: "4 min",
  },
  pulumi: {
    importPath: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.259.0" },
    about: "3 min",
  },
  /** Checks the workflows; only a test asks for it. */
  actionlint: { importPath: "github.com/rhysd/actionlint/cmd/actionlint", about: "20 s" },
} as const satisfies Record<string, GoTool>;

export type GoToolName = keyof typeof GO_TOOLS;

/** What the API server tests of the field look for first. */
const ENVTEST: readonly GoToolName[] = ["etcd", "kube-apiserver"];

function runnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function flagsOf(name: GoToolName): string[] {
  const tool: GoTool = GO_TOOLS[name];
  const variables = Object.entries(tool.variables ?? {}).map(([key, value]) => ` -X ${key}=${value}`);
  return ["-mod=readonly", "-trimpath", `-ldflags=-s -w${variables.join("")}`];
}

const moduleDir = (name: GoToolName): string => join(checkout, "lab", "go", name);

function cachedFile(name: GoToolName): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleDir(name), file)));
  hash.update(JSON.stringify([flagsOf(name), process.arch]));
  return join(cacheDir(), "go", `${name}-${hash.digest("hex").slice(0, 16)}`, name);
}

function givenFile(name: GoToolName): string | undefined {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets === undefined || assets === "" || !ENVTEST.includes(name)) return undefined;
  const file = join(assets, name);
  if (!runnable(file)) {
    throw new Error(
      `KUBEBUILDER_ASSETS is ${assets}, which has no executable "${name}". Point it at a folder with etcd and kube-apiserver, or unset it to have both built.`,
    );
  }
  return file;
}

/** The tool's executable if it is there already. */
export function goToolFile(name: GoToolName): string | undefined {
  const given = givenFile(name);
  if (given !== undefined) return given;
  const file = cachedFile(name);
  return runnable(file) ? file : undefined;
}

/** The tool's executable, or an error that says how to get it. */
export function requireGoTool(name: GoToolName): string {
  const file = goToolFile(name);
  if (file === undefined) throw new Error(`${name} is not built yet. Type: npm run setup`);
  return file;
}

/** Whether a program of that name is on PATH. */
export const onPath = (program: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => runnable(join(folder, program)));

/** Where `go` is, on PATH or where its archive is usually unpacked. */
export function goCommand(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/go/bin"];
  return folders.map((folder) => join(folder, "go")).find(runnable);
}

const NO_NETWORK = /dial tcp|no such host|i\/o timeout|proxyconnect|connection refused|TLS handshake timeout/;
const TOO_OLD = /requires go >=|invalid go version|toolchain not available/;
const REPORT_EVERY_MS = 30_000;

/** Builds the tool unless it is there, and returns its executable. Safe to call from several processes at once. */
export async function buildGoTool(name: GoToolName, report: Report): Promise<string> {
  const ready = goToolFile(name);
  if (ready !== undefined) {
    report(
      `${name}: ${process.env.KUBEBUILDER_ASSETS !== undefined && ENVTEST.includes(name) ? "from KUBEBUILDER_ASSETS" : "built already"}`,
    );
    return ready;
  }
  const go = goCommand();
  if (go === undefined) {
    throw new Error(
      `${name} must be built and there is no Go on PATH. Install Go 1.26 or newer, then type: npm run setup`,
    );
  }
  const tool: GoTool = GO_TOOLS[name];
  const file = cachedFile(name);
  mkdirSync(join(file, ".."), { recursive: true });
  report(`${name}: building ${tool.importPath} (about ${tool.about} the first time)`);
  const begun = performance.now();
  const child = spawn(
    "flock",
    [
      join(cacheDir(), "go", `${name}.lock`),
      "sh",
      "-c",
      'file=$1; package=$2; shift 2; test -x "$file" || { rm -f "$file".*; "$@" -o "$file.$$" "$package" && mv "$file.$$" "$file"; }',
      "build",
      file,
      tool.importPath,
      go,
      "build",
      ...flagsOf(name),
    ],
    {
      cwd: moduleDir(name),
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
    },
  );
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString("utf8")).slice(-20_000);
  });
  const ticking = setInterval(() => report(`${name}: still building`), REPORT_EVERY_MS);
  const code = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, signal) => resolve(status ?? signal ?? "ended"));
  });
  clearInterval(ticking);
  if (code !== 0 || !existsSync(file)) {
    const told = errors
      .split("\n")
      .filter((line) => !line.startsWith("go: downloading"))
      .slice(-10)
      .join("\n  ");
    const remedy = NO_NETWORK.test(errors)
      ? "The Go module proxy was not reached: check the network, or set GOPROXY to a mirror that you can reach, then type: npm run setup"
      : TOO_OLD.test(errors)
        ? "This Go is too old: install Go 1.26 or newer, then type: npm run setup"
        : `Its pins are in lab/go/${name}; type npm run setup to try again.`;
    throw new Error(`building ${name} failed (${code}):\n  ${told}\n${remedy}`);
  }
  report(`${name}: built in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  return file;
}
