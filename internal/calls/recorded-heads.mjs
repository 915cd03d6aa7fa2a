// As recorded.mjs, for a Worker that keeps its heads in Durable Objects.
import { within } from "./recorded.mjs";
import { Heads as Plain } from "./worker.mjs";

export { default } from "./recorded.mjs";

export class Heads extends Plain {
  constructor(ctx, env) {
    super(ctx, within(env));
  }
}
