/**
 * Keys and tokens of one site's API server, made once per lab and kept with the site's data.
 *
 * Two users: `admin` for the lab itself, `runner` for who runs Pulumi, with no more rights than that needs.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { SITES } from "../../sites.ts";
import { dataDir, type LabLayout, type LabSite } from "../layout.ts";
import { run } from "../run.ts";

export const API_PORT = 6443;

/** Whole or not at all, so that an interrupted run leaves no half of a key behind. */
function secretFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export const kubeDir = (site: LabSite): string => dataDir(site, "kube");

export const credentialFiles = (site: LabSite) => ({
  certificate: join(kubeDir(site), "server.crt"),
  key: join(kubeDir(site), "server.key"),
  serviceAccountKey: join(kubeDir(site), "service-account.key"),
  tokens: join(kubeDir(site), "tokens.csv"),
  /** For what runs inside the site: the API server by loopback, as admin. */
  kubeconfig: join(kubeDir(site), "admin.kubeconfig"),
});

interface User {
  readonly name: "admin" | "runner";
  readonly group: string;
}

const USERS: readonly User[] = [
  { name: "admin", group: "system:masters" },
  { name: "runner", group: "harbor-dr-runner" },
];

function tokenOf(site: LabSite, user: User["name"]): string {
  const line = readFileSync(credentialFiles(site).tokens, "utf8")
    .split("\n")
    .find((one) => one.split(",")[1] === user);
  return line?.split(",")[0] ?? "";
}

/** Makes what is missing. The certificate is its own authority and names the site's address. */
export async function makeCredentials(site: LabSite): Promise<void> {
  mkdirSync(kubeDir(site), { recursive: true, mode: 0o700 });
  const files = credentialFiles(site);
  if (!existsSync(files.certificate)) {
    const names = `subjectAltName=IP:${site.address},IP:127.0.0.1`;
    const made = ["-subj", `/CN=${site.prefix} ${site.site}`, "-addext", names, "-days", "3650"];
    const keyKind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", files.key];
    await run(["openssl", "req", "-x509", ...keyKind, ...made, "-out", files.certificate]);
    chmodSync(files.key, 0o600);
  }
  if (!existsSync(files.serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    secretFile(files.serviceAccountKey, privateKey.export({ type: "sec1", format: "pem" }).toString());
  }
  if (!existsSync(files.tokens)) {
    const lines = USERS.map((user) => `${randomBytes(24).toString("hex")},${user.name},${user.name},"${user.group}"`);
    secretFile(files.tokens, `${lines.join("\n")}\n`);
  }
  secretFile(files.kubeconfig, kubeconfigOf([{ site, user: "admin", context: "admin", host: "127.0.0.1" }]));
}

interface Context {
  readonly site: LabSite;
  readonly user: User["name"];
  readonly context: string;
  readonly host: string;
}

function kubeconfigOf(contexts: readonly Context[]): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: contexts.map(({ site, context, host }) => ({
      name: context,
      cluster: {
        server: `https://${host}:${API_PORT}`,
        "certificate-authority-data": readFileSync(credentialFiles(site).certificate).toString("base64"),
      },
    })),
    users: contexts.map(({ site, user, context }) => ({ name: context, user: { token: tokenOf(site, user) } })),
    contexts: contexts.map(({ context }) => ({ name: context, context: { cluster: context, user: context } })),
    "current-context": contexts[0]?.context ?? "",
  });
}

/** The file that users of the lab and Pulumi's stacks point at. */
export function writeKubeconfig(lab: LabLayout): void {
  const contexts = SITES.flatMap((name): Context[] => {
    const site = lab.sites[name];
    return [
      { site, user: "runner", context: name, host: site.address },
      { site, user: "admin", context: `${name}-admin`, host: site.address },
    ];
  });
  secretFile(lab.kubeconfig, kubeconfigOf(contexts));
}
