// The Worker beside this file, between its clients and bindings that record and delay what it asks of them.
//
// GET /-/calls returns {pending, calls}: how many calls still run, and those since the last time that none did, as
// {what, key, depth, late}. key is the kind of the key, and depth is 1 for a call that began before any other of its request had ended, else one more
// than the deepest that had: the longest chain of calls of which each may have waited for the one before. late
// says that it began after the answer. One request at a time must be sent for this to be right.
// PUT /-/delay/20 delays each call by 20 ms from then on.
// PUT /-/memory keeps the keys of Workers KV in a map of this isolate from then on: then the CPU time of a request
// is that of the Worker alone.
// GET /-/nothing is a request that does nothing.
import worker from "./worker.mjs";

let delay = 0;
let pending = 0;
let calls = [];
let memory;
/** What the last request has asked for. */
let current;

// The Worker answers when it makes its response, before the promise of it is seen here.
globalThis.Response = class extends Response {
  constructor(...args) {
    super(...args);
    if (current) current.late = true;
  }
};

/** The kind of a key of Workers KV; see package session/record. */
function kind(key) {
  for (const [name, pattern] of [["segment", /\}:seg:/], ["statistics", /\}:stat:/], ["copy", /\}:head:/], ["head", /\}:head$/], ["note", /:live:\{/]]) {
    if (pattern.test(key)) return name;
  }
  return "";
}

/** What one request has asked for. */
class Record {
  ended = 0;
  late = false;

  async run(what, key, call) {
    const depth = this.ended + 1;
    calls.push({ what, key, depth, late: this.late });
    pending++;
    try {
      if (delay > 0) await scheduler.wait(delay);
      return await call();
    } finally {
      pending--;
      this.ended = Math.max(this.ended, depth);
    }
  }

  /** A binding whose methods are recorded; of says what stands for the calls of a method. */
  binding(real, of) {
    return new Proxy(real, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? of(name, value.bind(target)) : value;
      },
    });
  }

  namespace(kv) {
    return this.binding(kv, (name, method) => (...args) => this.run(`kv.${name}`, kind(args[0]), () => method(...args)));
  }

  objects(namespace) {
    return this.binding(namespace, (name, method) => {
      if (name !== "get" && name !== "getByName") return method;
      return (...args) => {
        const stub = method(...args);
        return new Proxy({}, { get: (_, call) => (payload) => this.run(`object.${String(call)}`, "", () => stub[call](payload)) });
      };
    });
  }

  env(env) {
    const recorded = { ...env };
    if (env.EDGEFRAME_KV) recorded.EDGEFRAME_KV = this.namespace(memory ?? env.EDGEFRAME_KV);
    if (env.EDGEFRAME_HEADS) recorded.EDGEFRAME_HEADS = this.objects(env.EDGEFRAME_HEADS);
    return recorded;
  }
}

/** The environment of a Durable Object: what it asks of other objects is recorded and delayed too. */
export function within(env) {
  return new Record().env(env);
}

/** The part of Workers KV that the Worker uses, without expiry. */
class Memory {
  values = new Map();

  async get(key) {
    return this.values.get(key)?.bytes.slice().buffer ?? null;
  }

  async getWithMetadata(key) {
    return { value: await this.get(key), metadata: this.values.get(key)?.metadata ?? null };
  }

  async put(key, value, options) {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : new Uint8Array(value).slice();
    this.values.set(key, { bytes, metadata: options?.metadata });
  }

  async delete(key) {
    this.values.delete(key);
  }

  async list({ prefix = "", limit = 1000, cursor = "" }) {
    const names = [...this.values.keys()].filter((name) => name.startsWith(prefix) && name > cursor).sort();
    const keys = names.slice(0, limit).map((name) => ({ name, metadata: this.values.get(name).metadata }));
    const list_complete = names.length <= limit;
    return { keys, list_complete, cursor: list_complete ? undefined : keys.at(-1).name };
  }
}

function control(request, [what, value]) {
  switch (`${request.method} ${what}`) {
    case "GET calls": {
      const answer = { pending, calls };
      if (pending === 0) calls = [];
      return Response.json(answer);
    }
    case "PUT delay":
      delay = Number(value);
      break;
    case "PUT memory":
      memory = new Memory();
      break;
    case "GET nothing":
      break;
    default:
      return new Response("no such route\n", { status: 404 });
  }
  return new Response(null, { status: 204 });
}

export default {
  async fetch(request, env, ctx) {
    const path = new URL(request.url).pathname.split("/").slice(1);
    if (path[0] === "-") return control(request, path.slice(1));
    current = new Record();
    return worker.fetch(request, current.env(env), ctx);
  },
};
