// A Worker with the same program three times: started by the first request, started in global scope, and unable to
// start there. It answers with how many instances each has started when, and with what they know of time and chance.
import "../build/wasm_exec.js";
import module from "../build/app.wasm";
import { worker } from "./runtime.mjs";

let started = 0;
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    started++;
  }
};

/** What work returns, and how many instances it has started. */
function counted(work) {
  const before = started;
  const result = work();
  return [result, started - before];
}

const { random } = Math;
const kinds = {
  late: counted(() => worker(module)),
  early: counted(() => worker(module, { early: true })),
  unable: counted(() => {
    Math.random = () => {
      throw new Error("not in global scope");
    };
    return worker(module, { early: true });
  }),
};
Math.random = random;

export default {
  async fetch(_, env, ctx) {
    const answers = {};
    for (const [kind, [{ fetch }, inGlobalScope]] of Object.entries(kinds)) {
      const [answer, withRequest] = counted(() => fetch(new Request("http://early.example/fault/state"), env, ctx));
      const response = await answer;
      const { instance } = await response.json();
      answers[kind] = { inGlobalScope, withRequest, date: response.headers.get("date"), instance };
    }
    return Response.json(answers);
  },
};
