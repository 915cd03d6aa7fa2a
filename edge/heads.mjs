// The Durable Object class of the heads of sessions. The driver kv/durableobjects calls its methods.
//
// An object has one of two tasks, which its name decides. Most objects keep the records of one session:
// the head, which is swapped by its revision. A few, the shards of the index, know which records there
// are, so that sessions are counted and listed without asking each object.
//
// An entry of the index is a lease. The Worker registers a new record for LEASE while the record itself
// is stored, so that no request waits for the index after the object. The object renews the lease before
// it ends, until the expiry of its record. So the index is right again after any failure, at most a
// lease later.
//
// Arguments and results are lists of byte strings, each as its length, four bytes, and its bytes. Numbers are
// decimal text. Times are Unix milliseconds.
import { DurableObject } from "cloudflare:workers";
import { Listeners, closed } from "./listeners.mjs";

const SHARDS = 8;
const LEASE = 60_000;
// How long before its end a lease is renewed.
const MARGIN = 30_000;
const NEVER = Number.MAX_SAFE_INTEGER;
// What the keys of records begin with in the storage of an object.
const RECORD = "record:";
// How many expired entries a change of the index removes at most.
const PRUNED = 100;
// How long a turn lasts at most, and how long a change waits for its turn.
const TURN = 5_000;
const PATIENCE = 30_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const text = (bytes) => decoder.decode(bytes);

