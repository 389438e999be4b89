/**
 * The Harbor operator's kind (operator.alaudadevops.io/v1alpha1, Harbor). Its CRD leaves `helmValues`
 * open, so the API server does not catch a misspelt value: this type is what does.
 * Source of the value names: goharbor/harbor-helm, values.yaml.
 */
import type * as pulumi from "@pulumi/pulumi";
import { Kind, type Metadata, typeToken } from "./kind.ts";
import type { ResourceRequirements } from "./resources.ts";

/** A part that can be scaled; 0 replicas on a standby. */
export interface ScalablePart {
  readonly replicas: number;
  readonly resources: ResourceRequirements;
}

export type HarborExpose = { readonly tls: HarborTls } & (
  | {
      readonly type: "ingress";
      readonly ingress: {
        readonly hosts: { readonly core: string };
        readonly className: string;
        readonly annotations: Readonly<Record<string, string>>;
      };
    }
  | { readonly type: "route"; readonly route: { readonly hosts: readonly string[] } }
  | {
      readonly type: "nodePort";
      readonly nodePort: {
        readonly ports: { readonly http: { readonly nodePort: number }; readonly https: { readonly nodePort: number } };
      };
    }
  | { readonly type: "loadBalancer"; readonly loadBalancer: { readonly annotations: Readonly<Record<string, string>> } }
  | { readonly type: "clusterIP" }
);

export interface HarborTls {
  readonly enabled: boolean;
  readonly certSource: "auto" | "secret" | "none";
  readonly secret?: { readonly secretName: string };
}

export interface HarborVolume {
  readonly storageClass?: string;
  readonly accessMode: "ReadWriteOnce" | "ReadWriteMany";
  readonly size: string;
}

export interface HarborHelmValues {
  readonly externalURL: string;
  readonly expose: HarborExpose;
  readonly existingSecretAdminPassword: string;
  readonly existingSecretAdminPasswordKey: string;
  /** Secret whose key `secretKey` encrypts the credentials in the database: identical on both sites. */
  readonly existingSecretSecretKey: string;
  readonly nginx: ScalablePart;
  readonly portal: ScalablePart;
  readonly core: ScalablePart & {
    readonly existingSecret: string;
    readonly secretName: string;
    readonly existingXsrfSecret: string;
    readonly existingXsrfSecretKey: string;
  };
  readonly jobservice: ScalablePart & {
    readonly existingSecret: string;
    readonly existingSecretKey: string;
    readonly jobLoggers: readonly string[];
  };
  readonly registry: {
    readonly replicas: number;
    readonly registry: { readonly resources: ResourceRequirements };
    readonly controller: { readonly resources: ResourceRequirements };
    readonly existingSecret: string;
    readonly existingSecretKey: string;
    readonly credentials: {
      readonly username: string;
      readonly existingSecret: string;
      readonly existingSecretKey: string;
    };
  };
  readonly trivy: ScalablePart & {
    readonly enabled: boolean;
    readonly skipUpdate: boolean;
    readonly offlineScan: boolean;
  };
  readonly exporter: ScalablePart;
  readonly metrics: { readonly enabled: boolean };
  readonly database: {
    readonly type: "external";
    readonly external: {
      readonly host: string;
      readonly port: string;
      readonly username: string;
      readonly coreDatabase: string;
      readonly sslmode: "require" | "verify-ca" | "verify-full";
      readonly existingSecret: string;
      readonly existingSecretKey: string;
    };
  };
  readonly redis: {
    readonly type: "external";
    readonly external: {
      readonly addr: string;
      readonly sentinelMasterSet: string;
      readonly existingSecret: string;
      readonly existingSecretKey: string;
      readonly tlsOptions: { readonly enable: boolean };
    };
  };
  readonly persistence: {
    readonly imageChartStorage: {
      readonly disableredirect: boolean;
      readonly type: "s3";
      readonly s3: {
        readonly existingSecret: string;
        readonly bucket: string;
        readonly region: string;
        readonly regionendpoint: string;
        readonly v4auth: boolean;
        readonly secure: boolean;
        readonly skipverify: boolean;
      };
    };
    readonly persistentVolumeClaim: {
      readonly jobservice: { readonly jobLog: HarborVolume };
      readonly trivy: HarborVolume;
    };
  };
}

export interface HarborSpec {
  readonly version: string;
  readonly externalURL: string;
  readonly helmValues: HarborHelmValues;
}

export class HarborRegistry extends Kind<HarborSpec> {
  static readonly identity = { apiVersion: "operator.alaudadevops.io/v1alpha1", kind: "Harbor" };
  static readonly __pulumiType = typeToken(HarborRegistry.identity);
  constructor(
    name: string,
    args: { readonly metadata: Metadata; readonly spec: pulumi.Input<HarborSpec> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(HarborRegistry.identity, name, args, options);
  }
}
