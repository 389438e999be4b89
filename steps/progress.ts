/**
 * What a step says while it runs. Lines go to stderr with the elapsed time; a line that repeats the
 * last one about the same subject is dropped, so that a wait prints changes and not its polls. The
 * last value of each subject is kept, for the error that a time-out prints.
 */
export class Progress {
  readonly #started = performance.now();
  readonly #last = new Map<string, string>();

  readonly #write: (line: string) => void;

  constructor(
    write: (line: string) => void = (line) =>
      void process.stderr.write(`${line}
`),
  ) {
    this.#write = write;
  }

  /** Seconds since the step began. */
  get seconds(): number {
    return Math.round((performance.now() - this.#started) / 100) / 10;
  }

  /** Notes what was seen of a subject, and prints it when it changed. */
  saw(subject: string, value: string): undefined {
    if (this.#last.get(subject) === value) return undefined;
    this.#last.delete(subject);
    this.#last.set(subject, value);
    this.#write(`${this.seconds.toFixed(1).padStart(6)}s  ${subject}: ${value}`);
    return undefined;
  }

  /** Everything that was last seen, oldest first, one line each. */
  lastSeen(): string[] {
    return [...this.#last].map(([subject, value]) => `${subject}: ${value}`);
  }
}
