// The Worker of edgeframe: the program, the page /docs, the console, and the answer to requests whose instance has died.
import "../build/wasm_exec.js";
import module from "../build/app.wasm";
import { worker } from "./runtime.mjs";

export { Heads } from "./heads.mjs";

/** Whether an origin is that of a pattern, in which a star stands for any text, as in the handler core. */
function matches(pattern, origin) {
  const star = pattern.indexOf("*");
  return star < 0
    ? origin === pattern
    : origin.length >= pattern.length - 1 && origin.startsWith(pattern.slice(0, star)) && origin.endsWith(pattern.slice(star + 1));
}

/** The files at addresses that have other names than they. */
const pages = { "/docs": "/docs.html", "/console/": "/console/index.html" };

/**
 * The response with a file of the page /docs or of the console, which are assets, so that the program does not have
 * them. Undefined means that the request is for Go, which answers everything else about these paths.
 */
async function page(request, env) {
  const url = new URL(request.url);
  const known =
    env.ASSETS &&
    /^\/(docs(\/|$)|console\/)/.test(url.pathname) &&
    url.search === "" &&
    /^(GET|HEAD)$/.test(request.method);
  if (!known) return undefined;
  url.pathname = pages[url.pathname] ?? url.pathname;
  const asset = await env.ASSETS.fetch(url, { method: request.method, headers: request.headers });
  if (!asset.ok && asset.status !== 304) return undefined;
  const response = new Response(asset.body, asset);
  // The other headers are in the file _headers of the assets.
  const id = request.headers.get("x-request-id") ?? "";
  response.headers.set("x-request-id", /^[\w.-]{1,64}$/.test(id) ? id : crypto.randomUUID());
  return response;
}

/** The response to a request whose instance has died. Go has told the origins whose pages may read it. */
function restarted(request, told) {
  const id = crypto.randomUUID();
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "retry-after": "1",
    "x-request-id": id,
    vary: "Origin",
    // Those of api/access.go.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  const origin = request.headers.get("origin");
  if (origin !== null && told.split(" ").some((pattern) => matches(pattern, origin))) {
    headers["access-control-allow-origin"] = origin;
    headers["access-control-expose-headers"] = "Retry-After, X-Request-Id";
  }
  return Response.json(
    {
      type: "about:blank",
      title: "Service Unavailable",
      status: 503,
      detail: "the Worker was restarted while it handled this request; try again",
      code: "worker_restarted",
      request_id: id,
    },
    { status: 503, headers },
  );
}

export default worker(module, {
  before: (request, env) => (/\/(docs|console)/.test(request.url) ? page(request, env) : undefined),
  restarted,
  early: true,
});
