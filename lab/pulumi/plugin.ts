/**
 * Serves a provider to the Pulumi engine: prints the port, speaks pulumirpc.ResourceProvider and turns protobuf
 * into plain values and thrown errors into the answers that the engine understands. The SDK's own
 * `provider.main` is not used because it drops the provider's configuration, which kubernetes needs.
 */
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { InitializationFailed } from "./errors.ts";
import type { Changes, Checked, Log, Place, Provider } from "./provider.ts";
import { decode, encode } from "./values.ts";

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Answers with what `act` returns, or with its error as a gRPC status. */
function unary<Request, Response>(act: (request: Request) => Promise<Response> | Response): Unary<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => act(call.request))
      .then((response) => callback(null, response))
      .catch((problem: unknown) => callback(asStatus(problem)));
  };
}

function asStatus(problem: unknown): Partial<grpc.StatusObject> {
  const message = problem instanceof Error ? problem.message : String(problem);
  const metadata = new grpc.Metadata();
  if (problem instanceof InitializationFailed) {
    const detail = new providerPb.ErrorResourceInitFailed();
    detail.setId(problem.id);
    detail.setProperties(encode(problem.state));
    detail.setReasonsList([...problem.reasons]);
    if (problem.inputs) detail.setInputs(encode(problem.inputs));
    const packed = new anyPb.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new statusPb.Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function placeOf(request: { getUrn(): string }): Place {
  const urn = request.getUrn();
  const [, , chain = "", ...name] = urn.split("::");
  return { urn, type: chain.split("$").at(-1) ?? chain, name: name.join("::") };
}

function diffResponse(result: { changes: Changes; deleteBeforeReplace?: boolean }): providerPb.DiffResponse {
  const kinds = providerPb.PropertyDiff.Kind;
  const response = new providerPb.DiffResponse();
  const paths = Object.keys(result.changes);
  response.setChanges(
    paths.length === 0 ? providerPb.DiffResponse.DiffChanges.DIFF_NONE : providerPb.DiffResponse.DiffChanges.DIFF_SOME,
  );
  response.setReplacesList(paths.filter((path) => result.changes[path]?.replace));
  response.setDeletebeforereplace(result.deleteBeforeReplace ?? false);
  response.setHasdetaileddiff(true);
  for (const [path, change] of Object.entries(result.changes)) {
    const detail = new providerPb.PropertyDiff();
    const kind = { add: "ADD", update: "UPDATE", delete: "DELETE" }[change.kind] as "ADD" | "UPDATE" | "DELETE";
    detail.setKind(change.replace ? kinds[`${kind}_REPLACE`] : kinds[kind]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  response.setDiffsList([...new Set(paths.map((path) => path.split(/[.[]/)[0] ?? path))]);
  return response;
}

function checkResponse(checked: Checked): providerPb.CheckResponse {
  const response = new providerPb.CheckResponse();
  response.setInputs(encode(checked.inputs));
  for (const { property, reason } of checked.failures ?? []) {
    const failure = new providerPb.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function engineLog(address: string): Log {
  const client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure());
  const severities = enginePb.LogSeverity;
  return (severity, urn, message) => {
    const request = new enginePb.LogRequest();
    request.setSeverity(
      { info: severities.INFO, status: severities.INFO, warning: severities.WARNING, error: severities.ERROR }[
        severity
      ],
    );
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(severity === "status");
    // A line that the engine no longer wants to hear is no reason to fail the operation that it is about.
    client.log(request, () => undefined);
  };
}

/**
 * Starts serving; the process ends when the engine kills it. The launcher puts the plugin's version first, the
 * engine puts its own address last.
 */
export function serve(makeProvider: (log: Log) => Provider): void {
  const version = process.argv[2] ?? "";
  const log = engineLog(process.argv.at(-1) ?? "");
  const provider = makeProvider(log);
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const service = {
    handshake: unary(() => {
      const response = new providerPb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    getPluginInfo: unary(() => {
      const info = new pluginPb.PluginInfo();
      info.setVersion(version);
      return info;
    }),
    checkConfig: unary((request: providerPb.CheckRequest) => {
      const news = decode(request.getNews());
      return checkResponse(provider.checkConfig?.(news) ?? { inputs: news });
    }),
    diffConfig: unary((request: providerPb.DiffRequest) =>
      diffResponse(provider.diffConfig?.(decode(request.getOlds()), decode(request.getNews())) ?? { changes: {} }),
    ),
    configure: unary(async (request: providerPb.ConfigureRequest) => {
      await provider.configure?.(new Map(request.getVariablesMap().getEntryList()), log);
      const response = new providerPb.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    check: unary(async (request: providerPb.CheckRequest) => {
      const autonaming = request.getAutonaming();
      const modes = providerPb.CheckRequest.AutonamingOptions.Mode;
      return checkResponse(
        await provider.check(placeOf(request), decode(request.getOlds()), decode(request.getNews()), {
          seed: request.getRandomseed_asU8(),
          proposed: autonaming?.getProposedName() ?? "",
          disabled: autonaming?.getMode() === modes.DISABLE,
        }),
      );
    }),
    diff: unary(async (request: providerPb.DiffRequest) =>
      diffResponse(
        await provider.diff(
          placeOf(request),
          { id: request.getId(), inputs: decode(request.getOldInputs()), state: decode(request.getOlds()) },
          decode(request.getNews()),
          request.getIgnorechangesList(),
        ),
      ),
    ),
    create: unary(async (request: providerPb.CreateRequest) => {
      const run = { preview: request.getPreview(), timeout: request.getTimeout() };
      const created = await provider.create(placeOf(request), decode(request.getProperties()), run);
      const response = new providerPb.CreateResponse();
      response.setId(created.id);
      response.setProperties(encode(created.state));
      return response;
    }),
    update: unary(async (request: providerPb.UpdateRequest) => {
      const response = new providerPb.UpdateResponse();
      const state = await provider.update(
        placeOf(request),
        { id: request.getId(), inputs: decode(request.getOldInputs()), state: decode(request.getOlds()) },
        decode(request.getNews()),
        { preview: request.getPreview(), timeout: request.getTimeout(), ignoreChanges: request.getIgnorechangesList() },
      );
      response.setProperties(encode(state));
      return response;
    }),
    read: unary(async (request: providerPb.ReadRequest) => {
      const olds = { inputs: decode(request.getInputs()), state: decode(request.getProperties()) };
      const found = await provider.read(placeOf(request), request.getId(), olds);
      const response = new providerPb.ReadResponse();
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(encode(found.state));
      response.setInputs(encode(found.inputs));
      return response;
    }),
    delete: unary(async (request: providerPb.DeleteRequest) => {
      await provider.delete(placeOf(request), request.getId(), decode(request.getProperties()), request.getTimeout());
      return new emptyPb.Empty();
    }),
    invoke: unary(async (request: providerPb.InvokeRequest) => {
      const response = new providerPb.InvokeResponse();
      response.setReturn(
        encode(await provider.invoke(request.getTok(), decode(request.getArgs()), request.getPreview())),
      );
      return response;
    }),
    cancel: unary(() => {
      provider.cancel?.();
      return new emptyPb.Empty();
    }),
  };
  server.addService(providerGrpc.ResourceProviderService, service as unknown as grpc.UntypedServiceImplementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (problem, port) => {
    if (problem) throw problem;
    process.stdout.write(`${port}\n`);
  });
}
