import type { Schemas } from "./types.js";

/** What an error answer says. The members that no answer has are of errors without one. */
export type Problem = Omit<Schemas["Problem"], "code" | "type" | "title" | "request_id"> & {
  code: EdgeframeError["code"];
  request_id?: string;
};

/** The only error that the client throws, besides the reason of an AbortSignal. */
export class EdgeframeError extends Error {
  override readonly name = "EdgeframeError";
  /**
   * What is wrong, for programs: a code of the API. `no_answer` means that no complete answer came, and
   * `unexpected_answer` that something else than the API answered, such as a proxy.
   */
  declare readonly code: Schemas["Problem"]["code"] | "no_answer" | "unexpected_answer";
  /** The HTTP status, 0 without an answer. */
  declare readonly status: number;
  /** One sentence for a person. */
  declare readonly detail: string;
  /** Finds the request in the log of the server. */
  declare readonly requestId: string | undefined;
  /** Which parts of the request are wrong, or which cells have changed. */
  declare readonly errors: NonNullable<Schemas["Problem"]["errors"]>;

  constructor({ request_id: requestId, ...problem }: Problem, cause?: unknown) {
    super(problem.detail, { cause });
    Object.assign(this, { errors: [], requestId, ...problem });
  }

  /** With `cell_changed`: what the first changed cell holds now. `errors` has all of them. */
  get current(): unknown {
    return this.errors[0]?.current;
  }
}
