// A Worker in JavaScript with which the benchmark compares ours. It has only the requests that are
// measured. It makes the same calls of Workers KV as edgeframe and answers with the same bytes, but
// it does much less: no limits, no versions, no client revisions, and CSV without quotes only.
//
// It stores a session as edgeframe does: a head, which is JSON here; a copy of the head; one segment,
// which is the columns as JSON; and a note of the access. The benchmark copies sessions of edgeframe
// with PUT /kv/<key>.

const DAY = /^\d{4}-\d\d-\d\d$/;
const TTL = 3600;

/** The segments that this isolate has read. edgeframe caches them too. */
const segments = new Map();

const headKey = (id) => `edgeframe:{${id}}:head`;
const segmentKey = (id) => `edgeframe:{${id}}:seg:0`;

/** A response with the headers that all responses of edgeframe have. */
function answer(request, status, body, header) {
  return new Response(body, {
    status,
    headers: {
      "Content-Type": "application/json",
      "Vary": "Origin",
      "X-Request-Id": request.headers.get("X-Request-Id") ?? crypto.randomUUID(),
      ...header,
    },
  });
}

async function ready(request, env) {
  await env.EDGEFRAME_KV.get("edgeframe:live:health", "arrayBuffer");
  return answer(request, 200, JSON.stringify({ status: "ready" }), { "Cache-Control": "no-store" });
}

/** Returns the head of a session, or undefined if it is absent or expired. */
async function load(env, id) {
  const head = await env.EDGEFRAME_KV.get(headKey(id), "json");
  return head && Date.parse(head.document.expires_at) > Date.now() ? head : undefined;
}

function notFound(request) {
  return answer(request, 404, JSON.stringify({ status: 404, code: "session_not_found" }), { "Cache-Control": "no-store" });
}

async function metadata(request, env, id) {
  const head = await load(env, id);
  if (!head) return notFound(request);
  return answer(request, 200, JSON.stringify(head.document), {
    "Cache-Control": "private, no-cache",
    "ETag": head.tag,
    "Edgeframe-Revision": head.revision,
  });
}

async function page(request, env, id, url) {
  const head = await load(env, id);
  if (!head) return notFound(request);
  let columns = segments.get(id);
  if (!columns) {
    columns = await env.EDGEFRAME_KV.get(segmentKey(id), "json");
    segments.set(id, columns);
  }
  const { document } = head;
  const names = document.columns;
  const total = document.shape[0];
  const offset = Number(url.searchParams.get("offset") ?? 0);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const end = Math.min(offset + limit, total);
  const data = [];
  for (let i = offset; i < end; i++) {
    const row = {};
    for (const name of names) row[name] = columns[name][i];
    data.push(row);
  }
  const body = JSON.stringify({
    session_id: id,
    version: document.current_version,
    total_rows: total,
    offset,
    returned_rows: data.length,
    columns: names,
    dtypes: document.dtypes,
    data,
  });
  const header = {
    "Cache-Control": "private, no-cache",
    "ETag": head.page_tag,
    "Vary": "Origin, Accept",
    "Edgeframe-Revision": head.revision,
    "Edgeframe-Total-Rows": String(total),
    "Edgeframe-Version": String(document.current_version),
  };
  if (end < total) header.Link = `<${url.pathname}?limit=${limit}&offset=${end}>; rel="next"`;
  return answer(request, 200, body, header);
}

/** Returns the type of a column of texts, and a function that converts a text to that type. */
function infer(texts) {
  if (texts.every((t) => t === "true" || t === "false")) return ["bool", (t) => t === "true"];
  if (texts.every((t) => DAY.test(t))) return ["date32", (t) => t];
  if (texts.some((t) => t === "" || Number.isNaN(Number(t)))) return ["utf8", (t) => t];
  return [texts.every((t) => Number.isSafeInteger(Number(t))) ? "int64" : "float64", Number];
}

/** Parses CSV without quotes; returns the names, and the types and the values by name. */
function parse(csv) {
  const lines = csv.trimEnd().split("\n");
  const names = lines[0].split(",");
  const cells = lines.slice(1).map((line) => line.split(","));
  const dtypes = {};
  const columns = {};
  names.forEach((name, c) => {
    const texts = cells.map((row) => row[c]);
    const [dtype, value] = infer(texts);
    dtypes[name] = dtype;
    columns[name] = texts.map(value);
  });
  return { names, rows: cells.length, dtypes, columns };
}

async function upload(request, env, ctx) {
  const { names, rows, dtypes, columns } = parse(await request.text());
  const id = crypto.randomUUID();
  const now = Date.now();
  const expires = now + 1.1 * TTL * 1000;
  const commit = crypto.randomUUID().slice(-12);
  const segment = JSON.stringify(columns);
  const time = new Date(now).toISOString();
  const document = {
    status: "ready",
    session_id: id,
    filename: "",
    created_at: time,
    last_accessed: time,
    expires_at: new Date(expires).toISOString(),
    ttl_seconds: TTL,
    revision: 1,
    current_version: 1,
    can_undo: false,
    can_redo: false,
    shape: [rows, names.length],
    columns: names,
    dtypes,
    missing_values: Object.fromEntries(names.map((name) => [name, 0])),
    serialization: {
      method: "json",
      codec: "none",
      raw_bytes: segment.length,
      stored_bytes: segment.length,
      compression_ratio: 1,
      segments: 1,
    },
    history: [{ version_id: 1, timestamp: time, action_summary: "Session created", rows_before: rows, rows_after: rows }],
    intentional_missing: {},
    metadata: {},
  };
  const revision = `1-${commit}`;
  const head = { document, revision, tag: `"${revision}.${expires.toString(16)}"`, page_tag: `"v1-${commit}.0"` };
  const stored = JSON.stringify(head);
  const kv = env.EDGEFRAME_KV;
  const kept = { expirationTtl: 2 * TTL };
  await Promise.all([kv.put(segmentKey(id), segment, kept), kv.put(`${headKey(id)}:${revision}`, stored, kept)]);
  await kv.put(headKey(id), stored, kept);
  const life = JSON.stringify({ accessed: now, revision });
  ctx.waitUntil(kv.put(`edgeframe:live:{${id}}`, life, { expirationTtl: TTL, metadata: { counted: true } }));
  return answer(request, 201, JSON.stringify(document), {
    "Cache-Control": "no-store",
    "ETag": head.tag,
    "Edgeframe-Revision": revision,
    "Location": `/api/v1/sessions/${id}`,
  });
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const [, first, second, , id, below] = url.pathname.split("/");
    if (request.method === "PUT" && first === "kv") {
      await env.EDGEFRAME_KV.put(decodeURIComponent(second), await request.arrayBuffer());
      return new Response(null, { status: 201 });
    }
    if (first === "health" && second === "live") {
      return answer(request, 200, JSON.stringify({ status: "alive" }), { "Cache-Control": "no-store" });
    }
    if (first === "health") return ready(request, env);
    if (request.method === "POST") return upload(request, env, ctx);
    if (below === "data") return page(request, env, id, url);
    return metadata(request, env, id);
  },
};
