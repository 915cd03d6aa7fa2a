// Runs one instance of a Go program for all requests of an isolate of a Worker. It knows nothing of
// what the program does. The Go side is the package edge.
//
// JavaScript manages the instance. The first request starts it, or the isolate before that, in global scope. It is
// replaced when it has died (of an unrecovered panic, a fatal error of the Go runtime or of WebAssembly, or lack of
// memory), and when it has grown too large, because WebAssembly memory never shrinks. Promises that a dead instance
// should have settled never settle, so each request also waits for the death of its instance.
//
// The Go runtime's wasm_exec.js must have been imported: it sets globalThis.Go.

import { Border } from "./border.mjs";

const MiB = 1 << 20;
const NOTHING = new Uint8Array();

// An instance above RETIRE is replaced when it is idle.
const RETIRE = 64 * MiB;

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

/** An instance of the program, with the requests that it serves. */
export class Instance extends Border {
  /** Whether the instance takes new requests. */
  open = true;
  /** Whether Go has the environment. */
  begun = false;

  /** Starts an instance; early says that this is in global scope. */
  constructor(module, restarted, early = false) {
    const go = new Go();
    const started = early ? standIn(go) : undefined;
    super(go);
    this.restarted = restarted;
    go.exit = (code) => this.die(`exit code ${code}`);
    // go.run would resolve a promise of the request that started the instance, which may be gone.
    go._resolveExitPromise = () => {};
    const instance = new WebAssembly.Instance(module, go.importObject);
    this.attach(instance);
    // When run returns, main is waiting for requests, unless it has failed.
    const run = go.run(instance);
    run.catch((error) => early || console.error(error));
    started?.();
    if (this.ready) return;
    if (early) throw new Error("it cannot start in global scope");
    this.die("it has not called edge.Serve");
  }

  /** Fails all requests in flight and accepts no more. */
  die(reason) {
    super.die(reason);
    this.open = false;
    for (const call of this.calls.values()) call.fail();
  }

  /** Has the instance replaced if it is idle and has grown too large. */
  rest() {
    if (this.calls.size === 0 && this.memory > RETIRE) this.open = false;
  }

  /** Tells Go that nobody waits for a response any more. */
  cancel(call) {
    this.enter("cancel", call.number);
    this.enter("resume");
  }

  /** Passes a request to Go and returns its response, or a promise of it. */
  fetch(request, body, env, ctx) {
    if (!this.begun) {
      this.begun = true;
      this.begin(env);
    }
    const streamed = typeof body === "function";
    const call = new Call(this, env, body);
    this.calls.set(call.number, call);
    if (streamed) {
      request.signal.addEventListener("abort", () => this.cancel(call));
    }
    // Passing one string is faster than passing many.
    let head = `${request.method}\n${request.url}\n`;
    for (const [name, value] of request.headers) head += `${canonical(name)}:${value}\n`;
    this.serve(call, head, streamed ? null : (body ?? NOTHING));
    // The program may have ended before it received the call.
    if (this.dead) call.fail();
    if (!call.ended) call.outlive(ctx);
    const finish = (response) => response ?? this.restarted(request, this.told);
    if (!streamed) return call.response === undefined ? call.answered().then(finish) : finish(call.response);
    return call.answered().then(async (response) => {
      await body.drain();
      return finish(response);
    });
  }
}

/**
 * An instance that starts in global scope, before the first request, or undefined if the program cannot. That is the case
 * if it asks for the time or for random numbers, or does anything else that only requests may do, while its packages
 * are initialised.
 */
function inGlobalScope(module, restarted) {
  try {
    return new Instance(module, restarted, true);
  } catch {
    return undefined; // The first request starts one.
  }
}

/**
 * Gives Go what its runtime needs to start, and there is not in global scope, until the function is called that this
 * one returns. Clocks stand at 0, which the runtime does not accept. There are no random numbers but those of
 * Math.random; they are good enough for the seed of the runtime, with which it hashes and orders. Programs that ask for
 * more than this seed get none, because they may need better ones.
 */
function standIn(go) {
  let seeded = false;
  let started = false;
  const none = (what) => {
    throw new Error(`there is no ${what} in global scope`);
  };
  const { gojs } = go.importObject;
  const standIns = {
    "runtime.nanotime1": (sp) => go.mem.setBigInt64(sp + 8, 1n, true),
    "runtime.walltime": () => none("time"),
    "runtime.getRandomData": (sp) => {
      if (seeded) none("random number");
      seeded = true;
      const [at, length] = [sp + 8, sp + 16].map((field) => Number(go.mem.getBigInt64(field, true)));
      for (let i = 0; i < length; i++) go.mem.setUint8(at + i, Math.random() * 256);
    },
  };
  for (const [name, call] of Object.entries(standIns)) {
    const usual = gojs[name];
    gojs[name] = (sp) => (started ? usual(sp) : call(sp >>> 0));
  }
  return () => {
    started = true;
  };
}

