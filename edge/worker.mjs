// The Worker: it runs one instance of the Go program for all requests of an isolate.
//
// JavaScript manages the instance. The first request starts it, because Go cannot start in global
// scope. It is replaced when it has died (of an unrecovered panic, a fatal error of the Go runtime
// or of WebAssembly, or lack of memory), and when it has grown too large, because WebAssembly memory
// never shrinks. Promises that a dead instance should have settled never settle, so each request
// also waits for the death of its instance.
import "../build/wasm_exec.js";
import module from "../build/app.wasm";

export { Heads } from "./heads.mjs";

const MiB = 1 << 20;

// An isolate has 128 MB of memory. An instance above RETIRE is replaced when it is idle; one that
// reaches LIMIT is stopped, before the platform stops the whole isolate.
const RETIRE = 64 * MiB;
const LIMIT = 112 * MiB;

// Bodies up to SMALL are read before Go gets the request. Go reads larger ones, in chunks of at
// least CHUNK if the stream has that much.
const SMALL = 1 * MiB;
const CHUNK = 256 * 1024;

// How much is read, at most, of a body that Go has left unread, before the response is sent: a client
// that is still sending when the connection ends may not see the response. Bodies that the platform
// accepts are smaller.
const DRAIN = 128 * MiB;

// How often, in milliseconds, a request checks whether its instance is still alive.
const WATCH = 100;

// syumai/workers expects this function of a runtime: it calls fn and returns what it throws.
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
    // go.run would resolve a promise of the request that started the instance, which may be gone.
    go._resolveExitPromise = () => {};
    // Every entry into Go except the first goes through _resume. If it throws, the instance has
    // died, and must not be entered again.
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
    // Go frames that are still on the stack when the instance dies end at their next call.
    for (const [name, call] of Object.entries(imports)) {
      imports[name] = (sp) => {
        if (this.dead) throw new Error("the instance has ended");
        call(sp);
      };
    }
    this.wasm = new WebAssembly.Instance(module, { ...go.importObject, workers: { ready() {} } });
    // When run returns, main is waiting for requests.
    go.run(this.wasm, { binding: this.binding }).catch((error) => this.die(error));
  }

  get memory() {
    return this.wasm ? this.wasm.exports.mem.buffer.byteLength : 0;
  }

  /** Fails all requests in flight and accepts no more. */
  die(reason) {
    if (this.dead) return;
    this.dead = true;
    console.error(`edgeframe: the instance has ended: ${reason?.stack ?? reason}`);
    if (current === this) current = undefined;
    for (const call of this.calls) call.fail();
  }

  /** Has the instance replaced if it is idle and has grown too large. */
  settle() {
    if (this.calls.size === 0 && this.memory > RETIRE && current === this) current = undefined;
  }

  /** Passes a request to Go and returns its response. */
  fetch(request, body, env, ctx) {
    const call = new Call(request, body, env);
    this.calls.add(call);
    // If another request ends the instance, this one notices only while it waits for something of
    // its own, such as this timer. Without it, the runtime would cancel the request as hung.
    const watch = setInterval(() => this.dead && call.fail(), WATCH);
    // The work continues after the response, and after the client has disconnected.
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
    // The program may have ended before it received the call.
    if (this.dead) call.fail();
    return call.response.then(async (response) => {
      await body?.drain?.();
      return response ?? restarted(request, this.binding.origins ?? []);
    });
  }
}

let calls = 0;

/** A request as Go receives it, with the methods that Go calls. */
class Call {
  number = ++calls;

  constructor(request, body, env) {
    this.env = env;
    this.namespace = env.EDGEFRAME_KV;
    // Passing one string is faster than passing many.
    this.head = `${request.method}\n${request.url}\n`;
    for (const [name, value] of request.headers) this.head += `${name}:${value}\n`;
    this.body = body;
    this.response = new Promise((resolve) => (this.resolve = resolve));
    this.ended = new Promise((resolve) => (this.done = resolve));
  }

  /** Responds with a complete body: bytes, or null. The header is one string. */
  respond(status, header, body) {
    const fields = [];
    for (const line of header.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1)]);
    }
    const bodiless = status === 204 || status === 304;
    this.resolve(new Response(bodiless ? null : body, { status, headers: fields }));
  }

  /** Responds with a body that Go writes in parts; length is -1 if unknown. */
  stream(status, header, length) {
    const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
    this.writer = writable.getWriter();
    // Ignore errors: the client has disconnected.
    this.writer.closed.catch(() => {});
    this.respond(status, header, readable);
    return this.writer;
  }

  /** Ends the call because its instance has died. A response that has begun is cut off. */
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

/** Whether an origin is that of a pattern, in which a star stands for any text, as in the handler core. */
function matches(pattern, origin) {
  const star = pattern.indexOf("*");
  return star < 0
    ? origin === pattern
    : origin.length >= pattern.length - 1 && origin.startsWith(pattern.slice(0, star)) && origin.endsWith(pattern.slice(star + 1));
}

/**
 * The response with a file of the page /docs, which are assets, so that the program does not have them. Undefined
 * means that the request is for Go, which answers everything else about these paths.
 */
async function docs(request, env) {
  const url = new URL(request.url);
  const known = env.ASSETS && /^\/docs(\/|$)/.test(url.pathname) && url.search === "" && /^(GET|HEAD)$/.test(request.method);
  if (!known) return undefined;
  if (url.pathname === "/docs") url.pathname = "/docs.html";
  const asset = await env.ASSETS.fetch(url, { method: request.method, headers: request.headers });
  if (!asset.ok && asset.status !== 304) return undefined;
  const response = new Response(asset.body, asset);
  // The other headers are in the file _headers of the assets.
  const id = request.headers.get("x-request-id") ?? "";
  response.headers.set("x-request-id", /^[\w.-]{1,64}$/.test(id) ? id : crypto.randomUUID());
  return response;
}

/** The response to a request whose instance has died; pages of the origins may read it. */
function restarted(request, origins) {
  const id = crypto.randomUUID();
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "retry-after": "1",
    "x-request-id": id,
    vary: "Origin",
    // Those of api/access.go.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  const origin = request.headers.get("origin");
  if (origin !== null && origins.some((pattern) => matches(pattern, origin))) {
    headers["access-control-allow-origin"] = origin;
    headers["access-control-expose-headers"] = "Retry-After, X-Request-Id";
  }
  return Response.json(
    {
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      detail: "the Worker was restarted while it handled this request; try again",
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
      // The client has disconnected and does not see this.
      return new Response("the body is not complete", { status: 400 });
    }
    const page = request.url.includes("/docs") && (await docs(request, env));
    if (page) {
      await body?.drain?.();
      return page;
    }
    current ??= new Instance();
    return current.fetch(request, body, env, ctx);
  },
};
