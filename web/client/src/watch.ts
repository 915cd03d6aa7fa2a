import { json, search, sleep, type Send } from "./http.js";
import { parse } from "./json.js";
import type { Change, Schemas, Session } from "./types.js";

// How long nothing may come. A connection may be dead without a sign.
const silence = 6e4;

/**
 * Calls the listener after each change of the session at root, until the returned function is called. What the server
 * tells makes it look at the session; where the server tells nothing, it looks again and again.
 */
export const watch = (send: Send, root: string): Session["watch"] => (listener, { intervalMs = 2000 } = {}) => {
  const end = new AbortController();
  const { signal } = end;
  let tag = '""'; // of nothing
  let known: string | null | undefined;
  let told: Schemas["RevisionEvent"][] = [];

  const look = async () => {
    let change: Change | undefined;
    await send("GET", "", { signal, query: { touch: false }, headers: { "If-None-Match": tag } }, async (response) => {
      const revision = response.headers.get("Edgeframe-Revision");
      const document = await json(response);
      const events = told;
      told = [];
      if (!document) return;
      // The tag also changes when the session is extended. What was told may end before or after this revision.
      if (known && revision != known) change = { type: "changed", document, events: events.at(-1)?.revision == revision ? events : [] };
      [tag, known] = [document.etag, revision];
    });
    if (change) listener(change);
  };

  /** Follows by server-sent events until they end. EventSource could send no token in a header. */
  const stream = () =>
    send("GET", "/events", { signal, query: { after: known } }, async ({ body }) => {
      let text = "";
      for (const reader = body!.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
        const part = await Promise.race([reader.read(), sleep(silence, signal)]);
        if (!part?.value) return reader.cancel();
        const lines = (text + part.value).split("\n");
        text = lines.pop()!;
        for (const line of lines) if (line.startsWith("data")) told.push(parse(line.slice(5)));
        if (told[0]) await look();
      }
    });

  /** Follows over a WebSocket until it is closed. It can send no header, so it needs a token for reading alone. */
  const socket = async () => {
    // Without one it is refused, unless the server needs none.
    const link = await send("POST", "/tokens", { signal, body: { scope: "read" } }).catch(() => {});
    const ws = new WebSocket(root.replace("http", "ws") + "/events" + search({ after: known, token: link?.token }));
    // What it cannot look at now it sees when it connects again.
    ws.onmessage = ({ data }) => {
      told.push(parse(data));
      look().catch(() => {});
    };
    await Promise.race([
      sleep(5 * silence, signal),
      new Promise((resolve, reject) => {
        ws.onclose = reject;
        ws.onopen = () => (ws.onclose = resolve);
      }),
    ]);
    ws.close();
  };

  const follow = async () => {
    for (let live: (() => Promise<void>) | undefined = stream; !signal.aborted; await sleep(intervalMs, signal)) {
      try {
        await look();
        await live?.();
      } catch ({ status }: any) {
        if (status == 404) return listener({ type: "gone" });
        // A Worker has WebSockets. A server without live updates, or a place without WebSockets, has neither.
        live = status == 426 ? socket : status == 501 || live == socket ? undefined : live;
      }
    }
  };
  follow();
  return () => end.abort();
};
