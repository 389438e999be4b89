/** One line of progress: elapsed seconds, then what happens. On stderr, because stdout is for results. */

export type Report = (line: string) => void;

export function elapsedReport(write: (text: string) => void = (text) => void process.stderr.write(text)): Report {
  const begun = performance.now();
  return (line) => write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)}s  ${line}\n`);
}
