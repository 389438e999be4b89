/**
 * One site's Harbor with its database and bucket, declared straight at the API server: what the program declares,
 * without the engine, for tests of the lab's own parts.
 */
import { AwsClient } from "aws4fetch";
import { harborSpec } from "../../components/harborSpec.ts";
import { databaseSecrets, HARBOR_SECRETS, harborSecrets, type SecretObject } from "../../components/secretObjects.ts";
import { harborSchema } from "../../config/harborSchema.ts";
import type { Client } from "../../lab/client.ts";
import { adminConfigFrom } from "../../lab/kube/cluster.ts";
import { type ApiAccess, type KubeObject, kubeRequest, objectPath } from "../../lab/kube/rest.ts";
import type { LabLayout } from "../../lab/layout.ts";
import { REDIS_NAME } from "../../lab/redis.ts";
import { waitFor } from "../../lab/wait.ts";
import { roleOf, type Site } from "../../sites.ts";
import { secretValues } from "./secretValues.ts";

export const NAMESPACE = "harbor";
export const HOST = "registry.example.test";
export const NODE_PORT = 30002;
const BUCKET = { bucket: "harbor", region: "us-east-1" };

export class HarborFixture {
  readonly secrets = secretValues();
  readonly #lab: LabLayout;
  readonly #site: Site;
  readonly #access: ApiAccess;

  constructor(lab: LabLayout, site: Site) {
    this.#lab = lab;
    this.#site = site;
    this.#access = adminConfigFrom(lab.kubeconfig, lab.sites[site]);
  }

  get client(): Client {
    return {
      netns: this.#lab.outside.netns,
      externalUrl: `http://${HOST}:${NODE_PORT}`,
      user: "admin",
      password: this.secrets.adminPassword ?? "",
    };
  }

  async apply(object: object): Promise<void> {
    await kubeRequest(this.#access, {
      method: "PATCH",
      path: `${await objectPath(this.#access, object as KubeObject)}?fieldManager=test&force=true&fieldValidation=Strict`,
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  }

  async read(apiVersion: string, kind: string, name: string, namespace = NAMESPACE): Promise<KubeObject> {
    const header = { apiVersion, kind, metadata: { name, namespace } };
    return await kubeRequest<KubeObject>(this.#access, { path: await objectPath(this.#access, header) });
  }

  async remove(apiVersion: string, kind: string, name: string, namespace = NAMESPACE): Promise<void> {
    const header = { apiVersion, kind, metadata: { name, namespace } };
    await kubeRequest(this.#access, { method: "DELETE", path: await objectPath(this.#access, header) });
  }

  async pods(): Promise<readonly KubeObject[]> {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dharbor`;
    return (await kubeRequest<{ items: KubeObject[] }>(this.#access, { path })).items;
  }

  async declareSecrets(leftOut: readonly string[] = []): Promise<void> {
    const all: SecretObject[] = [...harborSecrets(NAMESPACE), ...databaseSecrets(NAMESPACE, "acid-harbor", "harbor")];
    for (const { name, type, labels, secrets, plain } of all) {
      if (leftOut.includes(name)) continue;
      const shared = Object.entries(secrets).map(([key, secret]) => [key, this.secrets[secret]]);
      await this.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: NAMESPACE, ...(labels === undefined ? {} : { labels }) },
        ...(type === undefined ? {} : { type }),
        stringData: { ...Object.fromEntries(shared), ...plain },
      });
    }
    await this.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: HARBOR_SECRETS.objectStore.name, namespace: NAMESPACE },
      stringData: {
        REGISTRY_STORAGE_S3_ACCESSKEY: this.secrets.objectStoreAccessKey,
        REGISTRY_STORAGE_S3_SECRETKEY: this.secrets.objectStoreSecretKey,
      },
    });
  }

  async declareDatabase(): Promise<void> {
    await this.apply({
      apiVersion: "acid.zalan.do/v1",
      kind: "postgresql",
      metadata: { name: "acid-harbor", namespace: NAMESPACE },
      spec: {
        teamId: "ACID",
        postgresql: { version: "15" },
        numberOfInstances: 1,
        volume: { size: "1Gi" },
        users: { harbor: [] },
        databases: { registry: "harbor" },
      },
    });
  }

  /** A store without a peer, its user with our keys, and the bucket. */
  async declareBucket(): Promise<string> {
    const keys = "harbor-user-keys";
    const rook = (kind: string, name: string, spec: object): object => ({
      apiVersion: "ceph.rook.io/v1",
      kind,
      metadata: { name, namespace: "rook-ceph" },
      spec,
    });
    const pool = { failureDomain: "osd", replicated: { size: 1, requireSafeReplicaSize: false } };
    const keyRef = (key: string): object => ({ name: keys, key });
    const [accessKey, secretKey] = [this.secrets.objectStoreAccessKey, this.secrets.objectStoreSecretKey];
    await this.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: keys, namespace: "rook-ceph" },
      stringData: { "access-key": accessKey, "secret-key": secretKey },
    });
    await this.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "harbor-keys", namespace: "rook-ceph" },
      stringData: { "access-key": this.secrets.realmAccessKey, "secret-key": this.secrets.realmSecretKey },
    });
    const endpoint = `http://${this.#lab.sites[this.#site].address}:31480`;
    await this.apply(rook("CephObjectRealm", "harbor", {}));
    await this.apply(rook("CephObjectZoneGroup", "harbor", { realm: "harbor" }));
    const zone = `harbor-${this.#site}`;
    const zoneSpec = { zoneGroup: "harbor", metadataPool: pool, dataPool: pool, customEndpoints: [endpoint] };
    await this.apply(rook("CephObjectZone", zone, { ...zoneSpec, preservePoolsOnDelete: true }));
    await this.apply(rook("CephBlockPool", "builtin-rgw-root", { ...pool, name: ".rgw.root", application: "rgw" }));
    await this.apply(
      rook("CephObjectStore", "harbor", { zone: { name: zone }, gateway: { port: 7480, instances: 1 } }),
    );
    await this.apply(
      rook("CephObjectStoreUser", "harbor", {
        store: "harbor",
        displayName: "harbor",
        clusterNamespace: "rook-ceph",
        keys: [{ accessKeyRef: keyRef("access-key"), secretKeyRef: keyRef("secret-key") }],
      }),
    );
    await this.apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "rook-ceph-rgw-harbor-external", namespace: "rook-ceph" },
      spec: {
        type: "NodePort",
        selector: { app: "rook-ceph-rgw", rook_object_store: "harbor" },
        ports: [{ name: "http", port: 7480, targetPort: 7480, nodePort: 31480 }],
      },
    });
    const s3 = new AwsClient({
      accessKeyId: accessKey ?? "",
      secretAccessKey: secretKey ?? "",
      service: "s3",
      ...BUCKET,
      retries: 0,
    });
    await waitFor(
      "the bucket",
      async (seen) => {
        const answer = await s3.fetch(`${endpoint}/${BUCKET.bucket}`, {
          method: "PUT",
          signal: AbortSignal.timeout(5000),
        });
        seen(`CreateBucket: ${answer.status} ${await answer.text()}`);
        return answer.ok || answer.status === 409 ? true : undefined;
      },
      { seconds: 120 },
    );
    return endpoint;
  }

