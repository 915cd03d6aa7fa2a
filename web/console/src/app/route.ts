import { signal } from "@preact/signals";

export type Route =
  | { view: "start" }
  | { view: "session"; id: string }
  | { view: "receipt"; id: string }
  | { view: "health" };

const read = (): Route => {
  const [, view, id, below] = location.hash.split("?")[0]!.split("/");
  if (view === "health") return { view };
  if (view === "s" && id) return { view: below === "receipt" ? "receipt" : "session", id: decodeURIComponent(id) };
  return { view: "start" };
};

/** The token of a link that was given to the person. It does not stay in the address. */
export const takeToken = (): string => {
  const [path, query] = location.hash.split("?");
  const token = new URLSearchParams(query).get("token") ?? "";
  if (token) history.replaceState(null, "", path);
  return token;
};

export const route = signal<Route>(read());

addEventListener("hashchange", () => (route.value = read()));

export const pathOf = (to: Route): string => {
  if (to.view === "start") return "#/";
  if (to.view === "health") return "#/health";
  return `#/s/${encodeURIComponent(to.id)}${to.view === "receipt" ? "/receipt" : ""}`;
};

export const go = (to: Route) => {
  location.hash = pathOf(to);
};
