// Runs one instance of a Go program for all requests of an isolate of a Worker. It knows nothing of
// what the program does. The Go side is the package edge.
//
// JavaScript manages the instance. The first request starts it, because Go cannot start in global
// scope. It is replaced when it has died (of an unrecovered panic, a fatal error of the Go runtime
// or of WebAssembly, or lack of memory), and when it has grown too large, because WebAssembly memory
// never shrinks. Promises that a dead instance should have settled never settle, so each request
// also waits for the death of its instance.
//
// The Go runtime's wasm_exec.js must have been imported: it sets globalThis.Go.

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

// What Go learns about the end of an operation, as in edge/border/wait.go.
const FULFILLED = 0;
const EMPTY = 1;
const REJECTED = 2;
const RETRYABLE = 4;
const OVERLOADED = 8;

// Texts that cross together are one text, with SEPARATOR between them, in which it is escaped.
const SEPARATOR = "\0";

function join(texts) {
  return texts.map((text) => text.replace(/[\0\x01]/g, (c) => (c === "\0" ? "\x01\x02" : "\x01\x01"))).join(SEPARATOR);
}

function split(text) {
  const texts = text.split(SEPARATOR);
  if (!text.includes("\x01")) return texts;
  return texts.map((text) => text.replace(/\x01[\x01\x02]/g, (c) => (c === "\x01\x02" ? "\0" : "\x01")));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The operations, in the order of their numbers in edge/border/wait.go. Each gets the call that it belongs
 * to, its arguments, and bytes of its own; it returns a promise of bytes, a text, or nothing.
 */
const operations = [
  (_, [milliseconds]) => scheduler.wait(Number(milliseconds)),
  (call) => call.body(),
  (call, _, bytes) => call.writer.write(bytes),
  (call) => call.writer.close(),
  ({ env }, [kv, key]) => bound(env, kv).get(key, "arrayBuffer"),
  ({ env }, [kv, key, seconds, metadata], bytes) => bound(env, kv).put(key, bytes, putOptions(seconds, metadata && JSON.parse(metadata))),
  ({ env }, [kv, key]) => bound(env, kv).delete(key),
  async ({ env }, [kv, prefix, limit, cursor]) => {
    const page = await bound(env, kv).list({ prefix, limit: Number(limit), ...(cursor && { cursor }) });
    const texts = [page.list_complete ? "" : page.cursor];
    for (const { name, metadata } of page.keys) texts.push(name, metadata ? JSON.stringify(metadata) : "");
    return join(texts);
  },
  async ({ env }, [kv, key, seconds]) => {
    const { value, metadata } = await bound(env, kv).getWithMetadata(key, "arrayBuffer");
    if (value !== null) await bound(env, kv).put(key, value, putOptions(seconds, metadata));
  },
  ({ env }, [binding, name, method], bytes) => {
    const objects = bound(env, binding);
    return objects.get(objects.idFromName(name))[method](bytes);
  },
];

function bound(env, name) {
  if (!env[name]) throw new Error(`the Worker has no binding ${name}`);
  return env[name];
}

function putOptions(seconds, metadata) {
  const options = {};
  if (seconds) options.expirationTtl = Number(seconds);
  if (metadata) options.metadata = metadata;
  return options;
}

/** The environment as Go gets it: the variables, and the names of the bindings, each after its kind. */
export function describe(env) {
  const entries = [];
  for (const [name, value] of Object.entries(env)) {
    if (/^(string|number|boolean)$/.test(typeof value)) entries.push(`v${name}=${value}`);
    // A Fetcher seems to have any method.
    else if (!value || value.constructor?.name === "Fetcher") continue;
    else if (typeof value.getWithMetadata === "function") entries.push(`k${name}`);
    else if (typeof value.idFromName === "function") entries.push(`o${name}`);
  }
  return join(entries);
}

/**
 * The border between JavaScript and a Go program. It enters Go only through enter, which does nothing once the
 * program is dead. Go finds the environment and the streams of a call in calls, by its number.
 */
export class Border {
  calls = new Map();
  dead = false;
  /** Whether Go waits for calls. */
  ready = false;
  /** The last text that Go has told. */
  told = "";
  #view = new Uint8Array();

  /** Gives the program of go what it imports. */
  constructor(go) {
    this.go = go;
    // Every entry into Go except the first goes through _resume or an exported function.
    this.resume = go._resume.bind(go);
    go._resume = () => this.enter("resume");
    const guarded = (imports) => {
      // Go frames that are still on the stack when the instance dies end at their next call.
      for (const [name, call] of Object.entries(imports)) {
        imports[name] = (...args) => {
          if (this.dead) throw new Error("the instance has ended");
          return call(...args);
        };
      }
    };
    const { gojs } = go.importObject;
    const grown = gojs["runtime.resetMemoryDataView"];
    gojs["runtime.resetMemoryDataView"] = (sp) => {
      grown(sp);
      if (this.memory > LIMIT) throw new Error(`out of memory: ${this.memory} bytes`);
    };
    guarded(gojs);
    guarded((go.importObject.edge = this.#imports()));
  }

  /** Connects the instance of the module, before it runs. */
  attach(instance) {
    this.exports = { ...instance.exports, resume: this.resume };
  }

  get memory() {
    return this.exports ? this.exports.mem.buffer.byteLength : 0;
  }

  /** The memory of the program. The buffer is another one after the memory has grown. */
  get bytes() {
    const { buffer } = this.exports.mem;
    if (this.#view.buffer !== buffer) this.#view = new Uint8Array(buffer);
    return this.#view;
  }

  /** Calls an exported function; the result is 0 if the program is dead, or dies of it. */
  enter(name, ...args) {
    if (this.dead) return 0;
    try {
      const result = this.exports[name](...args);
      return this.dead ? 0 : result;
    } catch (error) {
      // It must not be entered again.
      this.die(error);
      return 0;
    }
  }

  die(reason) {
    if (this.dead) return;
    this.dead = true;
    console.error(`edge: the instance has ended: ${reason?.stack ?? reason}`);
  }

  /** Passes the environment to Go. */
  begin(env) {
    const bytes = encoder.encode(describe(env));
    const at = this.enter("alloc", 0, bytes.length);
    if (at === 0) return;
    this.bytes.set(bytes, at);
    this.enter("begin", bytes.length);
  }

  /** Passes a request to Go: its head, and its body as bytes, or null if Go reads it in chunks. */
  serve(call, head, body) {
    const size = body?.byteLength ?? 0;
    // A character has three bytes at most.
    const room = 3 * head.length;
    const at = this.enter("alloc", 0, size + room);
    if (at === 0) return;
    if (size > 0) this.bytes.set(body, at);
    const { written } = encoder.encodeInto(head, this.bytes.subarray(at + size, at + size + room));
    this.enter("serve", call.number, size, written, body === null);
    // If the work is done, no goroutine of the call can run.
    if (!call.ended) this.enter("resume");
  }

  /** Tells Go how an operation has ended, and runs the goroutines that can run. */
  settle(wait, status, value) {
    if (this.dead) return;
    if (value === null || value === undefined) {
      status |= EMPTY;
    } else {
      const bytes = typeof value === "string" ? encoder.encode(value) : value instanceof Uint8Array ? value : new Uint8Array(value);
      const at = this.enter("alloc", wait, bytes.length);
      if (at === 0) return; // nobody waits any more
      this.bytes.set(bytes, at);
    }
    this.enter("settle", wait, status);
    this.enter("resume");
  }

  fail(wait, error) {
    let status = REJECTED;
    if (error?.retryable) status |= RETRYABLE;
    if (error?.overloaded) status |= OVERLOADED;
    this.settle(wait, status, String(error?.message ?? error));
  }

  /** What Go imports. Texts and bytes are two numbers each: where they are and their length. */
  #imports() {
    const text = (at, length) => (length === 0 ? "" : decoder.decode(this.bytes.subarray(at, at + length)));
    const copy = (at, length) => (length === 0 ? null : this.bytes.slice(at, at + length));
    return {
      ready: () => {
        this.ready = true;
      },
      start: (number, wait, operation, at, length, dataAt, dataLength) => {
        const call = this.calls.get(number);
        const args = split(text(at, length));
        // Bindings may keep the bytes.
        const data = this.bytes.slice(dataAt, dataAt + dataLength);
        try {
          operations[operation](call, args, data).then(
            (value) => this.settle(wait, FULFILLED, value),
            (error) => this.fail(wait, error),
          );
        } catch (error) {
          // Go must not be entered from within an import.
          queueMicrotask(() => this.fail(wait, error));
        }
      },
      reply: (number, status, at, length, bodyAt, bodyLength) => {
        this.calls.get(number)?.reply(status, text(at, length), copy(bodyAt, bodyLength));
      },
      stream: (number, status, at, length, size) => this.calls.get(number)?.stream(status, text(at, length), size),
      abort: (number) => this.calls.get(number)?.abort(),
      limit: (number, milliseconds) => this.calls.get(number)?.limit(milliseconds),
      done: (number) => this.calls.get(number)?.done(),
      tell: (at, length) => {
        this.told = text(at, length);
      },
      log: (at, length) => console.log(text(at, length)),
    };
  }
}

/** An instance of the program, with the requests that it serves. */
class Instance extends Border {
  /** Whether the instance takes new requests. */
  open = true;

  constructor(module, env, restarted) {
    const go = new Go();
    super(go);
    this.restarted = restarted;
    go.exit = (code) => this.die(`exit code ${code}`);
    // go.run would resolve a promise of the request that started the instance, which may be gone.
    go._resolveExitPromise = () => {};
    const instance = new WebAssembly.Instance(module, go.importObject);
    this.attach(instance);
    // When run returns, main is waiting for requests, unless it has failed.
    const run = go.run(instance);
    run.catch((error) => console.error(error));
    if (!this.ready) this.die("it has not called edge.Serve");
    this.begin(env);
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
    const streamed = typeof body === "function";
    const call = new Call(this, env, body);
    this.calls.set(call.number, call);
    if (streamed) {
      request.signal.addEventListener("abort", () => this.cancel(call));
    }
    // Passing one string is faster than passing many.
    let head = `${request.method}\n${request.url}\n`;
    for (const [name, value] of request.headers) head += `${name}:${value}\n`;
    this.serve(call, head, streamed ? null : (body ?? new Uint8Array()));
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
 * text that Go has told.
 */
export function worker(module, { before, restarted = unavailable } = {}) {
  let instance;
  const serve = (request, body, env, ctx) => {
    if (!instance?.open) instance = new Instance(module, env, restarted);
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
