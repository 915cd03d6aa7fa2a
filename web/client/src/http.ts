import { EdgeframeError, type Problem } from "./error.js";
import { parse, stringify, unique } from "./json.js";
import type { Options, Progress, Token } from "./types.js";

/** What the client knows of a session, apart from its id. */
export interface State {
  token?: Token | undefined;
  /** The latest Edgeframe-Revision. */
  revision?: string | undefined;
  /** The ETag of what the caller has seen last. */
  etag?: string | undefined;
}

export interface Call {
  query?: object | undefined;
  /** A Blob is sent as it is, anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
  ifMatch?: true | string | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export type Send = <T = any>(method: string, path: string, call?: Call, read?: (response: Response) => Promise<T>) => Promise<T>;

/** Makes a query string. Lists are repeated, and names are spelled as the API spells them. */
export const search = (query: object = {}): string => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat())
      if (one != null) params.append(name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase()), one);
  return `${params}` && "?" + params;
};

export const json = async (response: Response): Promise<any> => {
  const text = await response.text();
  return text ? parse(text) : undefined;
};

const problem = async (response: Response): Promise<EdgeframeError> => {
  const { status, statusText } = response;
  const text = await response.text();
  let body: Partial<Problem> = {};
  try {
    body = parse(text);
  } catch {}
  return new EdgeframeError({ code: "unexpected_answer", detail: `${status} ${statusText}`, ...body, status });
};

/** Waits, at most until the signal. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake);
    if (signal?.aborted) wake();
  });

/** Is fetch, but tells how much has been sent, which fetch cannot do. */
const upload = (url: string, { method, headers, body, signal }: any, onProgress: (progress: Progress) => void) =>
  new Promise<Response>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.upload.onprogress = ({ loaded, total }) => onProgress({ loaded, total });
    request.onload = () =>
      resolve(
        new Response(request.response, {
          status: request.status,
          headers: ["Edgeframe-Revision", "Retry-After"].map((name): [string, string] => [name, request.getResponseHeader(name) ?? ""]),
        }),
      );
    const stop = () => request.abort();
    request.onloadend = () => {
      signal?.removeEventListener("abort", stop);
      reject(TypeError("connection lost")); // unless it has loaded
    };
    signal?.addEventListener("abort", stop);
    request.send(body);
  });

/**
 * Returns a function that sends requests to addresses below root. It repeats requests without an answer, and those
 * that the server asks to repeat. A change keeps its Idempotency-Key, so that it is made once.
 */
export const sender =
  (root: string, options: Options, state: State = {}): Send =>
  async (method, path, { query, body, headers: more, signal, ifMatch, onProgress } = {}, read = json) => {
    const headers: Record<string, string> = { ...more };
    const document = body && !(body instanceof Blob);
    if (document) headers["Content-Type"] = "application/json";
    if (method[0] == "P" && path != "/data/query") headers["Idempotency-Key"] = unique();
    if (ifMatch) headers["If-Match"] = ifMatch === true ? (state.etag ?? "unread") : ifMatch;
    const init = { method, headers, body: (document ? stringify(body) : body) as BodyInit | undefined, signal };
    const url = root + path + search(query);
    const total = (body as Blob)?.size; // of a file
    let end = 0;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      const token = state.token ?? options.token;
      const bearer = typeof token == "function" ? await token() : token;
      if (bearer) headers.Authorization = "Bearer " + bearer;
      if (state.revision) headers["Edgeframe-Revision"] = state.revision;
      let failure: EdgeframeError | undefined;
      let revision: string | null | undefined;
      let answer: { is: any } | undefined;
      let wait = 0;
      onProgress?.({ loaded: 0, total });
      try {
        const response = await (onProgress && !options.fetch && globalThis.XMLHttpRequest
          ? upload(url, init, onProgress)
          : (options.fetch ?? fetch)(url, init as RequestInit));
        revision = response.headers.get("Edgeframe-Revision");
        if (response.ok || response.status == 304) answer = { is: await read(response) };
        else failure = await problem(response);
        wait = +response.headers.get("Retry-After")! * 1000; // 0 of null
      } catch (error) {
        signal?.throwIfAborted();
        failure = new EdgeframeError({ code: "no_answer", status: 0, detail: `${method} ${url}: ${error}` }, error);
      }
      if (answer) {
        onProgress?.({ loaded: total, total });
        // Answers may overtake one another.
        if (revision && !(parseInt(revision) < parseInt(state.revision!))) state.revision = revision;
        return answer.is;
      }
      const { code, status } = failure!;
      // It is as it should be: an earlier request has done it, perhaps one that the browser has repeated by itself.
      if (method == "DELETE" && (status == 404 || (path == "/tokens" && code == "token_revoked"))) return undefined as never;
      wait ||= Math.min(250 * 2 ** tries, 8e3) * (1 + Math.random() / 4);
      end ||= Date.now() + (options.retry?.budgetMs ?? 1e4);
      // At the edge a repeat conflicts with the first request while that is in progress.
      if (!(!status || status == 429 || status > 501 || (tries && code == "conflict")) || Date.now() + wait > end) {
        // The state that the caller has written is lost. It may read the one that is there.
        if (status == 409 && revision) state.revision = revision;
        throw failure;
      }
      await sleep(wait, signal);
    }
  };
