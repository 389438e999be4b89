/**
 * What a run says outside its result. Without an engine the SDK writes warnings to the console and leaves
 * failed promises to the process: both are kept here, so that a test can ask whether a run was clean.
 */

/** Everything that was said since `collectNoise`. */
export interface Noise {
  readonly warnings: readonly string[];
  readonly said: readonly string[];
  readonly rejections: readonly unknown[];
  end(): void;
}

/** Listens until `end`. Only one may listen at a time. */
export function collectNoise(): Noise {
  const [warnings, said, rejections] = [[] as string[], [] as string[], [] as unknown[]];
  const spoken = { log: console.log, info: console.info, warn: console.warn, error: console.error };
  const keep =
    (list: string[]) =>
    (...parts: unknown[]) =>
      void list.push(parts.map(String).join(" "));
  Object.assign(console, { log: keep(said), info: keep(said), warn: keep(warnings), error: keep(warnings) });
  // The test runner's own listeners would fail the whole file for an error that a test expects.
  const listeners = process.listeners("unhandledRejection");
  const reject = (reason: unknown) => void (rejections.includes(reason) || rejections.push(reason));
  const warn = (warning: Error) => void warnings.push(String(warning));
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", reject).on("warning", warn);
  return {
    warnings,
    said,
    rejections,
    end() {
      Object.assign(console, spoken);
      process.removeListener("unhandledRejection", reject).removeListener("warning", warn);
      for (const listener of listeners) process.on("unhandledRejection", listener);
    },
  };
}
