/**
 * How the external address follows the active site: one alternative per way of writing it, and the
 * rules that join it with the sites' addresses.
 */
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { SITES } from "../sites.ts";
import { endpointsOf } from "./endpoints.ts";
import { type Problem, setCommand, shown } from "./problems.ts";
import type { Settings } from "./schema.ts";
import { allowed, seconds } from "./values.ts";

const ttlSeconds = seconds(1, 3600).default(30).describe("time to live of the record, in seconds, 1 to 3600");

const resolver = allowed(
  /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/,
  "IP address of the DNS server that proves the switch, with a port where it is not 53: 192.0.2.53 or [2001:db8::53]:5353; the runner's own resolver when absent",
).optional();

export const routing = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none") }).describe("the address is switched by other means"),
  z
    .strictObject({ type: z.literal("externalDns"), ttlSeconds, resolver })
    .describe("a DNSEndpoint that external-dns turns into records"),
  z
    .strictObject({
      type: z.literal("route53"),
      zoneId: allowed(/^[A-Z0-9]{1,32}$/, "id of the hosted zone, such as Z0123456789ABCDEFGHIJ"),
      ttlSeconds,
      resolver,
      region: allowed(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region such as us-east-1, for signing only").default(
        "us-east-1",
      ),
      assumeRoleArn: allowed(
        /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/,
        "ARN of the role to assume for DNS, arn:aws:iam::123456789012:role/name; the runner's own credentials when absent",
      ).optional(),
      assumeRoleExternalId: z
        .string()
        .min(2)
        .optional()
        .describe("external id that the role asks for, where it asks for one"),
      healthCheck: z
        .boolean()
        .default(true)
        .describe("a Route 53 health check on this site's own Harbor entry; false where the internet cannot reach it"),
    })
    .describe("one Route 53 record that the active site writes"),
  z
    .strictObject({
      type: z.literal("command"),
      command: z
        .string()
        .min(1)
        .describe("your executable that writes the record: a path from the project's folder, or a name on PATH"),
      arguments: z.array(z.string()).default([]).describe("arguments before the host name and the target"),
      ttlSeconds,
      resolver,
    })
    .describe("your own executable; docs/routing.md has its contract"),
]);

/** The type of the record that points at `target`. */
export function recordTypeOf(target: string): "A" | "AAAA" | "CNAME" {
  return isIPv4(target) ? "A" : isIPv6(target) ? "AAAA" : "CNAME";
}

/** Ranges that Route 53's health checkers do not reach, and that its API refuses. */
const PRIVATE = /^(10|127)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\.|^(::1$|f[cde][0-9a-f]{2}:)/i;

/** What the routing needs of the sites' addresses. */
export function routingFitsAddresses({ routing: { type, ...settings }, sites }: Settings): Problem[] {
  if (type === "none") return [];
  const targets = SITES.map((site) => ({ site, target: endpointsOf(sites, site).harborHost }));
  const [one, other] = targets.map(({ target }) => recordTypeOf(target));
  const key = (site: string) => `sites.${site}.harborHost`;
  const problems: Problem[] = [];
  if (one !== other) {
    problems.push({
      key: key("secondary"),
      received: `${shown(targets[1]?.target)}, which takes a record of type ${other}`,
      allowed: `an address of the same kind as ${key("primary")} (${shown(targets[0]?.target)}, type ${one}): with records of two types, the name would point at both sites`,
      remedy: setCommand(["sites", "secondary", "harborHost"], "<address>"),
    });
  }
  if ("healthCheck" in settings && settings.healthCheck) {
    for (const { site, target } of targets.filter((each) => PRIVATE.test(each.target))) {
      problems.push({
        key: "routing.healthCheck",
        received: `true, with the private address ${target} for ${site}`,
        allowed: "false, because Route 53 checks from the internet and refuses private addresses",
        remedy: setCommand(["routing", "healthCheck"], "false"),
      });
    }
  }
  return problems;
}
