// A Worker that runs the tests of a Go package, all within one request, and answers with what
// they print. All are the call 1 of the border. Each parameter arg is an argument of the test program; the header Exit-Code is its
// exit code. The tests find the environment of the Worker as context.env.
import "./wasm_exec.js";
import module from "./test.wasm";
import { Border } from "./border.mjs";

export { Heads } from "./heads.mjs";

/** A namespace whose writes fail with each of its messages in turn, and else reach another one. */
class Failing {
  constructor(namespace) {
    this.namespace = namespace;
  }
  async put(...args) {
    this.calls++;
    if (this.messages.length > 0) throw new Error(this.messages.shift());
    return this.namespace.put(...args);
  }
}


/** Durable Objects whose method get fails with each of its messages in turn, and else reach other ones. */
class FailingHeads {
  constructor(namespace) {
    this.namespace = namespace;
  }
  idFromName(name) {
    return this.namespace.idFromName(name);
  }
  get(id) {
    this.calls++;
    const message = this.messages.shift();
    return message === undefined ? this.namespace.get(id) : { get: () => Promise.reject(new Error(message)) };
  }
}

export default {
  async fetch(request, env) {
    const decoder = new TextDecoder();
    let output = "";
    globalThis.fs.writeSync = (_, bytes) => {
      output += decoder.decode(bytes, { stream: true });
      return bytes.length;
    };
    globalThis.process.cwd = () => "/";
    env = { ...env, FAILING: new Failing(env.EDGEFRAME_KV), FAILING_HEADS: new FailingHeads(env.EDGEFRAME_HEADS) };
    globalThis.context = { env };
    const go = new Go();
    go.argv = ["test", ...new URL(request.url).searchParams.getAll("arg")];
    const exited = new Promise((resolve) => (go.exit = resolve));
    const border = new Border(go);
    border.calls.set(1, { env });
    const instance = new WebAssembly.Instance(module, go.importObject);
    border.attach(instance);
    go.run(instance);
    const code = await exited;
    return new Response(output, { headers: { "Exit-Code": String(code) } });
  },
};
