/**
 * The secrets that both sites must agree on: generated once, on the home site, and protected there.
 * The other site takes them from the home site's stack. Each may be supplied by configuration instead.
 */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { refusal } from "../config/refusal.ts";
import { SECRET_NAMES, type SecretName } from "../config/secretKeys.ts";
import { HOME_SITE, type Site } from "../sites.ts";

/** Every shared secret's value, marked secret. */
export type SecretValues = Readonly<Record<SecretName, pulumi.Output<string>>>;

export interface SharedSecretsArgs {
  readonly site: Site;
  /** Values that configuration supplies; they are used as they are. */
  readonly supplied: Readonly<Partial<Record<SecretName, string>>>;
  /** The home site's values, on the other site. Needed for each secret that is not supplied. */
  readonly fromHome?: SecretValues | undefined;
  /** The registry's internal user, first field of its htpasswd line. */
  readonly registryUser: string;
}

/** Letters, digits and the two characters that are safe in URLs: a slash breaks `realm pull`. */
const URL_SAFE = { special: true, overrideSpecial: "-_" } as const;
const LETTERS = { special: false } as const;

/** How each random secret is made. Lengths are characters. */
const GENERATED = {
  adminPassword: {
    length: 24,
    special: true,
    overrideSpecial: "!#%+-_",
    minLower: 1,
    minUpper: 1,
    minNumeric: 1,
    minSpecial: 1,
  },
  harborSecretKey: { length: 16, ...LETTERS },
  coreSecret: { length: 32, ...LETTERS },
  xsrfKey: { length: 32, ...LETTERS },
  jobserviceSecret: { length: 32, ...LETTERS },
  registryHttpSecret: { length: 32, ...LETTERS },
  registryPassword: { length: 32, ...LETTERS },
  databaseSuperuserPassword: { length: 32, ...LETTERS },
  databaseReplicationPassword: { length: 32, ...LETTERS },
  databasePassword: { length: 32, ...LETTERS },
  realmAccessKey: { length: 20, ...LETTERS },
  realmSecretKey: { length: 40, ...URL_SAFE },
  objectStoreAccessKey: { length: 20, ...LETTERS },
  objectStoreSecretKey: { length: 40, ...URL_SAFE },
} as const satisfies Partial<Record<SecretName, random.RandomPasswordArgs>>;

/** Ten years: the certificate only carries the public key by which the registry checks tokens. */
const TOKEN_CERTIFICATE_HOURS = 87_600;

export class SharedSecrets extends pulumi.ComponentResource {
  /** Every secret. */
  readonly values: SecretValues;

  constructor(name: string, args: SharedSecretsArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:SharedSecrets", name, { site: args.site }, options);
    const made = args.site === HOME_SITE ? this.generate(name, args) : {};
    this.values = Object.fromEntries(SECRET_NAMES.map((secret) => [secret, this.pick(secret, args, made)])) as Record<
      SecretName,
      pulumi.Output<string>
    >;
    this.registerOutputs({ values: this.values });
  }

  private pick(
    secret: SecretName,
    args: SharedSecretsArgs,
    made: Partial<Record<SecretName, pulumi.Output<string>>>,
  ): pulumi.Output<string> {
    const supplied = args.supplied[secret];
    const value = supplied === undefined ? (made[secret] ?? args.fromHome?.[secret]) : pulumi.output(supplied);
    if (value === undefined) {
      throw refusal(
        `secret ${secret}: neither supplied nor known from the ${HOME_SITE} stack. Apply that stack first ` +
          `(pulumi up --stack ${HOME_SITE}), or supply it: pulumi config set --secret ${secret}`,
      );
    }
    return pulumi.secret(value);
  }

  /** One random resource for each secret that is not supplied. */
  private generate(name: string, args: SharedSecretsArgs): Partial<Record<SecretName, pulumi.Output<string>>> {
    const made: Partial<Record<SecretName, pulumi.Output<string>>> = {};
    // Replacing any of these would lock a running Harbor out of its own data.
    const options = { parent: this, protect: true };
    for (const [secret, rules] of Object.entries(GENERATED) as [SecretName, random.RandomPasswordArgs][]) {
      if (args.supplied[secret] !== undefined) continue;
      const password = new random.RandomPassword(`${name}-${secret}`, rules, options);
      made[secret] = password.result;
      if (secret === "registryPassword") {
        made.registryHtpasswd = pulumi.interpolate`${args.registryUser}:${password.bcryptHash}`;
      }
    }
    if (args.supplied.tokenKey === undefined) {
      const key = new tls.PrivateKey(`${name}-tokenKey`, { algorithm: "RSA", rsaBits: 3072 }, options);
      const certificate = new tls.SelfSignedCert(
        `${name}-tokenCertificate`,
        {
          privateKeyPem: key.privateKeyPem,
          subject: { commonName: "harbor-token" },
          validityPeriodHours: TOKEN_CERTIFICATE_HOURS,
          allowedUses: ["digital_signature", "key_encipherment"],
        },
        options,
      );
      made.tokenKey = key.privateKeyPem;
      made.tokenCertificate = certificate.certPem;
    }
    return made;
  }
}
