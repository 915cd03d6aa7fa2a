// The Worker: it runs one instance of the Go program for all requests of an isolate.
//
// An instance lives in JavaScript's hands. It is started by the first request, because Go cannot
// start in global scope. It is replaced when it has died (by an unrecovered panic, a fatal error
// of the Go runtime or of WebAssembly, or for want of memory) and given up when it has grown too
// large: WebAssembly memory never shrinks. Promises that a dead instance was to settle never
// settle, so every request races the death of its instance.
import "../build/wasm_exec.js";
import module from "../build/app.wasm";

const MiB = 1 << 20;

// An isolate has 128 MB for all that it holds. Above RETIRE an instance is given up once it is
// idle; at LIMIT it is stopped, before the platform stops the whole isolate.
const RETIRE = 64 * MiB;
const LIMIT = 112 * MiB;

// Bodies up to SMALL are read before they are handed over. Larger ones are read by Go, in
// chunks of at least CHUNK where the stream gives that much.
const SMALL = 1 * MiB;
const CHUNK = 256 * 1024;

// What is read, at most, of a body that was refused, before the refusal is sent: a client that
// is still sending when the connection ends may not see it. The platform takes less.
const DRAIN = 128 * MiB;

// How often, in milliseconds, a request looks whether its instance is still there.
const WATCH = 100;

// What syumai/workers expects of a runtime: a call that must not throw.
globalThis.tryCatch = (fn) => {
  try {
    return { result: fn() };
  } catch (error) {
    return { error };
  }
};

/** The instance that takes new requests. */
let current;

class Instance {
  /** The requests in flight. */
  calls = new Set();
  dead = false;
  binding = {};

  constructor() {
    const go = new Go();
    go.exit = (code) => this.die(`exit code ${code}`);
    // What go.run waits for at the end belongs to the request that made it, which may be gone.
    go._resolveExitPromise = () => {};
    // Every entry into Go but the first goes through _resume. What it throws is fatal to the
    // instance, and so is a call that arrives later.
    const resume = go._resume.bind(go);
    go._resume = () => {
      if (this.dead) return;
      try {
        resume();
      } catch (error) {
        this.die(error);
      }
    };
    const imports = go.importObject.gojs;
    const grown = imports["runtime.resetMemoryDataView"];
    imports["runtime.resetMemoryDataView"] = (sp) => {
      grown(sp);
      if (this.memory > LIMIT) throw new Error(`out of memory: ${this.memory} bytes`);
    };
    // Frames of Go further up, below which it has died, get no further than their next call.
    for (const [name, call] of Object.entries(imports)) {
      imports[name] = (sp) => {
        if (this.dead) throw new Error("the instance has ended");
        call(sp);
      };
    }
    this.wasm = new WebAssembly.Instance(module, { ...go.importObject, workers: { ready() {} } });
    // main runs until it waits for requests before run returns.
    go.run(this.wasm, { binding: this.binding }).catch((error) => this.die(error));
  }

  get memory() {
    return this.wasm ? this.wasm.exports.mem.buffer.byteLength : 0;
  }

  /** Fails all requests in flight and takes no more. */
  die(reason) {
    if (this.dead) return;
    this.dead = true;
    console.error(`edgeframe: the instance has ended: ${reason?.stack ?? reason}`);
    if (current === this) current = undefined;
    for (const call of this.calls) call.fail();
  }

  /** Gives the instance up if it is idle and has grown too large. */
  settle() {
    if (this.calls.size === 0 && this.memory > RETIRE && current === this) current = undefined;
  }

  /** Hands a request to Go and returns its response. */
  fetch(request, body, env, ctx) {
    const call = new Call(request, body, env);
    this.calls.add(call);
    // What another request brings to an end wakes this one only as long as it waits for something
    // of its own, which a clock is. Without, the runtime takes it to hang.
    const watch = setInterval(() => this.dead && call.fail(), WATCH);
    // The work goes on if the client goes away, and after the response.
    ctx.waitUntil(
      call.ended.then(() => {
        clearInterval(watch);
        if (call.failed) call.writer?.abort(new Error("the instance has ended")).catch(() => {});
        this.calls.delete(call);
        this.settle();
      }),
    );
    if (typeof body === "function") {
      request.signal.addEventListener("abort", () => this.dead || this.binding.abort(call.number));
    }
    this.binding.serve(call);
    // A program that has ended meanwhile may have done so before it knew of the call.
    if (this.dead) call.fail();
    return call.response.then(async (response) => {
      const answer = response ?? restarted(request, this.binding.origins ?? []);
      if (answer.status >= 400) await body?.drain?.();
      return answer;
    });
  }
}

let calls = 0;

/** What Go gets of a request, and what it calls. */
class Call {
  number = ++calls;

  constructor(request, body, env) {
    this.env = env;
    this.namespace = env.EDGEFRAME_KV;
    // One text is handed over faster than many.
    this.head = `${request.method}\n${request.url}\n`;
    for (const [name, value] of request.headers) this.head += `${name}:${value}\n`;
    this.body = body;
    this.response = new Promise((resolve) => (this.resolve = resolve));
    this.ended = new Promise((resolve) => (this.done = resolve));
  }

  /** Answers with a body that is whole: bytes, or null. The header is one text. */
  respond(status, header, body) {
    const fields = [];
    for (const line of header.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1)]);
    }
    const bodiless = status === 204 || status === 304;
    this.resolve(new Response(bodiless ? null : body, { status, headers: fields }));
  }

  /** Answers with a body that is sent while it is made; length is -1 if unknown. */
  stream(status, header, length) {
    const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
    this.writer = writable.getWriter();
    // A client that goes away is no failure of the Worker.
    this.writer.closed.catch(() => {});
    this.respond(status, header, readable);
    return this.writer;
  }

  /** Ends the call, whose instance has ended. A response that has begun is broken off. */
  fail() {
    this.failed = true;
    this.resolve(undefined);
    this.done();
  }
}

/** Reads a small body, or returns a function that reads a large one chunk by chunk. */
async function read(request) {
  if (request.body === null) return null;
  const length = Number(request.headers.get("content-length") ?? NaN);
  if (length <= SMALL) return new Uint8Array(await request.arrayBuffer());
  const reader = request.body.getReader({ mode: "byob" });
  const next = async () => {
    const { value, done } = await reader.readAtLeast(CHUNK, new Uint8Array(CHUNK));
    return value?.byteLength ? value : done ? null : value;
  };
  next.drain = async () => {
    for (let left = DRAIN; left > 0; ) {
      const chunk = await next().catch(() => null);
      if (chunk === null) return;
      left -= chunk.byteLength;
    }
  };
  return next;
}

/** The answer for a request whose instance has ended; pages of origins may read it. */
function restarted(request, origins) {
  const id = crypto.randomUUID();
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "retry-after": "1",
    "x-request-id": id,
    vary: "Origin",
  };
  const origin = request.headers.get("origin");
  if (origin !== null && (origins.includes(origin) || origins.includes("*"))) {
    headers["access-control-allow-origin"] = origin;
    headers["access-control-expose-headers"] = "Retry-After, X-Request-Id";
  }
  return Response.json(
    {
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      detail: "the Worker had to start anew while it handled this request; try again",
      code: "worker_restarted",
      request_id: id,
    },
    { status: 503, headers },
  );
}

export default {
  async fetch(request, env, ctx) {
    let body;
    try {
      body = await read(request);
    } catch {
      // The client is gone; nobody sees this.
      return new Response("the body was not sent to its end", { status: 400 });
    }
    current ??= new Instance();
    return current.fetch(request, body, env, ctx);
  },
};
