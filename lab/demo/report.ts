/** What the demo measured: the JSON that `--report` writes, and the table that a person reads. */

/** One step of the failover, and how long it took to prove its outcome. */
export interface StepTime {
  readonly name: string;
  readonly seconds: number;
}

export interface DemoReport {
  readonly engine: { readonly kind: "genuine plugins" | "stand-in plugins"; readonly cliVersion: string };
  readonly failover: {
    readonly from: string;
    readonly to: string;
    /** The site was killed: nobody asked it first. */
    readonly kind: "failover";
    /** From the command to the first image that a client pulled through the external name. */
    readonly rtoSeconds: number;
    /** From the kill to the same moment. */
    readonly sinceKillSeconds: number;
    readonly steps: readonly StepTime[];
  };
  readonly images: { readonly acknowledged: number; readonly recovered: number; readonly lost: readonly string[] };
  readonly rows: { readonly acknowledged: number; readonly recovered: number };
  /** An image was pushed and pulled on the promoted site afterwards. */
  readonly pushedAfter: boolean;
}

/** The steps that a failover must have proved; one that is missing fails the demo. */
export const EXPECTED_STEPS = ["gate", "proveDatabase", "proveObjectStore", "proveHarbor", "provePushPull"] as const;

/**
 * Everything that makes the failover a failure, in words; empty when it succeeded. Replication is
 * asynchronous, so an image that is lost and named was reported honestly; one that nobody accounts for is
 * what this project must never let happen.
 */
export function failuresOf(report: DemoReport): string[] {
  const { failover, images, rows, pushedAfter } = report;
  const proved = new Set(failover.steps.map((step) => step.name));
  const accounted = images.recovered + images.lost.length;
  const rowsAccounted = rows.recovered + images.lost.length;
  return [
    ...EXPECTED_STEPS.filter((step) => !proved.has(step)).map((step) => `step ${step} was not proved`),
    ...(accounted === images.acknowledged
      ? []
      : [`${images.acknowledged} images were acknowledged, only ${accounted} are accounted for`]),
    ...(rowsAccounted >= rows.acknowledged
      ? []
      : [`${rows.acknowledged} rows were acknowledged, only ${rowsAccounted} are accounted for`]),
    ...(pushedAfter ? [] : ["no image could be pushed and pulled after the failover"]),
  ];
}

/** The summary, with its columns lined up. */
export function summaryOf(report: DemoReport): string {
  const { engine, failover, images, rows } = report;
  const width = Math.max(...failover.steps.map((step) => step.name.length), "recovery since command".length);
  const line = (name: string, value: string) => `  ${name.padEnd(width)}  ${value}`;
  const time = (name: string, seconds: number) => line(name, `${seconds.toFixed(1).padStart(6)} s`);
  const count = (of: { acknowledged: number; recovered: number }) =>
    `${String(of.recovered).padStart(6)} of ${of.acknowledged} acknowledged`;
  return [
    `Failover from ${failover.from} to ${failover.to} (${engine.kind}, Pulumi ${engine.cliVersion})`,
    "",
    ...failover.steps.map((step) => time(step.name, step.seconds)),
    time("recovery since command", failover.rtoSeconds),
    time("recovery since kill", failover.sinceKillSeconds),
    "",
    line("images recovered", count(images)),
    line("rows recovered", count(rows)),
    line("lost", images.lost.length === 0 ? "  none" : images.lost.join(", ")),
    line("pushed afterwards", report.pushedAfter ? "   yes" : "    no"),
    "",
    "On real clusters, type the same:",
    "  pulumi stack select secondary",
    "  pulumi config set activeSite secondary",
    "  pulumi preview --diff",
    "  pulumi up",
  ].join("\n");
}
