// A Worker in JavaScript with which the benchmark compares ours. It has only the requests that are
// measured. It makes the same calls of Workers KV as edgeframe and answers with the same bytes, but
// it does much less: no limits, no versions, no client revisions, and CSV without quotes only.
//
// It stores a session as edgeframe does: a head, whose first line is JSON with the document; one segment, which
// is the columns as JSON; perhaps copies of the head, and notes. What an upload stores, and what after what, it
// is told in the variable UPLOAD: the calls that the benchmark has seen edgeframe make for the same upload, as
// package calls records them. If there is no segment among them, edgeframe has stored the columns inside the
// head, and so does this Worker. The benchmark checks that the calls are then the same, and copies sessions of
// edgeframe with PUT /kv/<key>.

const DAY = /^\d{4}-\d\d-\d\d$/;
const TTL = 3600;

/** The segments that this isolate has read. edgeframe caches them too. */
const segments = new Map();

export const headKey = (id) => `edgeframe:{${id}}:head`;
const segmentKey = (id) => `edgeframe:{${id}}:seg:0`;

/** A response with the headers that all responses of edgeframe have. */
function answer(request, status, body, header) {
  return new Response(body, {
    status,
    headers: {
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      "Content-Type": "application/json",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Referrer-Policy": "no-referrer",
      "Vary": "Origin",
      "X-Content-Type-Options": "nosniff",
      "X-Request-Id": request.headers.get("X-Request-Id") ?? crypto.randomUUID(),
      ...header,
    },
  });
}

async function ready(request, env) {
  await env.EDGEFRAME_KV.get("edgeframe:live:health", "arrayBuffer");
  return answer(request, 200, JSON.stringify({ status: "ready" }), { "Cache-Control": "no-store" });
}

/** Heads in Workers KV. rival-heads.mjs has those in Durable Objects. */
const headsInKV = {
  load: (env, id) => env.EDGEFRAME_KV.get(headKey(id)),
  copy: (env, key, value) => env.EDGEFRAME_KV.put(key, value),
  calls: () => ({}),
};

/** Returns the head of a session, or undefined if it is absent or expired. */
async function load(env, id, heads) {
  const stored = await heads.load(env, id);
  if (!stored) return undefined;
  const end = stored.indexOf("\n");
  const head = JSON.parse(end < 0 ? stored : stored.slice(0, end));
  if (Date.parse(head.document.expires_at) <= Date.now()) return undefined;
  head.columns = () => (end < 0 ? undefined : JSON.parse(stored.slice(end + 1)));
  return head;
}

function notFound(request) {
  return answer(request, 404, JSON.stringify({ status: 404, code: "session_not_found" }), { "Cache-Control": "no-store" });
}

async function metadata(request, env, id, heads) {
  const head = await load(env, id, heads);
  if (!head) return notFound(request);
  head.document.expires_in_seconds = Math.floor((Date.parse(head.document.expires_at) - Date.now()) / 1000);
  return answer(request, 200, JSON.stringify(head.document), {
    "Cache-Control": "private, no-cache",
    "ETag": head.tag,
    "Edgeframe-Revision": head.revision,
  });
}

async function page(request, env, id, url, heads) {
  const head = await load(env, id, heads);
  if (!head) return notFound(request);
  let columns = segments.get(id);
  if (!columns) {
    columns = head.columns() ?? (await env.EDGEFRAME_KV.get(segmentKey(id), "json"));
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
    etag: head.page_tag,
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
  if (end < total) header.Link = `<${url.pathname}?limit=${limit}&offset=${end}&version=${document.current_version}>; rel="next"`;
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

async function upload(request, env, ctx, heads) {
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
    expires_in_seconds: Math.floor((expires - now) / 1000),
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
  const head = JSON.stringify({ document, revision, tag: `"${revision}.${expires.toString(16)}"`, page_tag: `"v1-${commit}.0"` });
  const plan = JSON.parse(env.UPLOAD);
  const stored = plan.some(({ key }) => key === "segment") ? head : `${head}\n${segment}`;
  const kv = env.EDGEFRAME_KV;
  const kept = { expirationTtl: 2 * TTL };
  const call = {
    "kv.put segment": () => kv.put(segmentKey(id), segment, kept),
    "kv.put copy": () => kv.put(`${headKey(id)}:${revision}`, stored, kept),
    "kv.put head": () => kv.put(headKey(id), stored, kept),
    "kv.put note": () => kv.put(`edgeframe:live:{${id}}`, JSON.stringify({ accessed: now, revision }), { expirationTtl: TTL, metadata: { counted: true } }),
    "kv.get head": () => kv.get(headKey(id), "arrayBuffer"),
    ...heads.calls(env, id, stored, expires),
  };
  const make = ({ what, key }) => {
    const made = call[`${what} ${key}`];
    if (!made) throw new Error(`an upload of edgeframe makes the call ${what} ${key}, which this Worker does not know`);
    return made();
  };
  const inOrder = async (calls) => {
    for (const depth of new Set(calls.map((c) => c.depth))) await Promise.all(calls.filter((c) => c.depth === depth).map(make));
  };
  await inOrder(plan.filter((c) => !c.late));
  const response = answer(request, 201, JSON.stringify(document), {
    "Cache-Control": "no-store",
    "ETag": `"${revision}.${expires.toString(16)}"`,
    "Edgeframe-Revision": revision,
    "Location": `/api/v1/sessions/${id}`,
  });
  ctx.waitUntil(inOrder(plan.filter((c) => c.late)));
  return response;
}

/** The Worker, with its heads in Workers KV or elsewhere. */
export function rival(heads) {
  return {
    async fetch(request, env, ctx) {
      const url = new URL(request.url);
      const [, first, second, , id, below] = url.pathname.split("/");
      if (request.method === "PUT" && first === "kv") {
        const key = decodeURIComponent(second);
        const value = await request.text();
        await (key.endsWith(":head") ? heads.copy(env, key, value) : env.EDGEFRAME_KV.put(key, value));
        return new Response(null, { status: 201 });
      }
      if (first === "health" && second === "live") {
        return answer(request, 200, JSON.stringify({ status: "alive" }), { "Cache-Control": "no-store" });
      }
      if (first === "health") return ready(request, env);
      if (request.method === "POST") return upload(request, env, ctx, heads);
      if (below === "data") return page(request, env, id, url, heads);
      return metadata(request, env, id, heads);
    },
  };
}

export default rival(headsInKV);
