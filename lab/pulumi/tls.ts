/**
 * Stand-in for the Pulumi plugin `tls`: PrivateKey (RSA, ECDSA, ED25519) and SelfSignedCert. Entry point of the plugin.
 * Every input but the early renewal of a certificate forces a replacement, as in the original.
 */
import { randomBytes } from "node:crypto";
import { notInStandIn } from "./errors.ts";
import { serve } from "./plugin.ts";
import type { Failure, Provider } from "./provider.ts";
import { changesBetween, checkInputs, type Rules, withReplacement } from "./rules.ts";
import { ALLOWED_USES, SUBJECT_FIELDS, selfSigned } from "./tlsCertificate.ts";
import { CURVES, privateKey } from "./tlsKey.ts";
import { hasUnknown, isProperties, type Properties, reveal, Secret, UNKNOWN } from "./values.ts";

const ALGORITHMS = ["RSA", "ECDSA", "ED25519"];

interface Made {
  readonly id: string;
  readonly outputs: Properties;
}

interface Kind {
  readonly rules: Rules;
  readonly outputs: readonly string[];
  readonly secrets: readonly string[];
  readonly inPlace: readonly string[];
  check(inputs: Properties): Failure[];
  make(inputs: Properties): Promise<Made>;
}

function oneOf(inputs: Properties, property: string, allowed: readonly string[]): Failure[] {
  const value = inputs[property];
  return value === undefined || (typeof value === "string" && allowed.includes(value))
    ? []
    : [{ property, reason: `value must be one of ${allowed.join(", ")}, got: ${JSON.stringify(value)}` }];
}

function checkCertificate(inputs: Properties): Failure[] {
  const uses = Array.isArray(inputs.allowedUses) ? inputs.allowedUses.map(String) : [];
  const failures = uses
    .filter((use) => !ALLOWED_USES.includes(use))
    .map((use) => ({
      property: "allowedUses",
      reason: `value must be one of ${ALLOWED_USES.join(", ")}, got: ${JSON.stringify(use)}`,
    }));
  if (typeof inputs.validityPeriodHours === "number" && inputs.validityPeriodHours < 0) {
    failures.push({ property: "validityPeriodHours", reason: "value must be at least 0" });
  }
  if (inputs.privateKeyPem === undefined)
    failures.push({ property: "privateKeyPem", reason: "Missing required property 'privateKeyPem'" });
  for (const field of Object.keys(isProperties(inputs.subject) ? inputs.subject : {})) {
    if (!(field in SUBJECT_FIELDS)) throw notInStandIn("tls", `the property "subject.${field}" of a certificate`);
  }
  return failures;
}

const KINDS: Record<string, Kind> = {
  "tls:index/privateKey:PrivateKey": {
    rules: {
      algorithm: { kind: "string", required: true },
      ecdsaCurve: { kind: "string" },
      rsaBits: { kind: "number" },
    },
    outputs: [
      "privateKeyOpenssh",
      "privateKeyPem",
      "privateKeyPemPkcs8",
      "publicKeyFingerprintMd5",
      "publicKeyFingerprintSha256",
      "publicKeyOpenssh",
      "publicKeyPem",
    ],
    secrets: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
    inPlace: [],
    check: (inputs) => [...oneOf(inputs, "algorithm", ALGORITHMS), ...oneOf(inputs, "ecdsaCurve", Object.keys(CURVES))],
    make: async (inputs) => {
      const made = privateKey(String(inputs.algorithm), {
        rsaBits: typeof inputs.rsaBits === "number" ? inputs.rsaBits : 2048,
        curve: typeof inputs.ecdsaCurve === "string" ? inputs.ecdsaCurve : "P224",
      });
      return { id: made.id, outputs: { ecdsaCurve: "P224", rsaBits: 2048, ...inputs, ...made.outputs } };
    },
  },
  "tls:index/selfSignedCert:SelfSignedCert": {
    rules: {
      allowedUses: { kind: "strings", required: true },
      validityPeriodHours: { kind: "number", required: true },
      privateKeyPem: { kind: "string" },
      subject: { kind: "map" },
      dnsNames: { kind: "strings" },
      ipAddresses: { kind: "strings" },
      uris: { kind: "strings" },
      isCaCertificate: { kind: "boolean" },
      maxPathLength: { kind: "number" },
      earlyRenewalHours: { kind: "number" },
      setAuthorityKeyId: { kind: "boolean" },
      setSubjectKeyId: { kind: "boolean" },
    },
    outputs: ["certPem", "keyAlgorithm", "readyForRenewal", "validityEndTime", "validityStartTime"],
    secrets: ["privateKeyPem"],
    inPlace: ["earlyRenewalHours"],
    check: checkCertificate,
    make: async (inputs) => {
      const defaults = {
        earlyRenewalHours: 0,
        isCaCertificate: false,
        setAuthorityKeyId: false,
        setSubjectKeyId: false,
      };
      const outputs = await selfSigned(inputs);
      return {
        id: BigInt(`0x${randomBytes(16).toString("hex")}`).toString(),
        outputs: { ...defaults, ...inputs, ...outputs },
      };
    },
  },
};

function kindOf(type: string): Kind {
  const kind = KINDS[type];
  if (!kind) throw notInStandIn("tls", `the resource type ${type}`);
  return kind;
}

function masked(kind: Kind, outputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [
      key,
      kind.secrets.includes(key) && !(value instanceof Secret) ? new Secret(value) : value,
    ]),
  );
}

function expired(state: Properties): boolean {
  const end = state.validityEndTime;
  if (typeof end !== "string") return false;
  const early = typeof state.earlyRenewalHours === "number" ? state.earlyRenewalHours : 0;
  return Date.now() >= Date.parse(end) - early * 3_600_000;
}

const provider: Provider = {
  check: async ({ type }, _olds, news) => {
    const kind = kindOf(type);
    const failures = checkInputs("tls", type, kind.rules, news);
    if (failures.length === 0 && !hasUnknown(news)) failures.push(...kind.check(reveal(news) as Properties));
    return { inputs: news, failures };
  },
  diff: async ({ type }, olds, news) => {
    const kind = kindOf(type);
    const changes = withReplacement(changesBetween(olds.inputs, news), (path) => !kind.inPlace.includes(path));
    // A certificate past its time is made anew by the next update, as in the original.
    return {
      changes: expired(reveal(olds.state) as Properties)
        ? { ...changes, readyForRenewal: { kind: "update", replace: true } }
        : changes,
    };
  },
  create: async ({ type }, inputs, { preview }) => {
    const kind = kindOf(type);
    if (preview) {
      return {
        id: "",
        state: masked(kind, { ...inputs, ...Object.fromEntries(kind.outputs.map((key) => [key, UNKNOWN])) }),
      };
    }
    const made = await kind.make(reveal(inputs) as Properties);
    return { id: made.id, state: masked(kind, { ...made.outputs, ...inputs }) };
  },
  update: async ({ type }, olds, news) => masked(kindOf(type), { ...olds.state, ...news }),
  read: async (place, id, olds) => {
    if (Object.keys(olds.state).length === 0) throw notInStandIn("tls", `the import of ${place.type}`);
    return { id, state: olds.state, inputs: olds.inputs };
  },
  delete: async () => undefined,
  invoke: async (token) => {
    throw notInStandIn("tls", `the function ${token}`);
  },
};

serve(() => provider);
