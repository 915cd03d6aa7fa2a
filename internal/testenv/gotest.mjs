// A Worker that runs the tests of a Go package, all within one request, and answers with what
// they print. Each parameter arg is an argument of the test program; the header Exit-Code is its
// exit code. The tests find the environment of the Worker as context.env.
import "./build/wasm_exec.js";
import module from "./test.wasm";

export { Heads } from "./heads.mjs";

export default {
  async fetch(request, env) {
    const decoder = new TextDecoder();
    let output = "";
    globalThis.fs.writeSync = (_, bytes) => {
      output += decoder.decode(bytes, { stream: true });
      return bytes.length;
    };
    globalThis.process.cwd = () => "/";
    const go = new Go();
    go.argv = ["test", ...new URL(request.url).searchParams.getAll("arg")];
    const exited = new Promise((resolve) => (go.exit = resolve));
    go.run(new WebAssembly.Instance(module, go.importObject), { env });
    const code = await exited;
    return new Response(output, { headers: { "Exit-Code": String(code) } });
  },
};
