/** The list of what must be mirrored follows the lock file, and the check names what a mirror lacks. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { check } from "../../cli/mirror/check.ts";
import { archiveOf, type MirrorList, mirrorList, tarballOf } from "../../cli/mirror/list.ts";

const here = mirrorList(".", { platform: "linux", arch: "x64" });
const small: MirrorList = {
  packages: [
    { name: "zod", version: "4.6.7", dev: false },
    { name: "@pulumi/tls", version: "5.6.1", dev: false },
    { name: "vitest", version: "4.1.12", dev: true },
  ],
  cli: "3.259.0",
  plugins: [
    { name: "tls", version: "5.6.1" },
    { name: "random", version: "4.21.2" },
  ],
  images: ["goharbor/harbor-core:v2.14.1", "goharbor/harbor-portal:v2.14.1"],
};

let server: Server;
let address: string;
const asked: string[] = [];

beforeAll(async () => {
  const has = [
    /^\/npm\/@pulumi\/tls\/-\/tls-5\.6\.1\.tgz$/,
    /^\/plugins\/pulumi-resource-random-v4\.21\.2-/,
    /^\/v2\/goharbor\/harbor-core\/manifests\/v2\.14\.1$/,
  ];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.statusCode = has.some((path) => path.test(request.url ?? "")) ? 200 : 404;
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => void server.close());

it("lists every pinned plugin in the version of its package", () => {
  expect(here.plugins.map(({ name }) => name)).toEqual(["kubernetes", "random", "tls", "command", "aws"]);
  for (const { name, version } of here.plugins) {
    expect(here.packages).toContainEqual({ name: `@pulumi/${name}`, version, dev: false });
  }
  expect(here.packages.find(({ name }) => name === "@pulumi/pulumi")?.version).toBe(here.cli);
});

it("lists no package of another operating system, and none twice", () => {
  const names = here.packages.map(({ name, version }) => `${name}@${version}`);
  expect(names.filter((name) => /darwin|win32|arm64/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(here.images).toContain("goharbor/harbor-core:v2.14.1");
});

it("names archives as npm and pulumi ask for them", () => {
  expect(tarballOf({ name: "@pulumi/tls", version: "5.6.1", dev: false })).toBe("@pulumi/tls/-/tls-5.6.1.tgz");
  expect(archiveOf({ name: "tls", version: "5.6.1" }, "linux-amd64")).toBe(
    "pulumi-resource-tls-v5.6.1-linux-amd64.tar.gz",
  );
});

it("names what the mirrors lack", async () => {
  const mirrors = { npm: `${address}/npm/`, plugins: `${address}/plugins`, images: address, dev: false };
  const findings = await check(".", small, mirrors);
  expect(findings.map(({ what, looked, missing }) => ({ what, looked, missing }))).toEqual([
    { what: "packages", looked: 2, missing: ["zod@4.6.7 (404)"] },
    {
      what: "plugins",
      looked: 2,
      missing: [expect.stringMatching(/^pulumi-resource-tls-v5\.6\.1-\S+\.tar\.gz \(404\)$/)],
    },
    { what: "images", looked: 2, missing: ["goharbor/harbor-portal:v2.14.1 (404)"] },
  ]);
  expect(asked.every((line) => line.startsWith("HEAD "))).toBe(true);
});

it("names a mirror that does not answer", async () => {
  const [packages] = await check(".", small, { npm: "http://127.0.0.1:1", dev: false });
  expect(packages?.missing).toEqual([
    expect.stringMatching(/^@pulumi\/tls@5\.6\.1 \(.*ECONNREFUSED/),
    expect.stringMatching(/^zod@4\.6\.7 \(.*ECONNREFUSED/),
  ]);
});

it("without mirrors, looks on this machine", async () => {
  const findings = await check(".", mirrorList("."), { dev: false });
  expect(findings.map(({ what }) => what)).toEqual(["packages", "plugins", `Pulumi CLI ${here.cli}`]);
  expect(findings[0]?.missing).toEqual([]);
});