let calls = 0;

/** A request while Go works on it, with the methods that Go calls. */
class Call {
  number = (calls = (calls + 1) >>> 0);
  ended = false;
  /** The response; null if the instance has died. */
  response;
  /** The milliseconds until the call is cancelled. */
  left = Infinity;

  constructor(instance, env, body) {
    this.instance = instance;
    this.env = env;
    this.body = body;
  }

  /** A promise of the response. */
  answered() {
    return this.response === undefined ? new Promise((resolve) => (this.resolve = resolve)) : Promise.resolve(this.response);
  }

  /** Keeps the call after its response, and after the client has disconnected. */
  outlive(ctx) {
    // If another request ends the instance, this one notices only while it waits for something of
    // its own, such as this timer. Without it, the runtime would cancel the request as hung.
    this.watch = setInterval(() => {
      if (this.instance.dead) return this.fail();
      this.left -= WATCH;
      if (this.left <= 0) this.instance.cancel(this);
    }, WATCH);
    ctx.waitUntil(new Promise((resolve) => (this.release = resolve)));
  }

  answer(response) {
    if (this.response !== undefined) return;
    this.response = response;
    this.resolve?.(response);
  }

  /** Has the call cancelled after a time. */
  limit(milliseconds) {
    this.left = milliseconds;
  }

  /** Responds with a complete body: bytes, or null. The head has a line for each header field. */
  reply(status, head, body) {
    const bodiless = status === 204 || status === 304;
    try {
      this.answer(new Response(bodiless ? null : body, { status, headers: fields(head) }));
    } catch (error) {
      // The status or a header is not valid. An import must not throw, because that would end the instance.
      console.error(error);
      this.answer(new Response("the response is not valid\n", { status: 500 }));
    }
  }

  /** Responds with a body that Go writes in parts; length is -1 if unknown. */
  stream(status, head, length) {
    const { readable, writable } = length >= 0 ? new FixedLengthStream(length) : new IdentityTransformStream();
    this.writer = writable.getWriter();
    // Ignore errors: the client has disconnected.
    this.writer.closed.catch(() => {});
    this.reply(status, head, readable);
  }

  /** Cuts a response off that has begun. */
  abort() {
    this.writer?.abort(new Error("the response cannot be finished")).catch(() => {});
  }

  /** Ends the call: Go does no more work on it. */
  done() {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.watch);
    this.release?.();
    this.instance.calls.delete(this.number);
    this.instance.rest();
  }

  /** Ends the call because its instance has died. */
  fail() {
    this.answer(null);
    this.abort();
    this.done();
  }
}

const names = new Map();

/** The name of a header field as Go writes it; JavaScript gives it in lower case. Clients choose names, so few are kept. */
function canonical(name) {
  let found = names.get(name);
  if (found === undefined) {
    found = name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    if (names.size < 256) names.set(name, found);
  }
  return found;
}

/** The header of a text with a line for each field: an object, which is the fastest, unless a name is there twice. */
function fields(head) {
  const byName = {};
  let list;
  for (let begin = 0; begin < head.length; ) {
    const colon = head.indexOf(":", begin);
    const end = head.indexOf("\n", colon);
    const name = head.slice(begin, colon);
    const value = head.slice(colon + 1, end);
    if (name in byName) list ??= Object.entries(byName);
    list?.push([name, value]);
    byName[name] = value;
    begin = end + 1;
  }
  return list ?? byName;
}

/** Reads a small body, or returns a function that reads a large one chunk by chunk. */
async function read(request) {
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

/** The response to a request whose instance has died, unless the Worker has its own. */
function unavailable() {
  return new Response("the Worker was restarted while it handled this request; try again\n", {
    status: 503,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "retry-after": "1" },
  });
}

/**
 * A Worker that runs the program of a module. All options may be left out: before(request, env, ctx) may answer
 * requests without Go, with a promise of a response or of undefined, or undefined at once;
 * restarted(request, told) returns the response to a request whose instance has died, where told is the last
 * text that Go has told; early has the program start with the isolate, if it can, not with the first request.
 */
export function worker(module, { before, restarted = unavailable, early = false } = {}) {
  let instance = early ? inGlobalScope(module, restarted) : undefined;
  const serve = (request, body, env, ctx) => {
    if (!instance?.open) instance = new Instance(module, restarted);
    return instance.fetch(request, body, env, ctx);
  };
  const withBody = async (request, early, env, ctx) => {
    let body = null;
    try {
      if (request.body !== null) body = await read(request);
    } catch {
      // The client has disconnected and does not see this.
      return new Response("the body is not complete", { status: 400 });
    }
    const response = await early;
    if (!response) return serve(request, body, env, ctx);
    await body?.drain?.();
    return response;
  };
  return {
    fetch(request, env, ctx) {
      const early = before?.(request, env, ctx);
      return early || request.body !== null ? withBody(request, early, env, ctx) : serve(request, null, env, ctx);
    },
  };
}
