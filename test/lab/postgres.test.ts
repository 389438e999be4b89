/**
 * PostgreSQL of two sites through its custom resources, as the program drives it: what the operator makes of them,
 * what it refuses, and what demotion, promotion and the death of a site really do. SQL goes through exec into the
 * pods, as the steps do it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminConfigFrom } from "../../lab/kube/cluster.ts";
import { collectionPath, type Json, type KubeObject, kubeRequest } from "../../lab/kube/rest.ts";
import { cut, down, heal, kill, start, up } from "../../lab/lab.ts";
import { labLayout, labPrefix } from "../../lab/layout.ts";
import { missingForLab, notSetUp } from "../../lab/setup/host.ts";
import { waitFor } from "../../lab/wait.ts";
import { peerOf, type Site } from "../../sites.ts";
import { connect } from "../../steps/pods.ts";

const lacking = [...missingForLab(), ...notSetUp()];
const lab = labLayout(`${labPrefix().slice(0, 3)}p`);
const quiet = (): void => undefined;
const NAMESPACE = "harbor";
const CLUSTER = "acid-harbor";
const PEER_PORT = 31661;
const LABELS = { "cluster-name": CLUSTER, "spilo-role": "master" };
const PASSWORDS = { postgres: "super-1", standby: "stand-by-1", harbor: "harbor-1" };

const on = (site: Site) => adminConfigFrom(lab.kubeconfig, lab.sites[site]);
const create = async (site: Site, apiVersion: string, plural: string, object: Json): Promise<KubeObject> =>
  await kubeRequest(on(site), {
    method: "POST",
    path: `${collectionPath(apiVersion, plural, NAMESPACE)}?fieldValidation=Strict`,
    body: { apiVersion, ...object },
  });
const clusterPath = (name = CLUSTER): string =>
  `${collectionPath("acid.zalan.do/v1", "postgresqls", NAMESPACE)}/${name}`;
const statusOf = async (site: Site, name = CLUSTER): Promise<string> => {
  const object = await kubeRequest(on(site), { path: clusterPath(name) });
  return (object.status as { PostgresClusterStatus?: string } | undefined)?.PostgresClusterStatus ?? "";
};
const awaitStatus = async (site: Site, status: string, name = CLUSTER): Promise<string> =>
  await waitFor(
    `${name} of ${site} to be ${status}`,
    async (seen) => {
      const now = await statusOf(site, name);
      seen(now);
      return now === status ? now : undefined;
    },
    { seconds: 60 },
  );

function spec(site: Site, isReplica: boolean, numberOfInstances: number): Json {
  return {
    teamId: "ACID",
    postgresql: { version: "15", parameters: { max_slot_wal_keep_size: "1GB" } },
    numberOfInstances,
    volume: { size: "1Gi" },
    users: { harbor: [] },
    databases: { registry: "harbor" },
    clusterReplication: {
      enabled: true,
      isReplica,
      peerHost: lab.sites[peerOf(site)].address,
      peerPort: PEER_PORT,
      replSvcType: "NodePort",
      bootstrapSecret: "standby-bootstrap-secret",
    },
  };
}

const declare = async (site: Site, isReplica: boolean, numberOfInstances: number, name = CLUSTER) =>
  await create(site, "acid.zalan.do/v1", "postgresqls", {
    kind: "postgresql",
    metadata: { name },
    spec: spec(site, isReplica, numberOfInstances),
  });

const change = async (site: Site, isReplica: boolean, numberOfInstances: number): Promise<void> => {
  const body = { spec: { numberOfInstances, clusterReplication: { isReplica } } };
  await kubeRequest(on(site), {
    method: "PATCH",
    path: clusterPath(),
    body,
    contentType: "application/merge-patch+json",
  });
};

async function secretsAndService(site: Site): Promise<void> {
  for (const [user, password] of Object.entries(PASSWORDS)) {
    const name = `${user}.${CLUSTER}.credentials.postgresql.acid.zalan.do`;
    await create(site, "v1", "secrets", {
      kind: "Secret",
      metadata: { name },
      stringData: { username: user, password },
    });
  }
  await create(site, "v1", "secrets", {
    kind: "Secret",
    type: "kubernetes.io/basic-auth",
    metadata: { name: "standby-bootstrap-secret" },
    stringData: { username: "postgres", password: PASSWORDS.postgres },
  });
  await create(site, "v1", "services", {
    kind: "Service",
    metadata: { name: `${CLUSTER}-replication` },
    spec: { type: "NodePort", selector: LABELS, ports: [{ port: 5432, targetPort: 5432, nodePort: PEER_PORT }] },
  });
}

/** In the leader's pod; fails with what psql said. */
async function sql(site: Site, statement: string): Promise<string> {
  const { pods } = await connect({ DR_KUBECONFIG: lab.kubeconfig, DR_KUBE_CONTEXT: `${site}-admin` });
  const [leader] = await pods.list(NAMESPACE, LABELS);
  if (leader === undefined) throw new Error(`no leader pod on ${site}`);
  const command = ["psql", "-U", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement];
  const done = await pods.exec(leader, command, { container: "postgres", timeoutMs: 10_000 });
  if (done.exitCode !== 0) throw new Error(done.stderr);
  return done.stdout.trim();
}

const eventually = async (site: Site, statement: string, wanted: string, seconds = 30): Promise<string> =>
  await waitFor(
    `${statement} on ${site} to give ${wanted}`,
    async (seen) => {
      const answer = await sql(site, statement);
      seen(answer);
      return answer === wanted ? answer : undefined;
    },
    { seconds },
  );

