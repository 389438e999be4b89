/**
 * Reads a kubeconfig: which API server, and how to be let in. Of the client library only this much is
 * needed, and importing its configuration class takes 1.3 s, more than most steps take altogether.
 * Tokens, client certificates, passwords and exec plugins (EKS, GKE, AKS, OpenShift) are understood.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { StepFailure, textOf } from "./outcome.ts";

/** An API server and what it takes to be let in. */
export interface ClusterAccess {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

interface Named {
  readonly name: string;
}
interface Cluster {
  readonly server?: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
}
interface ExecPlugin {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion?: string;
}
interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly exec?: ExecPlugin;
}
interface KubeconfigFile {
  readonly "current-context"?: string;
  readonly contexts?: readonly (Named & { readonly context: { readonly cluster: string; readonly user?: string } })[];
  readonly clusters?: readonly (Named & { readonly cluster: Cluster })[];
  readonly users?: readonly (Named & { readonly user: User })[];
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const PLUGIN_LIMIT_MS = 15_000;

/** Finds the kubeconfig, its context, and what is needed to speak to that cluster. */
export async function clusterAccess(
  wanted: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ClusterAccess> {
  const files = wanted.kubeconfig
    ? [wanted.kubeconfig]
    : (environment.KUBECONFIG ?? path.join(homedir(), ".kube", "config")).split(path.delimiter).filter(Boolean);
  const fix = wanted.kubeconfig
    ? "Correct the path: `pulumi config set kubeconfig <path>`."
    : "Name one: `pulumi config set kubeconfig <path>`, or set KUBECONFIG.";
  const read = await Promise.allSettled(files.map((file) => readOne(file, fix)));
  const found = read.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const broken = read.find((result) => result.status === "rejected");
  if (found.length === 0) {
    if (!wanted.kubeconfig && environment.KUBERNETES_SERVICE_HOST) return serviceAccount(environment);
    throw broken?.reason ?? new StepFailure("no kubeconfig", fix);
  }
  return accessOf(found, files, wanted.context);
}

async function readOne(file: string, fix: string): Promise<{ config: KubeconfigFile; folder: string }> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new StepFailure(`the kubeconfig ${file} cannot be read: ${textOf(error)}`, fix);
  });
  try {
    const config = parse(text) as unknown;
    if (typeof config !== "object" || config === null || !("clusters" in config))
      throw new Error("it names no clusters");
    return { config: config as KubeconfigFile, folder: path.dirname(path.resolve(file)) };
  } catch (error) {
    throw new StepFailure(`${file} is not a kubeconfig: ${textOf(error).split("\n")[0]}`, fix);
  }
}

async function accessOf(
  found: readonly { config: KubeconfigFile; folder: string }[],
  files: readonly string[],
  wantedContext: string | undefined,
): Promise<ClusterAccess> {
  const contexts = found.flatMap(({ config }) => config.contexts ?? []);
  const name = wantedContext ?? found.map(({ config }) => config["current-context"]).find(Boolean);
  const context = contexts.find((candidate) => candidate.name === name);
  if (context === undefined) {
    const known = contexts.map((candidate) => candidate.name).join(", ") || "none";
    throw new StepFailure(
      `kubeContext ${name ? `\`${name}\`` : "is not set and there is no current context"}: ${files.join(", ")} has the contexts ${known}`,
      "Choose one of them: `pulumi config set kubeContext <context>`.",
    );
  }
  const cluster = pick(found, "clusters", context.context.cluster);
  const user = pick(found, "users", context.context.user ?? "");
  if (!cluster?.entry.cluster.server) {
    throw new StepFailure(
      `context \`${name}\` names the cluster \`${context.context.cluster}\`, of which ${files.join(", ")} has no server`,
      "Correct the kubeconfig, or choose another context: `pulumi config set kubeContext <context>`.",
    );
  }
  const login = user ? await loginOf(user.entry.user, user.folder) : { headers: {}, tls: {} };
  const { cluster: settings } = cluster.entry;
  const ca = await bytes(settings["certificate-authority-data"], settings["certificate-authority"], cluster.folder);
  return {
    server: new URL(cluster.entry.cluster.server),
    headers: login.headers,
    tls: {
      ...login.tls,
      ...(ca ? { ca } : {}),
      ...(settings["tls-server-name"] ? { servername: settings["tls-server-name"] } : {}),
      ...(settings["insecure-skip-tls-verify"] ? { rejectUnauthorized: false } : {}),
    },
  };
}

