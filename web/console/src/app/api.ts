import { edgeframe, EdgeframeError, type Client, type Session } from "edgeframe-client";

/** The address of the server: the page is one level below it. */
const server = new URL("..", document.baseURI).href;

const stored = "edgeframe.token";

/** The token of the person, kept until the tab is closed. */
export const token = {
  get: (): string => sessionStorage.getItem(stored) ?? "",
  set: (value: string) => (value ? sessionStorage.setItem(stored, value) : sessionStorage.removeItem(stored)),
};

const options = { token: () => token.get() };

export const client: Client = edgeframe(server, options);

/** Repeats changes for as long as the page is open, so that nothing that was typed is lost. */
const patient: Client = edgeframe(server, { ...options, retry: { budgetMs: Infinity } });

/** Answers soon whether the server can be reached. */
export const prompt: Client = edgeframe(server, { ...options, retry: { budgetMs: 0 } });

/** A session twice: for what a person waits for, and for changes that must not be lost. */
export interface Handles {
  session: Session;
  edits: Session;
}

export const openSession = (id: string, own?: string): Handles => {
  // A token that the person enters from now on was asked for because this one is refused.
  const before = token.get();
  const call = own ? { token: () => (token.get() !== before && token.get()) || own } : {};
  return { session: client.open(id, call), edits: patient.open(id, call) };
};

/** What an error says, for a person. */
export const sentence = (error: unknown): string => {
  if (!(error instanceof EdgeframeError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "no_answer") return "The server does not answer. Is it running, and is the network there?";
  if (error.code === "precondition_failed") return "The table has changed meanwhile. Look again before you repeat it.";
  return error.detail.charAt(0).toUpperCase() + error.detail.slice(1);
};

export const codeOf = (error: unknown): string => (error instanceof EdgeframeError ? error.code : "");

/** Whether the caller has cancelled. */
export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

export const docsAddress = new URL("docs", server).href;
