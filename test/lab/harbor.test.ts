/**
 * Harbor in the lab: the stand-ins behave as a failover needs them to. An image is served only while its row and its
 * blobs are there, a core on a read-only database ends, and a Harbor at 0 answers nothing.
 */
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { api, countArtifacts, Ledger, lookUp, pull, pullBack, pushRandom } from "../../lab/client.ts";
import { down, up } from "../../lab/lab.ts";
import { dataDir, labLayout, labPrefix } from "../../lab/layout.ts";
import { run } from "../../lab/run.ts";
import { missingForLab, notSetUp } from "../../lab/setup/host.ts";
import { Supervisor } from "../../lab/supervisor.ts";
import { waitFor } from "../../lab/wait.ts";
import { HarborFixture, HOST } from "./harborFixture.ts";

const lacking = [...missingForLab(), ...notSetUp()];
const lab = labLayout(`${labPrefix().slice(0, 3)}h`);
const site = lab.sites.primary;
const quiet = (): void => undefined;

describe.skipIf(lacking.length > 0)("Harbor in the lab", () => {
  let harbor: HarborFixture;
  let endpoint = "";
  const scratch = mkdtempSync(join(tmpdir(), "harbor-dr-test-"));

  /** SQL in Harbor's database, past Harbor. */
  const sql = async (text: string): Promise<string> => {
    const login = { PGPASSWORD: harbor.secrets.databaseSuperuserPassword ?? "", PGSSLMODE: "require" };
    const { clusterIP } = (await harbor.read("v1", "Service", "acid-harbor")).spec as { clusterIP: string };
    return await run(["psql", "-h", clusterIP, "-U", "postgres", "-d", "registry", "-qtA"], {
      netns: site.netns,
      env: login,
      input: text,
    });
  };

  beforeAll(async () => {
    await down(lab, quiet);
    await up(lab, quiet);
    harbor = new HarborFixture(lab, "primary");
    await harbor.declareSecrets(["harbor-core-secret"]);
    await harbor.declareDatabase();
    endpoint = await harbor.declareBucket();
    await harbor.declareRoute("primary");
  }, 300_000);

  afterAll(async () => {
    await down(lab, quiet);
    await rm(scratch, { recursive: true, force: true });
  });

  it("names the Secret that a pod waits for, and starts when it comes", async () => {
    await harbor.declareHarbor("active", endpoint);
    const message = await waitFor(
      "the operator's complaint",
      async (seen) => {
        const { status } = await harbor.read("operator.alaudadevops.io/v1alpha1", "Harbor", "harbor");
        const text = JSON.stringify(status ?? {});
        seen(text);
        return text.includes("CreateContainerConfigError") ? text : undefined;
      },
      { seconds: 20 },
    );
    expect(message).toContain('harbor-core-0: CreateContainerConfigError: secret \\"harbor-core-secret\\" not found');
    await harbor.declareSecrets();
    expect(await harbor.phase("Running", 60)).toBe("7 of 7 pods ready");
  }, 120_000);

  it("answers under its external name, every component healthy", async () => {
    expect(await lookUp(harbor.client, HOST, lab.dnsAddress)).toEqual([site.address]);
    const { status, body } = await api(harbor.client, "GET", "/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "healthy" });
    const names = (body as { components: { name: string }[] }).components.map((component) => component.name);
    expect(names.sort()).toEqual(
      ["core", "database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy"].sort(),
    );
  });

  it("keeps the name's answer when the site's list is emptied, but not under the policy sync", async () => {
    const flags = join(site.dir, "external-dns.json");
    const emptied = async (): Promise<void> => {
      await harbor.declareRoute("secondary");
      await waitFor(
        "external-dns to have read the empty list",
        async () => {
          const { metadata, status } = await harbor.read("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "harbor");
          const read = (status as { observedGeneration?: number } | undefined)?.observedGeneration;
          return read === metadata?.generation ? true : undefined;
        },
        { seconds: 10 },
      );
    };
    const answer = async (): Promise<readonly string[]> => await lookUp(harbor.client, HOST, lab.dnsAddress);
    await emptied();
    expect(await answer()).toEqual([site.address]);
    await writeFile(flags, JSON.stringify({ policy: "sync" }));
    await waitFor("the name to be gone", async () => ((await answer()).length === 0 ? true : undefined), {
      seconds: 15,
    });
    await rm(flags);
    await harbor.declareRoute("primary");
    await waitFor("the name to be back", async () => ((await answer())[0] === site.address ? true : undefined), {
      seconds: 15,
    });
  });

  it("takes pushes, counts rows, and gives the images back by digest", async () => {
    expect((await api(harbor.client, "POST", "/projects", { project_name: "demo" })).status).toBe(201);
    const ledger = new Ledger(join(scratch, "ledger"));
    for (const name of ["one", "two/deep"]) await ledger.add(await pushRandom(harbor.client, `demo/${name}:v1`));
    await ledger.add(await pushRandom(harbor.client, "demo/large:v1", { layers: 1, layerBytes: 20_000_000 }));
    const { recovered, lost } = await pullBack(harbor.client, await ledger.entries());
    expect(lost).toEqual([]);
    expect(recovered).toHaveLength(3);
    expect(await countArtifacts(harbor.client, "demo")).toBe(3);
  });

  it("refuses wrong logins, unknown projects and a push in read-only mode", async () => {
    const stranger = { ...harbor.client, password: "Wrong1!wrong" };
    await expect(pushRandom(stranger, "demo/stranger:v1")).rejects.toThrow("wrong name or password");
    await expect(pushRandom(harbor.client, "nowhere/image:v1")).rejects.toThrow("unauthorized");
    await api(harbor.client, "PUT", "/configurations", { read_only: true });
    await expect(pushRandom(harbor.client, "demo/frozen:v1")).rejects.toThrow("read only mode");
    await api(harbor.client, "PUT", "/configurations", { read_only: false });
  });

  it("refuses a pull whose row is missing, though the bucket has it all", async () => {
    const { reference } = await pushRandom(harbor.client, "demo/rowless:v1");
    await sql("DELETE FROM artifact WHERE repository = 'rowless'");
    await expect(pull(harbor.client, reference)).rejects.toThrow("manifest unknown");
  });

  it("goes away without a trace at 0 replicas, and comes back with its images", async () => {
    const { reference, digest } = await pushRandom(harbor.client, "demo/kept:v1");
    await harbor.declareHarbor("standby", endpoint);
    await harbor.phase("Stopped", 20);
    expect(await harbor.pods()).toEqual([]);
    await expect(api(harbor.client, "GET", "/health")).rejects.toThrow("Failed to connect");
    expect(new Supervisor(site).names().filter((name) => name.startsWith("harbor-"))).toEqual([]);
    await harbor.declareHarbor("active", endpoint);
    await harbor.phase("Running", 30);
    expect(await pull(harbor.client, reference)).toBe(digest);
  });

  it("ends its core on a read-only database and starts it again afterwards", async () => {
    await sql("ALTER DATABASE registry SET default_transaction_read_only = on");
    const core = new Supervisor(site).pidOf("harbor-core-0");
    await sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'harbor-core' AND pid <> pg_backend_pid()",
    );
    await waitFor(
      "core to end",
      async () => (new Supervisor(site).pidOf("harbor-core-0") === core ? undefined : true),
      { seconds: 15 },
    );
    const waiting = await harbor.phase("Progressing", 15);
    expect(waiting).toMatch(/harbor-core-0: (CrashLoopBackOff|ContainersNotReady)/);
    expect(await run(["tail", "-n", "20", new Supervisor(site).logOf("harbor-core-0")])).toContain("read-only");
    await sql("SET default_transaction_read_only = off; ALTER DATABASE registry RESET default_transaction_read_only");
    expect(await harbor.phase("Running", 40)).toBe("7 of 7 pods ready");
  });

  it("ends its core when another secretKey is declared", async () => {
    const key = harbor.secrets.harborSecretKey ?? "";
    const secret = (secretKey: string): object => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "harbor-encryption", namespace: "harbor" },
      stringData: { secretKey },
    });
    await harbor.apply(secret("another-16-chars"));
    await waitFor(
      "core's complaint",
      async () => {
        const log = await run(["tail", "-n", "5", new Supervisor(site).logOf("harbor-core-0")]);
        return log.includes("both sites need the same secretKey") ? true : undefined;
      },
      { seconds: 30 },
    );
    await harbor.apply(secret(key));
    await harbor.phase("Running", 40);
  });

  it("leaves no Service, pod or server when the resource is deleted", async () => {
    await harbor.remove("operator.alaudadevops.io/v1alpha1", "Harbor", "harbor");
    await waitFor(
      "Harbor to be gone",
      async () => {
        const found = harbor.read("operator.alaudadevops.io/v1alpha1", "Harbor", "harbor");
        return await found.then(
          () => undefined,
          () => true,
        );
      },
      { seconds: 20 },
    );
    expect(await harbor.pods()).toEqual([]);
    await expect(harbor.read("v1", "Service", "harbor")).rejects.toThrow("not found");
    expect(await run(["find", dataDir(site, "harbor"), "-name", "settings.json"])).toBe("");
  });
});
