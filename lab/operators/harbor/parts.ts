/**
 * Harbor's seven scalable parts: which of them a set of values asks for, and what their pods and Services are named.
 * Names, labels and ports are the chart's.
 */
import type { HelmValues } from "./values.ts";

export const PARTS = ["core", "exporter", "jobservice", "nginx", "portal", "registry", "trivy"] as const;
export type Part = (typeof PARTS)[number];

interface PartShape {
  readonly containers: readonly string[];
  /** What the part listens on, by the Service's port name. */
  readonly ports: Readonly<Record<string, { readonly port: number; readonly targetPort: number }>>;
}

const http = { "http-web": { port: 80, targetPort: 8080 } };

export const SHAPES: Readonly<Record<Part, PartShape>> = {
  core: { containers: ["core"], ports: http },
  exporter: { containers: ["exporter"], ports: { "http-metrics": { port: 8001, targetPort: 8001 } } },
  jobservice: { containers: ["jobservice"], ports: { "http-jobservice": { port: 80, targetPort: 8080 } } },
  // Its Service is the entry, which expose.type shapes.
  nginx: { containers: ["nginx"], ports: {} },
  portal: { containers: ["portal"], ports: http },
  registry: {
    containers: ["registry", "registryctl"],
    ports: {
      "http-registry": { port: 5000, targetPort: 5000 },
      "http-controller": { port: 8080, targetPort: 8080 },
    },
  },
  trivy: { containers: ["trivy"], ports: { "http-trivy": { port: 8080, targetPort: 8080 } } },
};

/** A release whose name contains the chart's is not lengthened by it. */
export const fullName = (release: string): string => (release.includes("harbor") ? release : `${release}-harbor`);

export const releaseLabels = (release: string): Readonly<Record<string, string>> => ({ release, app: "harbor" });

export const partLabels = (release: string, part: Part): Readonly<Record<string, string>> => ({
  ...releaseLabels(release),
  component: part,
  "app.kubernetes.io/component": part,
});

/** Pods of each part. `nginx` is there only where nothing else is the entry, `exporter` only with metrics. */
export function wantedReplicas(values: HelmValues): Readonly<Record<Part, number>> {
  const ownEntry = values.expose.type === "ingress" || values.expose.type === "route";
  return {
    core: values.core.replicas,
    exporter: values.metrics.enabled ? values.exporter.replicas : 0,
    jobservice: values.jobservice.replicas,
    nginx: ownEntry ? 0 : values.nginx.replicas,
    portal: values.portal.replicas,
    registry: values.registry.replicas,
    trivy: values.trivy.enabled ? values.trivy.replicas : 0,
  };
}

/** Pods of one site's Harbor have 127.1.20.x to 127.1.26.x of the site's own loopback. */
export const podAddress = (part: Part, index: number): string => `127.1.${20 + PARTS.indexOf(part)}.${index + 1}`;

export const podName = (release: string, part: Part, index: number): string => `${fullName(release)}-${part}-${index}`;
