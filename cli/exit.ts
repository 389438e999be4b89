/** How a command ends. Only cli/main.ts sets the process's code. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** An end that is not success, with the words for it. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly code: (typeof EXIT)[keyof typeof EXIT];

  constructor(code: (typeof EXIT)[keyof typeof EXIT], message: string) {
    super(message);
    this.code = code;
  }
}
