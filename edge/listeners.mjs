// The followers of the records of a Durable Object: WebSockets, which stay open while the object hibernates.
//
// They are told the events of the swaps of a record, and its end. The runtime sends a message only once
// what the object has stored before is durable, so nobody is told of a change that is lost. It sends in the
// background, so nobody who is slow or gone holds a change up.

// How many followers an object has at most.
const MOST = 1000;

// How connections are closed: because the record has ended, and because the follower's token does not count any more.
const ENDED = 1000;
const UNKNOWN = 4401;

const decoder = new TextDecoder();

export class Listeners {
  #ctx;

  constructor(ctx) {
    this.#ctx = ctx;
  }

  /**
   * The response that makes the sender of a request a follower of the record with a key. first is what it is told at
   * once; scoped says that it has a token, which can be revoked, and expires is when that expires, in Unix milliseconds;
   * all three may be empty.
   */
  accept(key, { first, scoped, expires }) {
    if (this.#open().length >= MOST) return new Response(null, { status: 429 });
    const [client, server] = Object.values(new WebSocketPair());
    this.#ctx.acceptWebSocket(server);
    // The runtime answers without waking the object.
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    server.serializeAttachment({ key, scoped: Boolean(scoped), expires: Number(expires) || Infinity });
    if (first) server.send(first);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Tells the followers of a record an event, which is JSON in bytes. */
  tell(key, event) {
    const followers = event.length > 0 ? this.#of(key) : [];
    if (followers.length === 0) return;
    const message = decoder.decode(event);
    const { type, tokens_revoked } = JSON.parse(message);
    const now = Date.now();
    for (const { socket, scoped, expires } of followers) {
      if (expires <= now) close(socket, UNKNOWN, "token_expired");
      else if (scoped && tokens_revoked) close(socket, UNKNOWN, "token_revoked");
      else send(socket, message);
      if (type === "deleted") close(socket, ENDED, type);
    }
  }

  /** Tells the followers of a record that it has ended: that it was deleted, or that it has expired. */
  end(key, type) {
    for (const { socket } of this.#of(key)) {
      send(socket, JSON.stringify({ type }));
      close(socket, ENDED, type);
    }
  }

  /** Closes the connections of those whose tokens have expired. It returns when the next token expires. */
  expire(now) {
    let next = Infinity;
    for (const socket of this.#open()) {
      const { expires } = socket.deserializeAttachment();
      if (expires <= now) close(socket, UNKNOWN, "token_expired");
      else next = Math.min(next, expires);
    }
    return next;
  }

  #open() {
    return this.#ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  #of(key) {
    return this.#open()
      .map((socket) => ({ socket, ...socket.deserializeAttachment() }))
      .filter((follower) => follower.key === key);
  }
}

/** Completes the closing handshake of a client. Some codes stand for none and cannot be sent. */
export function closed(socket, code) {
  close(socket, [1005, 1006, 1015].includes(code) ? ENDED : code);
}

function send(socket, message) {
  try {
    socket.send(message);
  } catch {
    // It has been closed meanwhile.
  }
}

function close(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
