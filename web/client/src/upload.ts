import type { Send } from "./http.js";
import type { FileOptions, Table } from "./types.js";

const gzip = (blob: Blob): Promise<Blob> =>
  new Response(blob.stream().pipeThrough(new CompressionStream("gzip"))).blob();

/** Whether a part of the file becomes a fifth smaller. */
const pays = async (blob: Blob): Promise<boolean> => {
  const part = blob.slice(0, 65536);
  return blob.size > 4096 && (await gzip(part)).size < part.size * 0.8;
};

/** Sends a table, compressed if that makes it smaller. */
export const sendFile = async (
  send: Send,
  method: string,
  path: string,
  data: Table,
  { signal, onProgress, ifMatch, dtype = {}, compress = true, summary, ...query }: FileOptions & { key?: string | string[]; dryRun?: true } = {},
): Promise<any> => {
  let body = data instanceof Blob ? data : new Blob([data]);
  const headers: Record<string, string> = { "Content-Type": body.type || "application/octet-stream" };
  const filename = (data as File).name;
  try {
    if (compress && globalThis.CompressionStream && (await pays(body))) {
      body = await gzip(body);
      headers["Content-Encoding"] = "gzip";
    }
  } catch {} // the file cannot be read, as sending it will show
  return send(method, path, {
    signal, onProgress, ifMatch, headers, body,
    query: { filename, actionSummary: summary, dtype: Object.entries(dtype).map((pair) => pair.join(":")), ...query },
  });
};
