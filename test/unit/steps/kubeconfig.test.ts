/** How a kubeconfig is found and read, and how a wrong one is refused. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clusterAccess } from "../../../steps/kubeconfig.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "harbor-dr-kubeconfig-"));
});
afterAll(() => rm(folder, { recursive: true }));

const CONFIG = `
current-context: one
contexts:
- {name: one, context: {cluster: c, user: token}}
- {name: certificate, context: {cluster: c, user: certificate}}
- {name: plugin, context: {cluster: c, user: plugin}}
- {name: broken, context: {cluster: c, user: broken}}
- {name: nowhere, context: {cluster: none, user: token}}
clusters:
- {name: c, cluster: {server: "https://192.0.2.1:6443", certificate-authority-data: Y2E=, tls-server-name: api}}
users:
- {name: token, user: {token: abc}}
- {name: certificate, user: {client-certificate-data: Y2VydA==, client-key: key.pem}}
- {name: plugin, user: {exec: {command: sh, args: ["-c", "echo '{\\"status\\":{\\"token\\":\\"'$T'\\"}}'"], env: [{name: T, value: fromPlugin}]}}}
- {name: broken, user: {exec: {command: "false"}}}
`;

async function file(text: string, name = "config"): Promise<string> {
  await writeFile(path.join(folder, name), text);
  return path.join(folder, name);
}

describe("kubeconfig", () => {
  it("takes the current context, a token and an authority", async () => {
    const access = await clusterAccess({ kubeconfig: await file(CONFIG) });
    expect(access.server.href).toBe("https://192.0.2.1:6443/");
    expect(access.headers).toEqual({ authorization: "Bearer abc" });
    expect(access.tls).toEqual({ ca: Buffer.from("ca"), servername: "api" });
  });

  it("takes a client certificate, files beside the kubeconfig included", async () => {
    await file("the key", "key.pem");
    const { tls, headers } = await clusterAccess({ kubeconfig: await file(CONFIG), context: "certificate" });
    expect([String(tls.cert), String(tls.key), headers]).toEqual(["cert", "the key", {}]);
  });

  it("asks a login plugin, as clouds have them", async () => {
    const { headers } = await clusterAccess({ kubeconfig: await file(CONFIG), context: "plugin" });
    expect(headers).toEqual({ authorization: "Bearer fromPlugin" });
  });

  it("merges the files of KUBECONFIG", async () => {
    const first = await file("current-context: one\ncontexts: []\nclusters: []\n", "first");
    const second = await file(CONFIG);
    expect((await clusterAccess({}, { KUBECONFIG: `${first}:${second}` })).server.host).toBe("192.0.2.1:6443");
  });

  it.each([
    [
      "a context that is not there",
      CONFIG,
      "two",
      /kubeContext `two`: .* has the contexts one, certificate, plugin, broken, nowhere/,
      /kubeContext <context>/,
    ],
    ["a cluster that is not there", CONFIG, "nowhere", /names the cluster `none`/, /kubeContext/],
    ["a login that fails", CONFIG, "broken", /login command `false` failed/, /Log in again/],
    ["something else", "hello", undefined, /is not a kubeconfig/, /config set kubeconfig/],
    ["no YAML", "a: [", undefined, /is not a kubeconfig/, /config set kubeconfig/],
  ])("refuses %s", async (_name, text, context, message, remedy) => {
    const wrong = clusterAccess({ kubeconfig: await file(text), context });
    await expect(wrong).rejects.toThrow(message);
    await expect(wrong).rejects.toMatchObject({ remedy: expect.stringMatching(remedy) });
  });

  it("says which file cannot be read", async () => {
    await expect(clusterAccess({ kubeconfig: `${folder}/none` })).rejects.toThrow(
      /kubeconfig .*none cannot be read: ENOENT/,
    );
  });
});
