// A Worker that ends an instance of the program, and then does all that could enter it: the exported functions, and
// what events do later. It answers with what entered the program.
import "../build/wasm_exec.js";
import module from "../build/app.wasm";
import { Instance } from "./runtime.mjs";

/** What a Go program of every kind exports. Only run is called without a check, at the start. */
const OF_GO = ["mem", "run", "getsp", "testExport", "testExport0"];

function pause() {
  return scheduler.wait(300);
}

export default {
  async fetch(_, env, ctx) {
    const instance = new Instance(module, () => new Response("ended", { status: 503 }));
    const get = (path) => instance.fetch(new Request(`http://dead.example${path}`), null, env, ctx);

    // A timer of this request settles after the end.
    const waiting = get("/fault/sleep");
    const before = [...instance.calls.keys()];
    const ended = await get("/fault/exit");

    const entered = [];
    for (const [name, call] of Object.entries(instance.exports)) {
      if (typeof call === "function") {
        instance.exports[name] = (...args) => {
          entered.push(name);
          return call(...args);
        };
      }
    }
    const names = WebAssembly.Module.exports(module).map(({ name }) => name).filter((name) => !OF_GO.includes(name));
    const results = Object.fromEntries(names.map((name) => [name, instance.enter(name, 1, 1, 1, 0)]));
    const after = {};
    const tell = async (name, act) => {
      const had = entered.length;
      await act();
      after[name] = entered.slice(had);
    };
    await tell("resume of the Go runtime", () => instance.go._resume());
    await tell("a timer that settles", pause);
    await tell("a promise that settles", () => instance.settle(1, 0, "value"));
    await tell("a promise that fails", () => instance.fail(1, new Error("failed")));
    await tell("a client that goes away", () => instance.cancel({ number: before[0] }));
    await tell("another environment", () => instance.begin(env));
    let last;
    await tell("another request", async () => (last = await get("/health/live")));
    return Response.json({
      dead: instance.dead,
      statuses: [(await waiting).status, ended.status, last.status],
      calls: instance.calls.size,
      entered,
      results,
      after,
    });
  },
};
