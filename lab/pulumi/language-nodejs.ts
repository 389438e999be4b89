/**
 * Stand-in for Pulumi's Node.js language host: starts the SDK's own program runner (`@pulumi/pulumi/cmd/run`) and
 * policy pack runner for the engine. Entry point of the plugin `language-nodejs`.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";

/** The runners exit with this when they have shown the error themselves. */
const ALREADY_SHOWN = 32;
const engineAddress = process.argv.at(-1) ?? "";

function runner(directory: string, file: "run" | "run-policy-pack"): string {
  try {
    return createRequire(join(directory, "package.json")).resolve(`@pulumi/pulumi/cmd/${file}`);
  } catch {
    throw new Error(`the Pulumi SDK is not installed for ${directory}: run \`npm ci\` in that folder`);
  }
}

/** `nodeargs` as in Pulumi.yaml (a string, split at spaces), `typescript: false` for programs that bring their own loader. */
function runtimeOptions(info: languagePb.ProgramInfo | undefined): { nodeArgs: string[]; typescript: boolean } {
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as { nodeargs?: unknown; typescript?: unknown };
  const nodeArgs = typeof options.nodeargs === "string" ? options.nodeargs.split(/\s+/).filter(Boolean) : [];
  return { nodeArgs, typescript: options.typescript !== false && options.typescript !== "false" };
}

async function run(request: languagePb.RunRequest): Promise<languagePb.RunResponse> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const entry = info?.getEntryPoint() || request.getProgram() || ".";
  const { nodeArgs, typescript } = runtimeOptions(info);
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": info?.getRootDirectory() || directory,
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
  };
  const args = [
    ...nodeArgs,
    runner(directory, "run"),
    ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    isAbsolute(entry) ? entry : resolve(directory, entry),
    ...request.getArgsList(),
  ];
  const env = {
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: String(typescript),
  };
  const code = await new Promise<number>((done, failed) => {
    const child = spawn(process.execPath, args, {
      cwd: request.getPwd(),
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", failed);
    child.once("close", (exitCode, signal) => done(exitCode ?? (signal ? 128 : 1)));
  });
  const response = new languagePb.RunResponse();
  if (code === ALREADY_SHOWN) response.setBail(true);
  else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

/** A policy pack is a program too: its folder is the last argument, its engine's address the one before. */
function runPlugin(call: grpc.ServerWritableStream<languagePb.RunPluginRequest, languagePb.RunPluginResponse>): void {
  const fail = (message: string) =>
    call.destroy(Object.assign(new Error(message), { code: grpc.status.UNKNOWN, details: message }));
  const request = call.request;
  if (request.getKind() !== "analyzer") {
    fail(
      `the stand-in language host runs policy packs, not plugins of kind "${request.getKind()}"; install the Pulumi plugins`,
    );
    return;
  }
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const { nodeArgs, typescript } = runtimeOptions(request.getInfo());
  const env = Object.fromEntries(
    request.getEnvList().map((pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)]),
  );
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(
      process.execPath,
      [...nodeArgs, runner(directory, "run-policy-pack"), ...request.getArgsList(), directory],
      {
        cwd: request.getPwd(),
        env: { ...process.env, ...env, PULUMI_NODEJS_TYPESCRIPT: String(typescript) },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  } catch (problem) {
    fail(problem instanceof Error ? problem.message : String(problem));
    return;
  }
  child.once("error", (problem) => fail(problem.message));
  child.stdout?.on("data", (chunk: Buffer) => {
    const part = new languagePb.RunPluginResponse();
    part.setStdout(chunk);
    call.write(part);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    const part = new languagePb.RunPluginResponse();
    part.setStderr(chunk);
    call.write(part);
  });
  child.once("close", (code) => {
    const end = new languagePb.RunPluginResponse();
    end.setExitcode(code ?? 1);
    call.write(end);
    call.end();
  });
  call.once("cancelled", () => child.kill());
}

function answer<Request, Response>(
  act: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => act(call.request))
      .then((response) => callback(null, response))
      .catch((problem: unknown) =>
        callback({ code: grpc.status.UNKNOWN, details: problem instanceof Error ? problem.message : String(problem) }),
      );
  };
}

function lacks(what: string): grpc.handleUnaryCall<unknown, unknown> {
  return answer(() => {
    throw new Error(`the stand-in language host does not have ${what}; install Pulumi for it`);
  });
}

const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(languageGrpc.LanguageRuntimeService, {
  handshake: answer(() => new languagePb.LanguageHandshakeResponse()),
  getPluginInfo: answer(() => new pluginPb.PluginInfo()),
  getRequiredPackages: answer(() => new languagePb.GetRequiredPackagesResponse()),
  getRequiredPlugins: answer(() => new languagePb.GetRequiredPluginsResponse()),
  run: answer(run),
  runPlugin,
  about: answer(() => {
    const response = new languagePb.AboutResponse();
    response.setExecutable(process.execPath);
    response.setVersion(process.version);
    return response;
  }),
  getProgramDependencies: answer(() => new languagePb.GetProgramDependenciesResponse()),
  runtimeOptionsPrompts: answer(() => new languagePb.RuntimeOptionsResponse()),
  installDependencies: lacks("installing dependencies: run `npm ci`"),
  cancel: answer(() => new emptyPb.Empty()),
} as unknown as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (problem, port) => {
  if (problem) throw problem;
  process.stdout.write(`${port}\n`);
});
