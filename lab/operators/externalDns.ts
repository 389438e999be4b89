/**
 * A stand-in for external-dns on one site: `--source=crd --events --registry=txt` with the lab's zone as provider.
 *
 * Its flags are the file `external-dns.json` in the site's folder where there is one. Both sites have the same owner id
 * and the policy upsert-only: with `sync` the standby would delete the active site's record at every interval, and
 * with owner ids of their own the promoted site could never take the record over. As in the real one, `status` says
 * that an object was read, not that the zone has it.
 */
import { existsSync, readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { reaches } from "../dns/server.ts";
import { changeZone } from "../dns/zone.ts";
import { collectionPath, type KubeObject, kubeRequest } from "../kube/rest.ts";
import { labLayout } from "../layout.ts";
import { type Controller, type SiteContext, setStatus } from "./controller.ts";
import { applied, type ExternalDnsFlags, planChanges, type WantedRecord } from "./externalDnsPlan.ts";

const KIND = { apiVersion: "externaldns.k8s.io/v1alpha1", plural: "dnsendpoints", namespaced: true } as const;
/** --interval: a minute by default in the real one, which would only slow tests down. */
const INTERVAL_MS = 5000;
const RETRY_MS = 1000;
const DEFAULT_TTL_SECONDS = 300;
const DEFAULTS: ExternalDnsFlags = { ownerId: "harbor-dr", policy: "upsert-only" };

interface DnsEndpointObject extends KubeObject {
  readonly spec?: {
    readonly endpoints?: readonly {
      readonly dnsName?: string;
      readonly recordType?: string;
      readonly recordTTL?: number;
      readonly targets?: readonly string[];
    }[];
  };
}

function flagsOf(context: SiteContext): ExternalDnsFlags {
  const file = join(context.lab.dir, "external-dns.json");
  return existsSync(file)
    ? { ...DEFAULTS, ...(JSON.parse(readFileSync(file, "utf8")) as Partial<ExternalDnsFlags>) }
    : DEFAULTS;
}

function wantedBy(object: DnsEndpointObject, context: SiteContext): readonly WantedRecord[] {
  const resource = `crd/${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;
  return (object.spec?.endpoints ?? []).flatMap((endpoint) => {
    const { dnsName = "", recordType = "", targets = [], recordTTL = DEFAULT_TTL_SECONDS } = endpoint;
    if (recordType !== "A" || dnsName === "" || targets.length === 0 || !targets.every((target) => isIPv4(target))) {
      context.log(
        `${resource}: the lab's zone holds A records with IPv4 targets only; left out: ${dnsName} ${recordType}`,
      );
      return [];
    }
    return [{ dnsName, recordType, recordTTL, targets, resource }];
  });
}

/** One turn of external-dns's loop over all objects of the site. True when the zone was reached. */
async function synchronize(context: SiteContext): Promise<boolean> {
  const layout = labLayout(context.lab.prefix);
  const path = collectionPath(KIND.apiVersion, KIND.plural);
  const { items } = await kubeRequest<{ items: DnsEndpointObject[] }>(context.kc, { path });
  const wanted = items.flatMap((item) => wantedBy(item, context));
  if (!(await reaches(layout.dnsAddress))) {
    context.log(`the DNS server ${layout.dnsAddress} is out of reach`);
    return false;
  }
  await changeZone(layout.outside, (zone) => {
    const changes = planChanges(zone, wanted, flagsOf(context));
    for (const record of changes.notOurs) {
      context.log(`${record.dnsName} belongs to ${record.owner}: left as it is`);
    }
    const all = [...changes.create, ...changes.update, ...changes.remove];
    for (const record of all) context.log(`${record.dnsName} → ${record.targets.join(", ")} (owner ${record.owner})`);
    return all.length === 0 ? undefined : applied(zone, changes);
  });
  return true;
}

const externalDns: Controller = {
  name: "external-dns",
  watches: [KIND],
  async reconcile(object, context) {
    await setStatus(context, object, { observedGeneration: object.metadata?.generation ?? 0 });
    return (await synchronize(context)) ? INTERVAL_MS : RETRY_MS;
  },
  async removed(_object, context) {
    await synchronize(context);
  },
};

export const externalDnsControllers: readonly Controller[] = [externalDns];
