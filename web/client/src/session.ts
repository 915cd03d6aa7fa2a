import { stringify } from "./json.js";
import { json, search, sender, type State } from "./http.js";
import type { Options, Query, Session, Summary, Table } from "./types.js";
import { sendFile } from "./upload.js";
import { watch } from "./watch.js";

export const sessions = "/api/v1/sessions";

export const session = (base: string, options: Options, id: string, state: State): Session => {
  const root = `${base}${sessions}/${id}`;
  const send = sender(root, options, state);
  /** Remembers the tag of what the caller sees. */
  const seen = async (answer: Promise<any>) => {
    const document = await answer;
    state.etag = document?.etag ?? state.etag;
    return document;
  };
  const write = (method: string, path: string, call?: object) => seen(send(method, path, call));
  const put = (method: string, table: Table, call?: object) => seen(sendFile(send, method, "/data", table, call));
  const summarized = ({ summary, ...call }: Summary = {}) => ({ ...call, body: { action_summary: summary } });
  const ask = ({ signal, touch, ...body }: Query & object = {}, format?: string, read = json) =>
    send("POST", "/data/query", { signal, query: { touch, format }, body }, read);
  const page = async (query?: object) => {
    const { data: rows, row_numbers: rowNumbers, matched_rows: matchedRows, total_rows: totalRows, next_query: next, ...more } =
      await seen(ask(query));
    return { ...more, rows, rowNumbers, matchedRows, totalRows, next: next ?? undefined };
  };

  return {
    id,
    get: ({ signal, touch } = {}) => seen(send("GET", "", { signal, query: { touch } })),
    page,
    async *rows({ pageSize: limit = 1000, ...query } = {}) {
      for (let next: object | undefined = { limit }; next; ) {
        const part: any = await page({ ...query, ...next });
        yield* part.rows;
        next = part.next;
      }
    },
    arrow: async (read, query) => read(await ask(query, "arrow", async (response) => new Uint8Array(await response.arrayBuffer()))),
    export: (format, query) => ask(query, format, async (response) => response),
    group: (group, query) => page({ ...query, group }),
    histogram: async (column, { bins, ...query } = {}) => (await ask({ ...query, histogram: { column, bins } } as Query)).histogram,
    distinct: async (column, { limit, search, ...query } = {}) =>
      (await ask({ ...query, distinct: { column, limit, search } } as Query)).distinct,
    describe: ({ signal, columns, percentiles, ...query } = {}) =>
      send("GET", "/describe", { signal, query: { ...query, column: columns, percentiles: percentiles?.join() } }),
    edit: (operations, { summary, ...call } = {}) =>
      write("PATCH", "/data", { ...call, body: { action_summary: summary, operations } }),
    preview: (operations, { signal, ...query } = {}) =>
      send("PATCH", "/data", { signal, query: { dryRun: true, ...query }, body: { operations } }),
    undo: (call) => write("POST", "/undo", call),
    redo: (call) => write("POST", "/redo", call),
    versions: (call) => send("GET", "/versions", call),
    restore: (version, call) => write("POST", `/versions/${encodeURIComponent(version)}/restore`, summarized(call)),
    snapshot: (call) => send("POST", "/versions", summarized(call)),
    append: (table, call) => put("POST", table, call),
    upsert: (table, key, call) => put("POST", table, { ...call, key }),
    replace: (table, call) => put("PUT", table, call),
    async copy({ signal, version, ...query }: Query = {}, more) {
      const made: State = {}; // the token of a session makes no other sessions
      const document = await sender(base + sessions, options, made)("POST", "", { signal, query: more, body: { from: { session: id, version, query } } });
      return opened(base, options, document, made);
    },
    touch: ({ ttlSeconds, ...call } = {}) => send("POST", "/touch", { ...call, query: { ttlSeconds } }),
    async share({ signal, scope, ttlSeconds, actor }) {
      const { token, expires_at, ...issued } = await send("POST", "/tokens", { signal, body: { scope, ttl_seconds: ttlSeconds, actor } });
      return {
        token,
        scope: issued.scope,
        expiresAt: expires_at,
        url: (format, { columns, where, sort, ...query } = {}) =>
          `${root}/data${search({ format, ...query, column: columns, where: where && stringify(where), sort: sort && stringify(sort), token })}`,
      };
    },
    revoke: (call) => send("DELETE", "/tokens", call),
    delete: (call) => send("DELETE", "", call),
    watch: watch(send, root),
    request: (method, path, call) => seen(send(method, path, call)),
  };
};

/** A handle of the session that a document is about. */
export const opened = (base: string, options: Options, document: any, state: State): Session =>
  session(base, options, document.session_id, { ...state, token: document.token ?? state.token, etag: document.etag });
