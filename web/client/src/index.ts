import { sender, search, type State } from "./http.js";
import { opened, session, sessions } from "./session.js";
import type { Client, Options, Signalled } from "./types.js";
import { sendFile } from "./upload.js";

export { EdgeframeError } from "./error.js";
export { op } from "./op.js";
export type * from "./types.js";
export type { Cell } from "./op.js";

/** A client of the server at an address, such as https://tables.example.com. An empty address is that of the page. */
export const edgeframe = (address: string, options: Options = {}): Client => {
  const base = address.replace(/\/$/, "");
  const connect = (state?: State) => sender(base, options, state);
  return {
    async upload(table, call) {
      const state: State = {};
      const document = await sendFile(connect(state), "POST", sessions, table, call);
      if (document.session_id) return { kind: "session", session: opened(base, options, document, state), document };
      const select = async (sheets: string[], { signal }: Signalled = {}, merge?: true) => {
        const made: State = {};
        const answer = await connect(made)("POST", `/api/v1/uploads/${document.temp_id}/select`, {
          signal,
          body: { selected_sheets: sheets, merge },
        });
        return (answer.sessions ?? [answer]).map((one: any) => opened(base, options, one, made));
      };
      return {
        kind: "choose",
        sheets: document.sheets,
        document,
        select: async (sheets, call) => (await select(sheets, call, sheets.length > 1 || undefined))[0],
        selectEach: select,
      };
    },
    preview: (table, call) => sendFile(connect(), "POST", sessions, table, { ...call, dryRun: true }),
    open: (id, { token } = {}) => session(base, options, encodeURIComponent(id), { token }),
    async *list({ signal, limit } = {}) {
      for (let next = sessions + search({ limit }); next; ) {
        const part = await connect()("GET", next, { signal });
        yield* part.sessions;
        next = part.next;
      }
    },
    health: (call) => connect()("GET", "/health/storage", call),
  };
};