/** Returns the byte strings of a list. */
function unpack(list) {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const parts = [];
  for (let at = 0; at < list.byteLength; ) {
    const end = at + 4 + view.getUint32(at);
    parts.push(list.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

/** Returns the list of parts, which are bytes or text. */
function pack(parts) {
  const bytes = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const list = new Uint8Array(bytes.reduce((size, part) => size + 4 + part.byteLength, 0));
  const view = new DataView(list.buffer);
  let at = 0;
  for (const part of bytes) {
    view.setUint32(at, part.byteLength);
    list.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return list;
}

/** Returns the shard of the index that knows a key: that of the FNV-1a hash of the key's bytes. */
export function shardOf(key) {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % SHARDS;
}

const expiry = (now, ttl) => (ttl === 0 ? NEVER : now + ttl);
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const REVISION = 16;
/** Whether a value begins with a revision. The zero revision, which is empty here, is that of no value. */
const hasRevision = (value, revision) => value.length >= REVISION && same(value.subarray(0, REVISION), revision);

/** Returns the bytes of hexadecimal text. */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));

/** What get returns for a record: nothing, or R or V, and the value. R says that it refers to a value elsewhere. */
function answer(record) {
  if (!record) return new Uint8Array();
  const bytes = new Uint8Array(1 + record.value.length);
  bytes[0] = (record.reference ? "R" : "V").charCodeAt(0);
  bytes.set(record.value, 1);
  return bytes;
}

/**
 * A record is {value, expires, lease, counted, reference, adopted}: lease is until when the index has it; adopted
 * is until when it must not be adopted again (0: it was not adopted). A record without a value is only there for
 * that time.
 */
export class Heads extends DurableObject {
  #listeners = new Listeners(this.ctx);
  // The turn that has not ended, 0 if none; how many there were; and who waits for one.
  #turn = 0;
  #turns = 0;
  #waiting = [];
  #timer;

  // --- Records ---

  /** get(key…) returns the answer for each key. */
  get(list) {
    const now = Date.now();
    return pack(unpack(list).map((key) => answer(this.#present(text(key), now))));
  }

  /**
   * swap(key, value, old, ttl, options, remember, event) stores the value if the present one has the revision old; empty
   * stands for no value. If it has not, the result has the answer for the key. Otherwise it lists what the value
   * before referred to. Options are letters: see #store; with A, the key must not have been adopted before, and
   * is remembered as adopted for that time. The event, unless it is empty, is told to the followers of the key.
   */
  async swap(list) {
    const [key, value, old, ttl, options, remember, event] = unpack(list);
    const alarm = await this.ctx.storage.getAlarm();
    // Nothing is awaited from here until the record is stored, so no other call comes between.
    const now = Date.now();
    const name = text(key);
    const before = this.#present(name, now);
    const adopts = text(options).includes("A");
    const buried = adopts && this.#record(name)?.adopted > now;
    if (buried || !(old.length ? before && hasRevision(before.value, old) : !before)) return pack(["conflict", answer(before)]);
    const adopted = adopts ? now + Number(text(remember)) : undefined;
    const after = this.#store(alarm, now, name, value, Number(text(ttl)), text(options), before, adopted);
    this.#listeners.tell(name, event);
    await this.#settle(name, now, before, after);
    return pack(["stored", ...dropped(before, after)]);
  }

  /** set(ttl, key, value, options, …) stores values, and returns what the values before referred to. */
  async set(list) {
    const [ttl, ...items] = unpack(list);
    const references = [];
    for (let i = 0; i < items.length; i += 3) {
      const alarm = await this.ctx.storage.getAlarm();
      const now = Date.now();
      const name = text(items[i]);
      const before = this.#present(name, now);
      const after = this.#store(alarm, now, name, items[i + 1], Number(text(ttl)), text(items[i + 2]), before);
      await this.#settle(name, now, before, after);
      references.push(...dropped(before, after));
    }
    return pack(references);
  }

  /** touch(ttl, key…) makes records live for that time at least, and returns what their values refer to. */
  async touch(list) {
    const [ttl, ...keys] = unpack(list);
    const references = [];
    for (const key of keys) {
      const alarm = await this.ctx.storage.getAlarm();
      const now = Date.now();
      const name = text(key);
      const before = this.#present(name, now);
      if (!before) continue;
      const after = { ...before, expires: Math.max(before.expires, expiry(now, Number(text(ttl)))) };
      this.#put(alarm, now, name, after);
      await this.#settle(name, now, before, after);
      if (after.reference) references.push(after.value);
    }
    return pack(references);
  }

  /** end(key…) removes records, and returns what their values referred to. The Worker tells the index. */
  async end(list) {
    const references = [];
    for (const key of unpack(list)) {
      const alarm = await this.ctx.storage.getAlarm();
      const now = Date.now();
      const name = text(key);
      const record = this.#record(name);
      if (!record) continue;
      if (record.reference) references.push(record.value);
      this.#remove(alarm, now, name, record);
      this.#listeners.end(name, "deleted");
    }
    return pack(references);
  }

  /** Removes what has expired, and renews leases. */
  async alarm() {
    for (const [name, record] of [...this.ctx.storage.kv.list({ prefix: RECORD })]) {
      const key = name.slice(RECORD.length);
      const now = Date.now();
      if (record.expires <= now) {
        this.#remove(NEVER, now, key, record);
        this.#listeners.end(key, "expired");
      } else if (record.lease < record.expires) await this.#renew(key);
    }
    const now = Date.now();
    const tokens = this.#listeners.expire(now);
    const times = [...this.ctx.storage.kv.list({ prefix: RECORD })].map(([, record]) => due(record, now));
    if (times.length === 0) await this.ctx.storage.deleteAll();
    else if (Math.min(...times, tokens) < NEVER) await this.ctx.storage.setAlarm(Math.min(...times, tokens));
  }

  // --- Followers ---

  /**
   * Makes the sender of a request with Upgrade: websocket a follower of a key. The Worker has admitted it with a
   * revision of the record; if that is not the present one, the status is 409, and the Worker admits it again.
   */
  async fetch(request) {
    const { key, revision, ...follower } = Object.fromEntries(new URL(request.url).searchParams);
    const alarm = await this.ctx.storage.getAlarm();
    const record = this.#present(key, Date.now());
    if (!record || !hasRevision(record.value, bytesOf(revision))) return new Response(null, { status: 409 });
    const response = this.#listeners.accept(key, follower);
    if (response.webSocket && follower.expires < (alarm ?? NEVER)) await this.ctx.storage.setAlarm(Number(follower.expires));
    return response;
  }

  /** What clients send is ignored, except for pings, which the runtime answers. */
  webSocketMessage() {}

  webSocketClose(socket, code) {
    closed(socket, code);
  }

  #record(key) {
    return this.ctx.storage.kv.get(RECORD + key);
  }

  /** The record of a key, unless it has expired. */
  #present(key, now) {
    const record = this.#record(key);
    return record?.expires > now ? record : undefined;
  }

  /** Stores a value. Options: C counts it, R says that it is a reference, I that the Worker registers it. */
  #store(alarm, now, key, value, ttl, options, before, adopted) {
    const record = {
      value: value.slice(),
      expires: expiry(now, ttl),
      lease: before?.lease ?? (options.includes("I") ? expiry(now, Math.min(ttl || LEASE, LEASE)) : 0),
      counted: options.includes("C"),
      reference: options.includes("R"),
      adopted: adopted ?? this.#record(key)?.adopted ?? 0,
    };
    this.#put(alarm, now, key, record);
    return record;
  }

  /** Writes a record and the time of the next alarm, both or none. alarm is the time that is set. */
  #put(alarm, now, key, record) {
    this.ctx.storage.kv.put(RECORD + key, record);
    const at = due(record, now);
    if (at < (alarm ?? NEVER)) this.ctx.storage.setAlarm(at);
  }

  #remove(alarm, now, key, record) {
    if (record.adopted > now) this.#put(alarm, now, key, { value: new Uint8Array(), expires: 0, lease: 0, adopted: record.adopted });
    else this.ctx.storage.kv.delete(RECORD + key);
  }

  /**
   * Tells the index about a change before the caller is answered, if the index would be wrong before the alarm:
   * the count is exact. A request that extends a session for a minute or more does not wait for this.
   */
  async #settle(key, now, before, after) {
    const recounted = before && before.counted !== after.counted;
    const shorter = after.expires < after.lease;
    const late = after.expires > after.lease && after.lease < now + MARGIN;
    if (recounted || shorter || late) await this.#renew(key);
  }

  /** Makes the lease of a record last as long as the record. The alarm tries again if the index does not answer. */
  async #renew(key) {
    const { expires, counted } = this.#record(key) ?? {};
    if (!expires) return;
    const bytes = encoder.encode(key);
    const index = this.env.EDGEFRAME_HEADS;
    // One stub delivers its calls in order.
    this.index ??= {};
    const stub = (this.index[shardOf(bytes)] ??= index.get(index.idFromName(`index:${shardOf(bytes)}`)));
    try {
      await stub.note(pack([bytes, String(expires), counted ? "C" : ""]));
    } catch (error) {
      console.error(`edgeframe: the index of sessions was not reached: ${error}`);
      this.index = {};
      await this.ctx.storage.setAlarm(Date.now() + MARGIN);
      return;
    }
    const record = this.#record(key);
    if (record?.expires > 0) this.ctx.storage.kv.put(RECORD + key, { ...record, lease: expires });
    // It was removed meanwhile, and the index has been told before this.
    else await stub.forget(pack([bytes]));
  }

  // --- Turns ---

  /**
   * enter() returns when it is the turn of the caller to change the session, with the number of the turn: changes that
   * compete would lose, and be made again, most of the time. A turn ends with leave, or after TURN.
   */
  enter() {
    return new Promise((resolve, reject) => {
      const waiter = { resolve };
      waiter.timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new Error(`no turn within ${PATIENCE / 1000} s`));
      }, PATIENCE);
      this.#waiting.push(waiter);
      this.#next();
    });
  }

  /** leave(turn) ends a turn, if it has not ended. */
  leave(list) {
    this.#over(Number(text(unpack(list)[0])));
  }

  #next() {
    const waiter = this.#turn === 0 && this.#waiting.shift();
    if (!waiter) return;
    clearTimeout(waiter.timer);
    const turn = (this.#turn = ++this.#turns);
    this.#timer = setTimeout(() => this.#over(turn), TURN);
    waiter.resolve(pack([String(turn)]));
  }

  #over(turn) {
    if (turn !== this.#turn) return;
    clearTimeout(this.#timer);
    this.#turn = 0;
    this.#next();
  }

  // --- The index ---

  /** register(ttl, key, options, …) leases keys, unless they are leased for longer. */
  register(list) {
    const [ttl, ...items] = unpack(list);
    const now = Date.now();
    const expires = expiry(now, Math.min(Number(text(ttl)) || LEASE, LEASE));
    for (let i = 0; i < items.length; i += 2) {
      const entry = this.#entry(items[i]);
      if (entry?.expires > now) this.#enter(items[i], Math.max(entry.expires, expires), entry.counted, entry);
      else this.#enter(items[i], expires, text(items[i + 1]).includes("C"), entry);
    }
    this.#prune(now);
  }

  /** note(key, expires, options) leases a key until a time. */
  note(list) {
    const [key, expires, options] = unpack(list);
    this.#enter(key, Number(text(expires)), text(options).includes("C"), this.#entry(key));
    this.#prune(Date.now());
  }

  /** forget(key…) removes keys. */
  forget(list) {
    for (const key of unpack(list)) {
      const entry = this.#entry(key);
      if (!entry) continue;
      this.#sql("DELETE FROM entries WHERE key = ?", key);
      this.counted -= entry.counted ? 1 : 0;
    }
  }

  /** count() returns the number of counted keys. */
  count() {
    const now = Date.now();
    this.#prune(now);
    const { n } = this.#sql("SELECT count(*) AS n FROM entries WHERE expires <= ? AND counted", now).one();
    return pack([String(this.counted - n)]);
  }

  /** list(prefix, after, limit, options) returns keys in order; with C, only counted ones. */
  list(list) {
    const [prefix, after, limit, options] = unpack(list);
    const counted = text(options).includes("C") ? "AND counted" : "";
    const rows = this.#sql(
      `SELECT key FROM entries WHERE key >= ? AND key < ? AND key > ? AND expires > ? ${counted} ORDER BY key LIMIT ?`,
      prefix,
      behind(prefix),
      after,
      Date.now(),
      Number(text(limit)),
    );
    return pack(rows.toArray().map(({ key }) => new Uint8Array(key)));
  }

  #sql(query, ...values) {
    const { sql } = this.ctx.storage;
    if (this.counted === undefined) {
      sql.exec("CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, expires INTEGER, counted INTEGER) WITHOUT ROWID");
      sql.exec("CREATE INDEX IF NOT EXISTS expiries ON entries (expires)");
      // What has been counted stays in memory; counting all entries each time would read all of them.
      this.counted = sql.exec("SELECT count(*) AS n FROM entries WHERE counted").one().n;
    }
    return sql.exec(query, ...values);
  }

  #entry(key) {
    return this.#sql("SELECT expires, counted FROM entries WHERE key = ?", key).toArray()[0];
  }

  #enter(key, expires, counted, before) {
    this.#sql("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", key, expires, counted ? 1 : 0);
    this.counted += (counted ? 1 : 0) - (before?.counted ? 1 : 0);
  }

  #prune(now) {
    const rows = this.#sql(
      "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires <= ? LIMIT ?) RETURNING counted",
      now,
      PRUNED,
    );
    for (const { counted } of rows) this.counted -= counted;
  }
}

/** The first bytes behind all that begin with a prefix. Keys are UTF-8, which has no byte 0xff. */
function behind(prefix) {
  const bytes = new Uint8Array(prefix.length + 1);
  bytes.set(prefix);
  bytes[prefix.length] = 0xff;
  return bytes;
}

/** When the alarm has something to do for a record. */
function due(record, now) {
  if (record.expires === 0) return record.adopted;
  return record.lease < record.expires ? Math.max(now + 1000, record.lease - MARGIN) : record.expires;
}

/** What a value referred to that was replaced. */
function dropped(before, after) {
  const kept = after.reference && before?.reference && same(before.value, after.value);
  return before?.reference && !kept ? [before.value] : [];
}
