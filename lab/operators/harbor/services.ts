/** Harbor's Services and its Ingress, as the chart makes them for each `expose.type`. */
import { fullName, PARTS, partLabels, releaseLabels, SHAPES, wantedReplicas } from "./parts.ts";
import type { HelmValues } from "./values.ts";

interface Place {
  readonly release: string;
  readonly namespace: string;
}

const service = (
  place: Place,
  name: string,
  spec: object,
  annotations: Readonly<Record<string, string>> = {},
): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: place.namespace, labels: releaseLabels(place.release), annotations },
  spec,
});

function partServices(place: Place, values: HelmValues): readonly object[] {
  const wanted = wantedReplicas(values);
  const enabled = { ...wanted, trivy: values.trivy.enabled ? 1 : 0, exporter: values.metrics.enabled ? 1 : 0 };
  return PARTS.flatMap((part) => {
    const ports = Object.entries(SHAPES[part].ports).map(([name, port]) => ({ name, ...port }));
    const absent = (part === "trivy" || part === "exporter") && enabled[part] === 0;
    if (ports.length === 0 || absent) return [];
    const name = `${fullName(place.release)}-${part}`;
    return [service(place, name, { selector: partLabels(place.release, part), ports })];
  });
}

interface EntryPort {
  readonly port: number;
  readonly nodePort?: number;
}

function entry(place: Place, values: HelmValues): object {
  const { expose } = values;
  const selector = { ...releaseLabels(place.release), component: "nginx" };
  const ports = (httpPort: EntryPort, httpsPort: EntryPort): readonly object[] => [
    { name: "http", ...httpPort, targetPort: 8080 },
    ...(expose.tls.enabled ? [{ name: "https", ...httpsPort, targetPort: 8443 }] : []),
  ];
  switch (expose.type) {
    case "nodePort": {
      const { http, https } = expose.nodePort.ports;
      const opened = ports(
        { port: http.port, nodePort: http.nodePort },
        { port: https.port, nodePort: https.nodePort },
      );
      return service(place, expose.nodePort.name, { type: "NodePort", selector, ports: opened });
    }
    case "loadBalancer": {
      const { httpPort, httpsPort } = expose.loadBalancer.ports;
      const spec = { type: "LoadBalancer", selector, ports: ports({ port: httpPort }, { port: httpsPort }) };
      return service(place, expose.loadBalancer.name, spec, expose.loadBalancer.annotations);
    }
    case "clusterIP":
      return service(place, expose.clusterIP.name, {
        type: "ClusterIP",
        selector,
        ports: ports({ port: 80 }, { port: 443 }),
      });
    default:
      return ingress(place, values);
  }
}

/** The object only: the lab has no ingress controller, and none for the Gateway API. */
function ingress(place: Place, values: HelmValues): object {
  const { hosts, className, annotations } = values.expose.ingress;
  const name = fullName(place.release);
  const backend = (part: string): object => ({ service: { name: `${name}-${part}`, port: { number: 80 } } });
  const paths = ["/api/", "/service/", "/v2/", "/c/"].map((path) => ({
    path,
    pathType: "Prefix",
    backend: backend("core"),
  }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: `${name}-ingress`,
      namespace: place.namespace,
      labels: releaseLabels(place.release),
      annotations,
    },
    spec: {
      ...(className === "" ? {} : { ingressClassName: className }),
      rules: [
        {
          host: hosts.core,
          http: { paths: [...paths, { path: "/", pathType: "Prefix", backend: backend("portal") }] },
        },
      ],
    },
  };
}

export const servicesOf = (place: Place, values: HelmValues): readonly object[] => [
  ...partServices(place, values),
  entry(place, values),
];