  async declareHarbor(role: "active" | "standby", endpoint: string): Promise<void> {
    const settings = harborSchema.parse({
      version: "2.12.4",
      externalUrl: this.client.externalUrl,
      expose: { type: "nodePort" },
      tls: { enabled: false, certSource: "none" },
    });
    const spec = harborSpec(role, settings, {
      database: {
        host: "acid-harbor",
        port: 5432,
        database: "registry",
        user: "harbor",
        passwordSecret: "harbor.acid-harbor.credentials.postgresql.acid.zalan.do",
      },
      bucket: { ...BUCKET, endpoint },
      redis: {
        address: `${REDIS_NAME}:6379`,
        existingSecret: REDIS_NAME,
        existingSecretKey: "REDIS_PASSWORD",
        tls: false,
      },
    });
    await this.apply({
      apiVersion: "operator.alaudadevops.io/v1alpha1",
      kind: "Harbor",
      metadata: { name: "harbor", namespace: NAMESPACE },
      spec,
    });
  }

  /** The standby's object is there too, and names nothing. */
  async declareRoute(activeSite: Site): Promise<void> {
    const record = { dnsName: HOST, recordType: "A", recordTTL: 1, targets: [this.#lab.sites[this.#site].address] };
    await this.apply({
      apiVersion: "externaldns.k8s.io/v1alpha1",
      kind: "DNSEndpoint",
      metadata: { name: "harbor", namespace: NAMESPACE },
      spec: { endpoints: roleOf(this.#site, activeSite) === "active" ? [record] : [] },
    });
  }

  /** The operator's own words, once they are these. */
  async phase(wanted: string, seconds: number): Promise<string> {
    return await waitFor(
      `Harbor to be ${wanted}`,
      async (seen) => {
        const harbor = await this.read("operator.alaudadevops.io/v1alpha1", "Harbor", "harbor");
        const status = (harbor.status ?? {}) as {
          phase?: string;
          observedGeneration?: number;
          conditions?: { message: string }[];
        };
        seen(`${status.phase}: ${status.conditions?.[0]?.message}`);
        const current = status.observedGeneration === harbor.metadata?.generation;
        return current && status.phase === wanted ? (status.conditions?.[0]?.message ?? "") : undefined;
      },
      { seconds, everyMs: 100 },
    );
  }
}
