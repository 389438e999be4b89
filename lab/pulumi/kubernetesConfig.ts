/**
 * Provider configuration of the Kubernetes stand-in: which options exist, and from kubeconfig (a path, its content,
 * or what kubectl would take) to the address and credentials of one cluster.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, resolve } from "node:path";
import { parse } from "yaml";
import { notInStandIn } from "./errors.ts";
import type { Failure } from "./provider.ts";
import { isProperties, type Properties, reveal, type Value } from "./values.ts";

/** Options that are taken; the engine sends all of them as text. */
const KNOWN = [
  "kubeconfig",
  "context",
  "cluster",
  "namespace",
  "clusterIdentifier",
  "enableServerSideApply",
  "enablePatchForce",
  "upsertExistingObjects",
  "enableConfigMapMutable",
  "enableSecretMutable",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
];
const DANGEROUS: Record<string, string> = {
  skipUpdateUnreachable: "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
  deleteUnreachable: "PULUMI_K8S_DELETE_UNREACHABLE",
};

export interface Cluster {
  readonly server: URL;
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
  readonly serverName: string | undefined;
  readonly authorization: string | undefined;
  readonly namespace: string;
}

export function checkProviderInputs(inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  for (const [name, value] of Object.entries(inputs)) {
    const plain = reveal(value);
    const on = plain === true || plain === "true";
    const dangerous = DANGEROUS[name];
    if (dangerous !== undefined) {
      if (on) {
        failures.push({
          property: name,
          reason: `refused: with ${name} a dead cluster looks like a finished update; remove it`,
        });
      }
    } else if (name === "enableServerSideApply" && (plain === false || plain === "false")) {
      throw notInStandIn("kubernetes", "client-side apply (enableServerSideApply: false)");
    } else if (
      !KNOWN.includes(name) &&
      !name.startsWith("__") &&
      name !== "version" &&
      plain !== "" &&
      plain !== "false"
    ) {
      throw notInStandIn("kubernetes", `the provider option "${name}"`);
    }
  }
  for (const [name, variable] of Object.entries(DANGEROUS)) {
    if (process.env[variable] === "true") {
      failures.push({ property: name, reason: `refused: the environment variable ${variable} is "true"; unset it` });
    }
  }
  return failures;
}

interface Kubeconfig {
  readonly content: Properties;
  /** Folder that relative paths in the file are relative to. */
  readonly directory: string;
}

function readKubeconfig(given: string): Kubeconfig {
  const path = given.startsWith("~") ? homedir() + given.slice(1) : given;
  if (!path.includes("\n") && existsSync(path)) {
    return { content: parseKubeconfig(readFileSync(path, "utf8")), directory: dirname(resolve(path)) };
  }
  return { content: parseKubeconfig(given), directory: process.cwd() };
}

function parseKubeconfig(text: string): Properties {
  const content: unknown = parse(text);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    const seen = text.includes("\n") ? "the text given" : JSON.stringify(text);
    throw new Error(`${seen} is neither a file nor the content of a kubeconfig`);
  }
  return content as Properties;
}

function ambientKubeconfigs(): Kubeconfig[] {
  const paths = process.env.KUBECONFIG ? process.env.KUBECONFIG.split(delimiter) : [resolve(homedir(), ".kube/config")];
  return paths.filter((path) => path !== "" && existsSync(path)).map(readKubeconfig);
}

function entry(
  files: readonly Kubeconfig[],
  list: string,
  name: string,
): { value: Properties; directory: string } | undefined {
  for (const { content, directory } of files) {
    const items = content[list];
    for (const item of Array.isArray(items) ? items : []) {
      if (!isProperties(item) || item.name !== name) continue;
      const value = item[list.slice(0, -1)];
      return { value: isProperties(value) ? value : {}, directory };
    }
  }
  return undefined;
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function material(from: { value: Properties; directory: string }, name: string): string | undefined {
  const inline = text(from.value[`${name}-data`]);
  if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
  const path = text(from.value[name]);
  return path === undefined ? undefined : readFileSync(resolve(from.directory, path), "utf8");
}

function authorization(user: { value: Properties; directory: string }): string | undefined {
  if (user.value.exec !== undefined || user.value["auth-provider"] !== undefined) {
    throw notInStandIn("kubernetes", "kubeconfig users that log in through another program (exec, auth-provider)");
  }
  const token =
    text(user.value.token) ?? (text(user.value.tokenFile) && readFileSync(String(user.value.tokenFile), "utf8").trim());
  if (token) return `Bearer ${token}`;
  const name = text(user.value.username);
  return name === undefined
    ? undefined
    : `Basic ${Buffer.from(`${name}:${text(user.value.password) ?? ""}`).toString("base64")}`;
}

/** Throws with the reason, in client-go's words where it has some; the provider then counts the cluster as unreachable. */
export function loadCluster(option: (name: string) => string | undefined): Cluster {
  const given = option("kubeconfig");
  const files = given ? [readKubeconfig(given)] : ambientKubeconfigs();
  const current = files.map(({ content }) => text(content["current-context"])).find((name) => name !== undefined);
  const contextName = option("context") || current;
  if (contextName === undefined) {
    throw new Error(
      "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
    );
  }
  const context = entry(files, "contexts", contextName);
  if (!context) throw new Error(`context ${JSON.stringify(contextName)} does not exist`);
  const clusterName = option("cluster") || text(context.value.cluster) || "";
  const cluster = entry(files, "clusters", clusterName);
  const server = text(cluster?.value.server);
  if (!cluster || server === undefined) throw new Error(`cluster ${JSON.stringify(clusterName)} does not exist`);
  const user = entry(files, "users", text(context.value.user) ?? "") ?? { value: {}, directory: "." };
  return {
    server: new URL(server),
    ca: material(cluster, "certificate-authority"),
    certificate: material(user, "client-certificate"),
    key: material(user, "client-key"),
    insecure: cluster.value["insecure-skip-tls-verify"] === true,
    serverName: text(cluster.value["tls-server-name"]),
    authorization: authorization(user),
    namespace: option("namespace") || text(context.value.namespace) || "default",
  };
}
