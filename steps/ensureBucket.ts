/**
 * Makes Harbor's bucket on the home site, once, and proves that it takes objects. Only the master zone
 * makes buckets: a request to another zone is forwarded to the master, and fails while that is away.
 * As a standby the home site only has to have the bucket that was replicated to it.
 */
import { randomBytes } from "node:crypto";
import { waitFor } from "./deadline.ts";
import { readPlace, readUrl } from "./environment.ts";
import { type Evidence, StepFailure } from "./outcome.ts";
import { type Answer, excerpt } from "./request.ts";
import { s3, s3Code } from "./s3.ts";
import { type StepContext, stepMain } from "./step.ts";

type Context = StepContext<"ensureBucket">;

const LIMIT_MS = 10_000;

/** Makes sure of the bucket in the role that the environment names. */
export async function ensureBucket(context: Context): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const { DR_BUCKET: bucket, DR_REGION: region } = environment;
  const place = readPlace(environment);
  const endpoint = readUrl("DR_OBJECT_STORE_ENDPOINT", environment.DR_OBJECT_STORE_ENDPOINT);
  const keys = { accessKey: environment.DR_BUCKET_ACCESS_KEY, secretKey: environment.DR_BUCKET_SECRET_KEY };
  const send = (method: string, object = "", body?: string) =>
    s3({
      method,
      url: new URL(`/${bucket}${object}`, endpoint),
      keys,
      region,
      timeoutMs: LIMIT_MS,
      ...(body === undefined ? {} : { body }),
    });
  const remedy = `Look at the user: \`kubectl get cephobjectstoreuser -A\` must say Ready on the home site, with the keys of Harbor's Secret; then run \`pulumi up --stack ${place.site}\` again.`;

  return waitFor(
    `bucket ${bucket} at ${endpoint.origin}`,
    deadline,
    progress,
    async () => {
      const head = await send("HEAD");
      if (head.status === 404 && place.role === "active") {
        progress.saw("bucket", `${bucket} is missing, creating it`);
        const created = await send("PUT");
        if (created.status !== 200 && s3Code(created) !== "BucketAlreadyOwnedByYou")
          return refused("creating it", created);
        return (await send("HEAD")).status === 200 ? roundTrip() : undefined;
      }
      if (head.status === 403) return refused("HEAD (a user that has not arrived yet, or another's bucket)", head);
      if (head.status !== 200) return refused("HEAD", head);
      if (place.role === "active") return roundTrip();
      progress.saw("bucket", `${bucket} is there`);
      return { proved: `${bucket} is there; the master zone made it`, seen: { bucket } };
    },
    { remedy },
  );

  function refused(what: string, answer: Answer): undefined {
    const code = s3Code(answer);
    if (code === "BucketAlreadyExists") {
      throw new StepFailure(
        `bucket ${bucket} belongs to another user`,
        "Give that user's keys (`pulumi config set --secret …`), or another name: edit objectStore.bucket in Pulumi.yaml.",
      );
    }
    return progress.saw("bucket", `${what}: ${answer.status} ${code} ${excerpt(answer)}`.trim());
  }

  async function roundTrip(): Promise<Evidence | undefined> {
    const object = `/.harbor-dr/proof-${place.site}`;
    const body = randomBytes(32).toString("hex");
    const put = await send("PUT", object, body);
    if (put.status !== 200) return refused("writing an object", put);
    const got = await send("GET", object);
    if (got.status !== 200 || got.body.toString("utf8") !== body) return refused("reading the object back", got);
    const removed = await send("DELETE", object);
    if (removed.status !== 204 && removed.status !== 200) return refused("deleting the object", removed);
    progress.saw("bucket", `${bucket} takes objects`);
    return { proved: `${bucket} took an object and gave it back`, seen: { bucket, endpoint: endpoint.origin } };
  }
}

stepMain(import.meta.url, "ensureBucket", ensureBucket);
