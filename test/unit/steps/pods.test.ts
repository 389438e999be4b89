/** Commands in pods over the Kubernetes API: output, exit codes, and pods that are not there. */
import { afterEach, describe, expect, it } from "vitest";
import { connect, exitCodeOf } from "../../../steps/pods.ts";
import { type FakeCluster, type FakeExec, type FakeResult, fakeCluster, readyPod } from "./fakeCluster.ts";

let cluster: FakeCluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

const pod = readyPod("rook-ceph", "toolbox");
async function runIn(run: (exec: FakeExec) => FakeResult | undefined, stdin?: string, protocols?: string[]) {
  cluster = await fakeCluster({}, run, protocols);
  const { pods } = await connect({ DR_KUBECONFIG: cluster.kubeconfig });
  return pods.exec(pod, ["sh", "-c", "x y"], { timeoutMs: 300, ...(stdin === undefined ? {} : { stdin }) });
}

describe("exec", () => {
  it("gives back output and exit code", async () => {
    expect(await runIn(() => ({ stdout: "out", stderr: "err", exitCode: 7 }))).toEqual({
      stdout: "out",
      stderr: "err",
      exitCode: 7,
    });
    expect(cluster?.execs).toEqual([{ pod: "toolbox", command: ["sh", "-c", "x y"], stdin: "" }]);
  });

  it.each([["v5.channel.k8s.io"], ["v4.channel.k8s.io"]])("hands in stdin under %s", async (protocol) => {
    await runIn(() => ({}), "a\nb\n", [protocol]);
    expect(cluster?.execs[0]?.stdin).toBe("a\nb\n");
  });

  it("has a limit", async () => {
    await expect(runIn(() => undefined)).rejects.toThrow("exec in rook-ceph/toolbox: no result within 0.3 s");
  });

  it("fails when the command was not run", async () => {
    const status = { status: "Failure", message: "container not found" };
    await expect(runIn(() => ({ status }))).rejects.toThrow("exec in rook-ceph/toolbox: container not found");
  });
});

describe("exitCodeOf", () => {
  it.each([
    ['{"status":"Success"}', 0],
    ['{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"2"}]}}', 2],
    [
      '{"status":"Failure","message":"Internal error occurred: error executing command in container: exit status 3"}',
      3,
    ],
    ['{"status":"Failure","message":"pods \\"x\\" not found"}', undefined],
    ["", undefined],
  ])("%s is %s", (status, code) => {
    expect(exitCodeOf(status)).toBe(code);
  });
});
