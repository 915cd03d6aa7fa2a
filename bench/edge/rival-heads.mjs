// The Worker in JavaScript with its heads in Durable Objects, of the class that edgeframe has.
import { headKey, rival } from "./rival.mjs";

export { Heads } from "./heads.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const REVISION = 16;
const SHARDS = 8;
const TTL = 3600;

/** Returns a list of byte strings as heads.mjs takes them; texts are encoded. */
function pack(parts) {
  const bytes = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const list = new Uint8Array(bytes.reduce((size, part) => size + 4 + part.byteLength, 0));
  let at = 0;
  for (const part of bytes) {
    new DataView(list.buffer).setUint32(at, part.byteLength);
    list.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return list;
}

const object = (env, name) => env.EDGEFRAME_HEADS.get(env.EDGEFRAME_HEADS.idFromName(name));

/** A head as it is stored: a revision, and the text. */
const valueOf = (text) => {
  const bytes = encoder.encode(text);
  const value = new Uint8Array(REVISION + bytes.length);
  crypto.getRandomValues(value.subarray(0, REVISION));
  value.set(bytes, REVISION);
  return value;
};

export default rival({
  async load(env, id) {
    const list = await object(env, id).get(pack([headKey(id)]));
    // The length of the one answer, a letter, and the revision come first.
    return list.byteLength > 5 ? decoder.decode(new Uint8Array(list).subarray(5 + REVISION)) : null;
  },
  copy: (env, key, value) => object(env, key.match(/\{(.*)\}/)[1]).set(pack([String(2 * TTL * 1000), key, valueOf(value), ""])),
  calls: (env, id, stored, expires) => ({
    "object.swap ": () => object(env, id).swap(pack([headKey(id), valueOf(stored), "", String(2 * TTL * 1000), "CI", "", ""])),
    "object.register ": () => object(env, `index:${expires % SHARDS}`).register(pack([String(2 * TTL * 1000), headKey(id), "C"])),
  }),
});
