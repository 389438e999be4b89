/** One site's routing by Route 53, and nothing else: the program of route53.test.ts. */
import * as pulumi from "@pulumi/pulumi";
import { Routing } from "../../../components/routing.ts";
import { lookUpName, type Route53Settings } from "../../../components/routingRoute53.ts";
import { routing } from "../../../config/routingSchema.ts";
import { peerOf, roleOf, SITES } from "../../../sites.ts";

const config = new pulumi.Config();
const settings = routing.parse(config.requireObject("routing")) as Route53Settings;
const hosts = config.requireObject<Record<string, string>>("hosts");
const site = SITES.find((name) => name === pulumi.getStack()) ?? "primary";
const activeSite = SITES.find((name) => name === config.require("activeSite")) ?? "primary";
const hostname = config.require("hostname");
const entry = { host: hosts[site] ?? "", port: 443, tls: true };

const { proved } = new Routing("routing", {
  settings,
  context: { site, peer: peerOf(site), role: roleOf(site, activeSite), rerun: 0 },
  namespace: "harbor",
  hostname,
  entry,
  published: await lookUpName(settings, site, hostname, entry.host),
  timeoutSeconds: 20,
  after: [],
});

export const proofs = pulumi.all(proved);
