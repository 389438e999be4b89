/**
 * Proves that the active site takes an image and gives it back: log in, push a tiny image of random
 * content, pull it, compare digests. That needs database, bucket, token service and registry at once.
 * The tag stays the same, so that repeated proofs leave one image per site behind.
 */
import { randomBytes } from "node:crypto";
import { waitFor } from "./deadline.ts";
import { readPlace } from "./environment.ts";
import { digestOf, expectStatus, Harbor } from "./harborClient.ts";
import { type Evidence, Unanswered } from "./outcome.ts";
import { type StepContext, stepMain } from "./step.ts";

type Context = StepContext<"provePushPull">;

const PROJECT = "harbor-dr";
const REPOSITORY = `${PROJECT}/proof`;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** Proves push and pull on an active site; a standby has nothing to prove. */
export async function provePushPull(context: Context): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const place = readPlace(environment);
  if (place.role === "standby") return { proved: `${place.site} is a standby: nothing to push to`, seen: {} };
  const harbor = new Harbor(environment);
  const login = `Basic ${Buffer.from(`admin:${environment.DR_ADMIN_PASSWORD}`).toString("base64")}`;
  const tag = `proof-${place.site}`;
  return waitFor(
    `an image pushed to ${place.site} and pulled back`,
    deadline,
    progress,
    async () => {
      await ensureProject(harbor, login);
      progress.saw("project", `${PROJECT} is there`);
      const authorization = `Bearer ${await harbor.token(REPOSITORY, login)}`;
      const layer = randomBytes(1024);
      const config = Buffer.from(
        JSON.stringify({
          architecture: "amd64",
          os: "linux",
          config: {},
          rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
        }),
      );
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        config: { mediaType: CONFIG_TYPE, digest: digestOf(config), size: config.length },
        layers: [{ mediaType: LAYER_TYPE, digest: digestOf(layer), size: layer.length }],
      });
      const digest = digestOf(manifest);
      await Promise.all([layer, config].map((blob) => pushBlob(harbor, authorization, blob)));
      const put = await harbor.send(`/v2/${REPOSITORY}/manifests/${tag}`, {
        method: "PUT",
        headers: { authorization, "content-type": MANIFEST_TYPE },
        body: manifest,
      });
      expectStatus(`push of ${REPOSITORY}:${tag}`, put, 201, 202);
      progress.saw("image", `pushed ${REPOSITORY}:${tag} ${digest}`);
      const accept = { authorization, accept: MANIFEST_TYPE };
      const [pulled, ...blobs] = await Promise.all([
        harbor.send(`/v2/${REPOSITORY}/manifests/${tag}`, { headers: accept }),
        ...[layer, config].map((blob) => pullBlob(harbor, authorization, digestOf(blob))),
      ]);
      expectStatus(`pull of ${REPOSITORY}:${tag}`, pulled, 200);
      const got = [pulled.body, ...blobs].map(digestOf);
      expectSame("manifest, layer and config", [digest, digestOf(layer), digestOf(config)].join(), got.join());
      progress.saw("image", `pulled back ${digest}`);
      return {
        proved: `${REPOSITORY}:${tag} was pushed and pulled back with the same digests`,
        seen: { image: `${REPOSITORY}:${tag}`, digest },
      };
    },
    {
      remedy: `Look at the logs of core and registry on ${place.site}. A certificate of your own authority is trusted through NODE_EXTRA_CA_CERTS. Then \`pulumi up --stack ${place.site}\` again.`,
    },
  );
}

async function ensureProject(harbor: Harbor, authorization: string): Promise<void> {
  const answer = await harbor.send("/api/v2.0/projects", {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ project_name: PROJECT, metadata: { public: "false" } }),
  });
  expectStatus(`project ${PROJECT}`, answer, 201, 409);
}

async function pushBlob(harbor: Harbor, authorization: string, blob: Buffer): Promise<void> {
  const start = await harbor.send(`/v2/${REPOSITORY}/blobs/uploads/`, {
    method: "POST",
    headers: { authorization },
    body: "",
  });
  const { location } = expectStatus("start of an upload", start, 202).headers;
  if (location === undefined) throw new Unanswered("start of an upload: no Location");
  const url = new URL(location, harbor.external);
  url.searchParams.set("digest", digestOf(blob));
  const put = await harbor.send(url.href, {
    method: "PUT",
    headers: { authorization, "content-type": "application/octet-stream" },
    body: blob,
  });
  expectStatus("upload of a blob", put, 201);
}

async function pullBlob(harbor: Harbor, authorization: string, digest: string): Promise<Buffer> {
  const answer = await harbor.send(`/v2/${REPOSITORY}/blobs/${digest}`, { headers: { authorization } });
  const { location } = answer.headers;
  // Where redirects are not disabled, the object store gives the blob by a signed URL that takes no token.
  const found = answer.status >= 301 && answer.status <= 308 && location ? await harbor.send(location) : answer;
  return expectStatus(`pull of ${digest}`, found, 200).body;
}

function expectSame(what: string, pushed: string, pulled: string): void {
  if (pushed !== pulled) throw new Unanswered(`${what} pushed as ${pushed} was pulled as ${pulled}`);
}

stepMain(import.meta.url, "provePushPull", provePushPull);
