// The border between JavaScript and a Go program in WebAssembly: functions with numbers as parameters, and bytes in
// the memory of the program. The Go side is the package edge/border.

// An isolate has 128 MB of memory. A program that reaches LIMIT is stopped, before the platform stops the whole isolate.
const LIMIT = 112 << 20;

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
const NOTHING = new Uint8Array();

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
  async (call, [binding, name, url]) => {
    const objects = bound(call.env, binding);
    const response = await objects.get(objects.idFromName(name)).fetch(url, { headers: { upgrade: "websocket" } });
    if (response.webSocket) call.answer(response);
    else await response.body?.cancel();
    return String(response.status);
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
 * A cheaper form of get, the function with which syscall/js reads a property. Go reads _pendingEvent each time that it is
 * resumed. That property is always null here, because JavaScript calls no functions of Go as its own. Its name is a
 * constant of the program, so the address of the text identifies it.
 */
function withoutEvents(go, get) {
  const name = "_pendingEvent";
  const [null0, null1] = [2, 0x7ff80000]; // what wasm_exec.js has for null
  let place;
  return (sp) => {
    sp >>>= 0;
    const { mem } = go;
    const at = mem.getUint32(sp + 16, true);
    const length = mem.getUint32(sp + 24, true);
    if (place === undefined && length === name.length && decoder.decode(new Uint8Array(mem.buffer, at, length)) === name) {
      place = at;
    }
    if (at !== place || length !== name.length || go._pendingEvent) return get(sp);
    mem.setUint32(sp + 36, null1, true);
    mem.setUint32(sp + 32, null0, true);
  };
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
      // Go frames that are still on the stack when the instance dies end at their next call. Parameters by name cost less
      // than a list; the functions of the Go runtime have one, the others have up to seven.
      const check = () => {
        if (this.dead) throw new Error("the instance has ended");
      };
      for (const [name, call] of Object.entries(imports)) {
        const one = (a) => (check(), call(a));
        imports[name] = call.length > 1 ? (a, b, c, d, e, f, g) => (check(), call(a, b, c, d, e, f, g)) : one;
      }
    };
    const { gojs } = go.importObject;
    gojs["syscall/js.valueGet"] = withoutEvents(go, gojs["syscall/js.valueGet"]);
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
  enter(name, a, b, c, d) {
    if (this.dead) return 0;
    try {
      const result = this.exports[name](a, b, c, d);
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
        const data = copy(dataAt, dataLength) ?? NOTHING;
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
