// A server in front of the server, which can lose what goes through it: connections, or answers of changes that were
// made. It notes what it has passed on.
import { createServer, request } from "node:http";

export const proxy = async (server) => {
  const { hostname, port } = new URL(server);
  /** "" passes everything on, "gone" nothing; "deaf" loses answers to changes, when the server has made them. */
  let state = "";
  const sockets = new Set();
  const passed = [];
  const front = createServer((asked, answered) => {
    if (state === "gone") return asked.socket.destroy();
    const change = ["POST", "PATCH", "PUT"].includes(asked.method) && !asked.url.includes("/data/query");
    if (change) passed.push({ method: asked.method, path: asked.url, key: asked.headers["idempotency-key"] });
    const behind = request({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers }, (answer) => {
      if (change && state === "deaf") {
        answer.resume();
        return answer.on("end", () => asked.socket.destroy());
      }
      answered.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(answered);
    });
    behind.on("error", () => asked.socket.destroy());
    answered.on("close", () => behind.destroy());
    asked.pipe(behind);
  });
  front.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    /** The changes that were passed on, with their keys. */
    passed,
    is: (next) => {
      state = next;
      if (state === "gone") for (const socket of sockets) socket.destroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      front.close();
    },
  };
};
