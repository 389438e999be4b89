/** The Secrets: names and keys exactly as the operators and Harbor's chart look for them. */
import { describe, expect, it } from "vitest";
import {
  bucketSecret,
  databaseSecrets,
  harborSecrets,
  objectStoreSecrets,
  type SecretObject,
} from "../../components/secretObjects.ts";
import { SECRET_NAMES } from "../../config/secretKeys.ts";
import { SITES } from "../../sites.ts";
import { deploy } from "../harness.ts";

const keysByName = (objects: readonly SecretObject[]) =>
  Object.fromEntries(
    objects.map(({ name, secrets, plain = {} }) => [name, [...Object.keys(secrets), ...Object.keys(plain)].sort()]),
  );
const all = [
  ...harborSecrets("harbor"),
  ...databaseSecrets("harbor", "acid-harbor", "harbor"),
  ...objectStoreSecrets("rook-ceph", "harbor"),
  bucketSecret("harbor"),
];

it("Harbor's", () => {
  expect(keysByName(harborSecrets("harbor"))).toEqual({
    "harbor-admin": ["HARBOR_ADMIN_PASSWORD"],
    "harbor-encryption": ["secretKey"],
    "harbor-core-secret": ["secret"],
    "harbor-token": ["tls.crt", "tls.key"],
    "harbor-xsrf": ["CSRF_KEY"],
    "harbor-jobservice-secret": ["JOBSERVICE_SECRET"],
    "harbor-registry-secret": ["REGISTRY_HTTP_SECRET"],
    "harbor-registry-credentials": ["REGISTRY_HTPASSWD", "REGISTRY_PASSWD"],
  });
});

describe("the database's", () => {
  const objects = databaseSecrets("harbor", "acid-images", "owner");
  it("are named after user and cluster, as the operator names its own", () => {
    const name = (user: string) => `${user}.acid-images.credentials.postgresql.acid.zalan.do`;
    expect(keysByName(objects)).toEqual({
      [name("postgres")]: ["password", "username"],
      [name("standby")]: ["password", "username"],
      [name("owner")]: ["password", "username"],
      "standby-bootstrap-secret": ["password", "username"],
    });
  });

  it("carry the user's name, and the labels by which the operator finds its own", () => {
    for (const { name, plain, labels } of objects.slice(0, 3)) {
      expect(plain?.username).toBe(name.split(".")[0]);
      expect(labels).toEqual({ application: "spilo", "cluster-name": "acid-images" });
    }
  });

  it("clone a standby as the superuser, with the superuser's password", () => {
    expect(objects.find(({ name }) => name === "standby-bootstrap-secret")).toMatchObject({
      type: "kubernetes.io/basic-auth",
      plain: { username: "postgres" },
      secrets: { password: "databaseSuperuserPassword" },
    });
  });
});

it("the object store's: the realm's system keys, the user's keys, and Harbor's view of them", () => {
  expect(keysByName(objectStoreSecrets("rook-ceph", "eu"))).toEqual({
    "eu-keys": ["access-key", "secret-key"],
    "eu-object-store-keys": ["access-key", "secret-key"],
  });
  expect(keysByName([bucketSecret("harbor")])).toEqual({
    "harbor-object-store": ["REGISTRY_STORAGE_S3_ACCESSKEY", "REGISTRY_STORAGE_S3_SECRETKEY"],
  });
});

it("together carry every shared secret", () => {
  const carried = new Set(all.flatMap(({ secrets }) => Object.values(secrets)));
  expect([...carried].sort()).toEqual([...SECRET_NAMES].sort());
});

it("types follow the keys: a certificate is kubernetes.io/tls", () => {
  const types = Object.fromEntries(all.map(({ name, type }) => [name, type ?? "Opaque"]));
  expect(types["harbor-token"]).toBe("kubernetes.io/tls");
  expect(Object.values(types).filter((type) => type !== "Opaque")).toHaveLength(2);
});

it.each(SITES)("all are declared on %s, where the operators look", async (site) => {
  const { resources } = await deploy({ site, activeSite: "primary" });
  const declared = resources.filter(({ type }) => type === "kubernetes:core/v1:Secret");
  const place = ({ name, namespace }: { name: string; namespace: string }) => `${namespace}/${name}`;
  expect(declared.map(({ inputs }) => place(inputs.metadata as SecretObject)).sort()).toEqual(all.map(place).sort());
});

it("hold on the other site what the home site exports, word for word", async () => {
  const { resources } = await deploy({ site: "secondary", activeSite: "primary" });
  const held = (name: string) => resources.find((resource) => resource.name === name)?.inputs.stringData;
  expect(held("harbor-encryption")).toEqual({ secretKey: "home-harborSecretKey" });
  expect(held("object-store-realm-keys")).toEqual({
    "access-key": "home-realmAccessKey",
    "secret-key": "home-realmSecretKey",
  });
  expect(held("harbor-token")).toEqual({ "tls.key": "home-tokenKey", "tls.crt": "home-tokenCertificate" });
});
