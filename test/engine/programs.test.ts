/** Conformance of the engine as a user meets it: configuration, policies, references, and the small providers. */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "../../lab/layout.ts";
import { type Bench, ENGINES, everythingIn, ok, openBench, SKIP, type Stack, said } from "./bench.ts";
import { configMap, secret } from "./objects.ts";

describe.skipIf(SKIP).each(ENGINES)("programs with $name", ({ standIns }) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(standIns);
  });
  afterAll(() => bench?.close());

  it("is what it says it is", () => {
    expect(bench.engine.kind).toBe(standIns ? "stand-in plugins" : "genuine plugins");
    expect(bench.engine.cliVersion).toMatch(/^v3\.\d+\.\d+/);
  });

  it("takes configuration as users type it, and prints no warning about plugins", async () => {
    const stack = await bench.stack("typed");
    const declare = JSON.stringify({ passwords: { password: { length: 12 } } });
    ok(await stack.pulumi(["config", "set", "declare", declare]));
    ok(await stack.pulumi(["config", "set", "token", "--secret"], { input: "hunter2-hunter2" }));
    expect(readFileSync(stack.configFile, "utf8")).not.toContain("hunter2");
    const up = ok(await stack.pulumi(["up", "--yes"]));
    expect(said(up)).not.toMatch(/warning|\$PATH/);
    expect(said(up)).toContain("[secret]");
    expect(ok(await stack.pulumi(["stack", "output", "password", "--show-secrets"])).stdout.trim()).toHaveLength(12);
  });

  it("makes passwords by the rules, keeps them, and replaces them when told", async () => {
    const stack = await bench.stack("random");
    const rules = { length: 24, special: true, overrideSpecial: "_%", minUpper: 3, minNumeric: 2, minSpecial: 4 };
    stack.declare({ passwords: { password: rules, plain: { length: 16, special: false } } });
    ok(await stack.up());
    const { password, plain, passwordHash } = (await stack.outputs()) as Record<string, string>;
    expect(password).toMatch(/^[A-Za-z0-9_%]{24}$/);
    expect(password?.match(/[A-Z]/g)?.length).toBeGreaterThanOrEqual(3);
    expect(password?.match(/[0-9]/g)?.length).toBeGreaterThanOrEqual(2);
    expect(password?.match(/[_%]/g)?.length).toBeGreaterThanOrEqual(4);
    expect(plain).toMatch(/^[A-Za-z0-9]{16}$/);
    expect(bcrypt.compareSync(password ?? "", passwordHash ?? "")).toBe(true);
    ok(await stack.up("--expect-no-changes"));
    expect(await stack.outputs()).toMatchObject({ password, plain });
    stack.declare({
      passwords: { password: { ...rules, keepers: { turn: "2" } }, plain: { length: 16, special: false } },
    });
    expect(said(ok(await stack.up()))).toMatch(/\+-\s?1 replaced/);
    const after = await stack.outputs();
    expect(after.plain).toBe(plain);
    expect(after.password).not.toBe(password);
    expect(everythingIn(join(bench.home, "state"))).not.toContain(String(after.password));
    stack.declare({ passwords: { password: { length: 4, minUpper: 3, minNumeric: 2 } } });
    const refused = await stack.preview();
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toMatch(/length/);
  });

  describe("a command", () => {
    let stack: Stack;
    const log = () => join(stack.folder, "log");
    const lines = () => readFileSync(log(), "utf8").trim().split("\n");
    const declared = (role: string, more: Record<string, string> = {}) => ({
      commands: {
        step: {
          create: `echo created >> ${log()}; echo "role $ROLE"`,
          update: `echo "updated $ROLE after $PULUMI_COMMAND_STDOUT" >> ${log()}; echo "role $ROLE"`,
          environment: { ROLE: role },
          ...more,
        },
      },
    });

    it("runs on create, and not again while nothing changes", async () => {
      stack = await bench.stack("command");
      stack.declare(declared("active"));
      ok(await stack.up());
      ok(await stack.up("--expect-no-changes"));
      expect(lines()).toEqual(["created"]);
    });

    it("runs on a changed input, after a preview that only says so", async () => {
      stack.declare(declared("standby"));
      expect(said(ok(await stack.preview()))).toMatch(/~ ROLE: "active" => "standby"/);
      expect(lines()).toEqual(["created"]);
      ok(await stack.up());
      expect(lines()).toEqual(["created", "updated standby after role active"]);
      expect(await stack.outputs()).toEqual({ step: "role standby" });
    });

    it("shows why it failed, and runs again next time because a failure is not recorded as done", async () => {
      stack.declare(declared("standby", { update: "echo 'it is broken' >&2; exit 3" }));
      const failed = await stack.up();
      expect(failed.code).not.toBe(0);
      expect(said(failed)).toContain("it is broken");
      expect(said(failed)).toContain("exit status 3");
      expect(said(await stack.up())).toContain("it is broken");
      stack.declare(declared("standby", { update: `echo mended >> ${log()}` }));
      ok(await stack.up());
      expect(lines().at(-1)).toBe("mended");
    });
  });

  it("hands a command its input and secret environment, and keeps what it says about them secret", async () => {
    const stack = await bench.stack("stdin");
    const step = {
      create: "cat; echo $PASSWORD | wc -c",
      stdin: "by stdin\n",
      logging: "none",
      environment: { PASSWORD: "$password" },
    };
    stack.declare({ passwords: { password: { length: 20 } }, commands: { step } });
    const up = ok(await stack.up());
    expect(said(up)).toMatch(/step\s*: \[secret\]/);
    expect((await stack.outputs()).step).toBe("by stdin\n21");
  });

  it("makes a key and the certificate for it", async () => {
    const stack = await bench.stack("tls");
    stack.declare({ certificate: true });
    ok(await stack.up());
    const { keyPem, certPem } = (await stack.outputs()) as Record<string, string>;
    const certificate = new X509Certificate(certPem ?? "");
    expect(keyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem ?? ""))).toBe(true);
    expect(certificate.verify(createPublicKey(keyPem ?? ""))).toBe(true);
    expect(certificate.subject).toBe("CN=harbor-token-issuer");
    expect(certificate.ca).toBe(true);
    ok(await stack.up("--expect-no-changes"));
  });

  it("keeps a secret secret on its way through a stack reference into another stack's state", async () => {
    const one = await bench.stack("giver");
    one.declare({ passwords: { password: { length: 32, special: false } } });
    ok(await one.up());
    const two = await bench.stack("taker");
    two.declare({ take: "organization/conformance/giver" });
    ok(await two.up());
    const { password } = await one.outputs();
    expect((await two.outputs()).taken).toBe(password);
    expect(everythingIn(join(bench.home, "state"))).not.toContain(String(password));
  });

  it("keeps the data of a Secret out of state, output and errors", async () => {
    const stack = await bench.stack("secrets");
    stack.declare({
      passwords: { password: { length: 32, special: false } },
      objects: { held: secret("held", { value: "$password", plain: "not-marked" }) },
    });
    const up = ok(await stack.up());
    const { password } = await stack.outputs();
    const encoded = Buffer.from(String(password)).toString("base64");
    const seen = `${everythingIn(join(bench.home, "state"))}${said(up)}${said(await stack.preview())}`;
    for (const plain of [String(password), encoded, "not-marked", Buffer.from("not-marked").toString("base64")]) {
      expect(seen.replace(/conformance:declare.*/g, "")).not.toContain(plain);
    }
    const live = await bench.server.api.ask("GET", "/api/v1/namespaces/default/secrets/held");
    expect(live.data).toMatchObject({ value: encoded });
  });

  it("asks a policy pack, and a mandatory violation fails the preview", async () => {
    const packs = join(bench.home, "policies");
    cpSync(join(checkout, "test", "engine", "policies"), packs, { recursive: true });
    if (!existsSync(join(packs, "node_modules")))
      symlinkSync(join(checkout, "node_modules"), join(packs, "node_modules"));
    const stack = await bench.stack("policy");
    stack.declare({ objects: { fine: configMap("fine", { allowed: "1" }) } });
    ok(await stack.preview("--policy-pack", packs));
    stack.declare({ objects: { bad: configMap("bad", { forbidden: "1" }) } });
    const refused = await stack.preview("--policy-pack", packs);
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toContain("bad has the key forbidden");
    writeFileSync(join(packs, "index.ts"), "throw new Error('the pack is broken');\n");
    const broken = await stack.preview("--policy-pack", packs);
    expect(broken.code).not.toBe(0);
    expect(said(broken)).toContain("the pack is broken");
  });

  it("fails with the program's own words when the program fails", async () => {
    const stack = await bench.stack("program");
    stack.declare({ take: "organization/conformance/nobody" });
    const preview = await stack.preview();
    expect(preview.code).not.toBe(0);
    expect(said(preview)).toMatch(/nobody/);
  });

  it.runIf(standIns)("names a resource type that a stand-in does not have, and what to do", async () => {
    const stack = await bench.stack("pets");
    stack.declare({ pets: true });
    expect(said(await stack.preview())).toContain(
      'the stand-in for the Pulumi plugin "random" does not have the resource type random:index/randomPet:RandomPet; install the Pulumi plugins to use it',
    );
  });
});
