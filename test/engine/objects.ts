/** Objects that the conformance cases declare, and the custom resource that they wait for. */
import type { KubernetesApi } from "../../lab/pulumi/kubernetesApi.ts";
import type { JsonObject } from "../../lab/pulumi/values.ts";
import { waitFor } from "../../lab/wait.ts";

export const WIDGETS = "/apis/conformance.example/v1/namespaces/default/widgets";

export function configMap(
  name: string,
  data: Record<string, string>,
  annotations?: Record<string, string>,
): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...(annotations ? { annotations } : {}) }, data };
}

export function secret(name: string, stringData: Record<string, string>): JsonObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
}

export function widget(name: string, spec: JsonObject, annotations?: Record<string, string>): JsonObject {
  return {
    apiVersion: "conformance.example/v1",
    kind: "Widget",
    metadata: { name, ...(annotations ? { annotations } : {}) },
    spec,
  };
}

/** Waits for a phase, for at most so many seconds. */
export function waits(seconds: number, ...conditions: string[]): Record<string, string> {
  const [only, ...more] = conditions;
  return {
    "pulumi.com/waitFor": only !== undefined && more.length === 0 ? only : JSON.stringify(conditions),
    "pulumi.com/timeoutSeconds": String(seconds),
  };
}

export async function installWidgets(api: KubernetesApi): Promise<void> {
  await api.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    body: {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.conformance.example" },
      spec: {
        group: "conformance.example",
        scope: "Namespaced",
        names: { plural: "widgets", singular: "widget", kind: "Widget" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: {
                  spec: {
                    type: "object",
                    properties: { size: { type: "integer", minimum: 0 }, colour: { type: "string" } },
                  },
                  status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                },
              },
            },
          },
        ],
      },
    },
  });
  await waitFor("widgets to be served", () => api.ask("GET", WIDGETS), { seconds: 30 });
}

export async function setStatus(api: KubernetesApi, name: string, status: JsonObject): Promise<void> {
  await api.ask("PATCH", `${WIDGETS}/${name}/status`, {
    body: { status },
    contentType: "application/merge-patch+json",
  });
}