const STREAMS = "select count(*) from pg_stat_wal_receiver where status = 'streaming'";
const systemOf = async (site: Site): Promise<string> =>
  await sql(site, "select system_identifier from pg_control_system()");

describe.skipIf(lacking.length > 0)("PostgreSQL of two sites", () => {
  beforeAll(async () => {
    await down(lab, quiet);
    await up(lab, quiet);
    await Promise.all([secretsAndService("primary"), secretsAndService("secondary")]);
  });
  afterAll(async () => await down(lab, quiet));

  it("refuses what the operator refuses: two instances of a standby, a foreign team, another version, an unknown field", async () => {
    await declare("secondary", true, 2);
    await declare("secondary", false, 1, "other-harbor");
    await create("secondary", "acid.zalan.do/v1", "postgresqls", {
      kind: "postgresql",
      metadata: { name: "acid-newer" },
      spec: { ...spec("secondary", false, 1), postgresql: { version: "16" } },
    });
    for (const name of [CLUSTER, "other-harbor", "acid-newer"]) await awaitStatus("secondary", "CreateFailed", name);
    await expect(
      create("secondary", "acid.zalan.do/v1", "postgresqls", {
        kind: "postgresql",
        metadata: { name: "acid-typo" },
        spec: { ...spec("secondary", false, 1), numberOfInstance: 1 },
      }),
    ).rejects.toThrow('unknown field "spec.numberOfInstance"');
    const pods = await kubeRequest<{ items: KubeObject[] }>(on("secondary"), {
      path: `${collectionPath("v1", "pods", NAMESPACE)}?labelSelector=application%3Dspilo`,
    });
    expect(pods.items).toEqual([]);
  });

  it("keeps a standby in Creating while its peer cannot be reached, then clones and streams; databases and roles are there", async () => {
    await change("secondary", true, 1);
    await awaitStatus("secondary", "Creating");
    await declare("primary", false, 2);
    await Promise.all([awaitStatus("primary", "Running"), awaitStatus("secondary", "Running")]);
    await eventually("secondary", STREAMS, "1");
    expect(await systemOf("secondary")).toBe(await systemOf("primary"));
    expect(await sql("primary", "select pg_get_userbyid(datdba) from pg_database where datname = 'registry'")).toBe(
      "harbor",
    );
    await sql("primary", "create table proof (line text); insert into proof values ('before')");
    await eventually("secondary", "select line from proof", "before");
    await expect(sql("secondary", "insert into proof values ('no')")).rejects.toThrow("read-only transaction");
    const slot = "select slot_name || ' ' || active from pg_replication_slots where slot_name = 'xdc_hotstandby'";
    expect(await sql("primary", slot)).toBe("xdc_hotstandby true");
    expect(await sql("secondary", slot)).toBe("");
  });

  it("demotes and then promotes: both in step, one member on the standby, two on the primary, streaming the other way", async () => {
    await change("primary", true, 1);
    await eventually("primary", "select pg_is_in_recovery()", "t");
    const position = "select pg_last_wal_replay_lsn()";
    // The demoted server reads as a standby before the last record has been replayed on both sides.
    await waitFor(
      "one log position on both sites",
      async () => {
        const [one, other] = [await sql("primary", position), await sql("secondary", position)];
        return one !== "" && one === other ? one : undefined;
      },
      { seconds: 20 },
    );
    await change("secondary", false, 2);
    await waitFor(
      "a write on the secondary",
      async () => await sql("secondary", "insert into proof values ('after')"),
      {
        seconds: 20,
      },
    );
    await eventually("primary", STREAMS, "1");
    await eventually("primary", "select count(*) from proof", "2");
    await Promise.all([awaitStatus("primary", "Running"), awaitStatus("secondary", "Running")]);
    await eventually("secondary", "select count(*) from pg_stat_replication where state = 'streaming'", "2");
    const pods = await kubeRequest<{ items: KubeObject[] }>(on("primary"), {
      path: `${collectionPath("v1", "pods", NAMESPACE)}?labelSelector=application%3Dspilo`,
    });
    expect(pods.items.map((pod) => pod.metadata?.name)).toEqual([`${CLUSTER}-0`]);
  });

  it("stops streaming when the sites are cut off from each other, and goes on when they are not", async () => {
    await cut(lab, quiet);
    await sql("secondary", "insert into proof values ('cut')");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await sql("primary", "select count(*) from proof")).toBe("2");
    await heal(lab, quiet);
    await eventually("primary", "select count(*) from proof", "3");
  });

  it("comes back from SIGKILL with its data and the role that it had, even where the peer was promoted meanwhile", async () => {
    await kill(lab, "secondary", quiet);
    await change("primary", false, 2);
    await waitFor("a write on the primary", async () => await sql("primary", "insert into proof values ('new')"), {
      seconds: 20,
    });
    await start(lab, "secondary", quiet);
    await eventually("secondary", "select pg_is_in_recovery()", "f", 60);
    expect(await sql("secondary", "select string_agg(line, ',') from proof")).toBe("before,after,cut");
    await change("secondary", true, 1);
    await eventually("secondary", "select pg_is_in_recovery()", "t", 60);
    // Told to follow, it does not get the new row: the histories have parted, and only a rebuild mends that.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await sql("secondary", "select count(*) from proof where line = 'new'")).toBe("0");
    expect(await systemOf("secondary")).toBe(await systemOf("primary"));
  });
});
