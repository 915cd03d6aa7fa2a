import { json, search, sleep, type Send } from "./http.js";
import type { Change, Session } from "./types.js";

// How long nothing may come by server-sent events, and how long a WebSocket is used. It may be dead without a sign.
const silence = 6e4;
// The length of ": heartbeat" and an empty line. Any part of an event that is longer says that there is something new.
const heartbeat = 13;
const life = 5 * silence;

/**
 * Calls the listener after each change of the session at root, until the returned function is called. What the server
 * tells makes it look at the session; where the server tells nothing, it looks again and again.
 */
export const watch = (send: Send, root: string): Session["watch"] => (listener, { intervalMs = 2000 } = {}) => {
  const end = new AbortController();
  const { signal } = end;
  let tag = '""'; // of nothing
  let known: string | null | undefined;

  const look = async () => {
    let change: Change | undefined;
    await send("GET", "", { signal, query: { touch: false }, headers: { "If-None-Match": tag } }, async (response) => {
      const revision = response.headers.get("Edgeframe-Revision");
      const document = await json(response);
      if (!document) return;
      // The tag also changes when the session is extended.
      if (known && revision != known) change = { type: "changed", document };
      [tag, known] = [document.etag, revision];
    });
    if (change) listener(change);
  };

  /** Follows by server-sent events until they end. EventSource could send no token in a header. */
  const stream = () =>
    send("GET", "/events", { signal, query: { after: known } }, async ({ body }) => {
      for (const reader = body!.getReader(); ; ) {
        const part = await Promise.race([reader.read(), sleep(silence, signal)]);
        if (!part?.value) return reader.cancel();
        if (part.value.length > heartbeat) await look();
      }
    });

  /** Follows over a WebSocket until it is closed. It can send no header, so it needs a token for reading alone. */
  const socket = async () => {
    // Without one it is refused, unless the server needs none.
    const link = await send("POST", "/tokens", { signal, body: { scope: "read" } }).catch(() => {});
    const ws = new WebSocket(root.replace("http", "ws") + "/events" + search({ after: known, token: link?.token }));
    // What it cannot look at now it sees when it connects again.
    ws.onmessage = () => look().catch(() => {});
    await Promise.race([
      sleep(life, signal),
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
