/**
 * The program of the conformance cases: declares what the configuration lists, so that a case is a few lines of data
 * and `pulumi config set` between two runs is the change under test.
 */
import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Record<string, unknown>;
}

/** Everything by name; a value "$password" takes the secret result of the RandomPassword "password". */
interface Declarations {
  readonly objects?: Record<string, KubernetesObject>;
  readonly passwords?: Record<string, random.RandomPasswordArgs>;
  readonly commands?: Record<string, command.local.CommandArgs>;
  readonly certificate?: boolean;
  readonly pets?: boolean;
  readonly publish?: boolean;
  readonly take?: string;
  readonly provider?: k8s.ProviderArgs;
  readonly afterFirst?: boolean;
}

const config = new pulumi.Config();
const declared = config.getObject<Declarations>("declare") ?? {};
const outputs: Record<string, pulumi.Output<unknown>> = {};

const passwords = new Map<string, random.RandomPassword>();
for (const [name, args] of Object.entries(declared.passwords ?? {})) {
  const password = new random.RandomPassword(name, args);
  passwords.set(name, password);
  outputs[name] = password.result;
  outputs[`${name}Hash`] = password.bcryptHash;
}

function filled(value: unknown): unknown {
  if (typeof value === "string" && value.startsWith("$")) return passwords.get(value.slice(1))?.result;
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner)]));
}

const objects = Object.entries(declared.objects ?? {});
const provider =
  objects.length === 0
    ? undefined
    : new k8s.Provider("cluster", {
        kubeconfig: config.require("kubeconfig"),
        clusterIdentifier: "conformance",
        ...declared.provider,
      });
let previous: pulumi.Resource | undefined;
for (const [name, object] of objects) {
  const options: pulumi.CustomResourceOptions = {
    ...(provider ? { provider } : {}),
    ...(declared.afterFirst && previous ? { dependsOn: previous } : {}),
  };
  const args = filled(object) as never;
  const kinds: Record<
    string,
    new (
      name: string,
      args: never,
      options: pulumi.CustomResourceOptions,
    ) => pulumi.CustomResource
  > = {
    "v1/ConfigMap": k8s.core.v1.ConfigMap,
    "v1/Secret": k8s.core.v1.Secret,
    "v1/Service": k8s.core.v1.Service,
    "apps/v1/Deployment": k8s.apps.v1.Deployment,
  };
  const Kind = kinds[`${object.apiVersion}/${object.kind}`] ?? k8s.apiextensions.CustomResource;
  const made = new Kind(name, args, options);
  outputs[name] = made.id;
  previous ??= made;
}

for (const [name, args] of Object.entries(declared.commands ?? {})) {
  const made = new command.local.Command(name, filled(args) as command.local.CommandArgs);
  outputs[name] = made.stdout;
}

if (declared.certificate) {
  const key = new tls.PrivateKey("key", { algorithm: "RSA", rsaBits: 2048 });
  const certificate = new tls.SelfSignedCert("certificate", {
    privateKeyPem: key.privateKeyPem,
    allowedUses: ["digital_signature", "cert_signing"],
    validityPeriodHours: 24,
    subject: { commonName: "harbor-token-issuer" },
    isCaCertificate: true,
  });
  outputs.keyPem = key.privateKeyPem;
  outputs.certPem = certificate.certPem;
}

if (declared.pets) new random.RandomPet("pet");

if (declared.take) {
  const other = new pulumi.StackReference("other", { name: declared.take });
  outputs.taken = other.requireOutput("password");
  new random.RandomString("holds", {
    length: 8,
    keepers: { value: other.requireOutput("password") as pulumi.Output<string> },
  });
}

export default outputs;