function pick<Key extends "clusters" | "users">(
  found: readonly { config: KubeconfigFile; folder: string }[],
  key: Key,
  name: string,
): { entry: NonNullable<KubeconfigFile[Key]>[number]; folder: string } | undefined {
  for (const { config, folder } of found) {
    const entry = (config[key] ?? []).find((candidate) => candidate.name === name);
    if (entry) return { entry, folder };
  }
  return undefined;
}

async function loginOf(user: User, folder: string): Promise<Pick<ClusterAccess, "headers" | "tls">> {
  if (user.exec) return pluginLogin(user.exec, folder);
  const cert = await bytes(user["client-certificate-data"], user["client-certificate"], folder);
  const key = await bytes(user["client-key-data"], user["client-key"], folder);
  const token = user.token ?? (user.tokenFile ? (await readFile(user.tokenFile, "utf8")).trim() : undefined);
  const basic = user.username && user.password ? `${user.username}:${user.password}` : undefined;
  const authorization = token
    ? `Bearer ${token}`
    : basic
      ? `Basic ${Buffer.from(basic).toString("base64")}`
      : undefined;
  return { headers: authorization ? { authorization } : {}, tls: cert && key ? { cert, key } : {} };
}

async function pluginLogin(plugin: ExecPlugin, folder: string): Promise<Pick<ClusterAccess, "headers" | "tls">> {
  const apiVersion = plugin.apiVersion ?? "client.authentication.k8s.io/v1";
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false } };
  const extra = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const command = plugin.command.startsWith(".") ? path.resolve(folder, plugin.command) : plugin.command;
  try {
    const { stdout } = await promisify(execFile)(command, [...(plugin.args ?? [])], {
      timeout: PLUGIN_LIMIT_MS,
      env: { ...process.env, ...extra, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    const { status } = JSON.parse(stdout) as { status?: Record<string, string> };
    const { clientCertificateData: cert, clientKeyData: key, token } = status ?? {};
    return {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      tls: cert && key ? { cert: Buffer.from(cert), key: Buffer.from(key) } : {},
    };
  } catch (error) {
    // The plugin's own output may hold a credential, so only its first line is shown.
    throw new StepFailure(
      `the kubeconfig's login command \`${plugin.command}\` failed: ${textOf(error).split("\n")[0]}`,
      "Log in again with the cloud's own tool, then run this again.",
    );
  }
}

async function serviceAccount(environment: Readonly<Record<string, string | undefined>>): Promise<ClusterAccess> {
  const [token, ca] = await Promise.all([
    readFile(`${SERVICE_ACCOUNT}/token`, "utf8"),
    readFile(`${SERVICE_ACCOUNT}/ca.crt`),
  ]);
  const host = environment.KUBERNETES_SERVICE_HOST ?? "";
  return {
    server: new URL(`https://${host.includes(":") ? `[${host}]` : host}:${environment.KUBERNETES_SERVICE_PORT ?? 443}`),
    headers: { authorization: `Bearer ${token.trim()}` },
    tls: { ca },
  };
}

async function bytes(data: string | undefined, file: string | undefined, folder: string): Promise<Buffer | undefined> {
  if (data) return Buffer.from(data, "base64");
  return file ? readFile(path.resolve(folder, file)) : undefined;
}
