// The stock runtime of syumai/workers, in which edgeframe uses its own border for the store.
import "./wasm_exec.js";
import stock from "./worker.mjs";
import { Border, describe } from "./border.mjs";

globalThis.Go = class extends Go {
  constructor() {
    super();
    this.border = new Border(this);
  }

  run(instance, context) {
    const { env } = context;
    this.border.calls.set(1, { env });
    this.border.attach(instance);
    return super.run(instance, { ...context, environment: describe(env) });
  }
};

export default stock;
