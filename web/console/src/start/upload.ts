import { signal } from "@preact/signals";
import type { Session, SessionDocument, Upload, UploadOptions } from "edgeframe-client";
import { client, codeOf, isAbort } from "../app/api.ts";
import { announce, failed } from "../app/notices.ts";
import { forget, remember, tokenFor } from "../app/recent.ts";
import { go, route } from "../app/route.ts";
import { check } from "../health/poll.ts";
import { failedOrAsk, needsToken } from "../app/token.tsx";

/** What is being sent. */
export interface Sending {
  name: string;
  loaded: number;
  total: number;
  /** Whether the connection was lost, and the file is sent once more. */
  again: boolean;
  cancel: () => void;
}

export type Choice = Extract<Upload, { kind: "choose" }>;

export const sending = signal<Sending | undefined>(undefined);

/** The workbook whose sheets have to be chosen. */
export const choice = signal<{ choice: Choice; file: File; options: UploadOptions } | undefined>(undefined);

/** Why the last file was refused, beside what can be done about it. */
export const refusal = signal<{ error: unknown; file: File; options: UploadOptions } | undefined>(undefined);

/** The files that this page has sent, by the ids of their sessions: they can be read again. */
export const files = new Map<string, { file: File; options: UploadOptions }>();

/** Remembers a session that was made of a file. */
export const made = (document: SessionDocument, file: File, options: UploadOptions) => {
  files.set(document.session_id, { file, options });
  remember(document);
  void check();
};

/** Sends a file and returns what the server answers; undefined if it was cancelled or refused. */
const send = async (file: File, options: UploadOptions): Promise<Upload | undefined> => {
  const stop = new AbortController();
  let begun = 0;
  const progress = ({ loaded, total }: { loaded: number; total: number }) => {
    if (loaded === 0) begun++;
    sending.value = { name: file.name, loaded, total: total || file.size, again: begun > 2, cancel: () => stop.abort() };
  };
  progress({ loaded: 0, total: file.size });
  announce(`Sending ${file.name}`);
  refusal.value = undefined;
  try {
    return await client.upload(file, { ...options, signal: stop.signal, onProgress: progress });
  } catch (error) {
    if (isAbort(error)) announce("Cancelled");
    else {
      refusal.value = { error, file, options };
      if (needsToken(error)) failedOrAsk(error, () => void upload(file, options));
      else if (route.value.view !== "start") failed(error); // the start shows it
    }
    return undefined;
  } finally {
    sending.value = undefined;
  }
};

/** Sends a file and shows the receipt, or the sheets that can be chosen. */
export const upload = async (file: File, options: UploadOptions = {}) => {
  choice.value = undefined;
  const answer = await send(file, options);
  if (!answer) return;
  if (answer.kind === "choose") {
    choice.value = { choice: answer, file, options };
    announce("The workbook has several sheets");
    return;
  }
  made(answer.document, file, options);
  announce(`${file.name} was read`);
  go({ view: "receipt", id: answer.session.id });
};

/** Makes a session of sheets, or one of each. If the server does not have the workbook any more, it is sent again. */
const select = async (sheets: string[], each: boolean): Promise<Session[]> => {
  const { choice: workbook, file, options } = choice.value!;
  const take = async (from: Choice) => (each ? from.selectEach(sheets) : [await from.select(sheets)]);
  try {
    return await take(workbook);
  } catch (error) {
    if (codeOf(error) !== "upload_not_found") throw error;
    const again = await client.upload(file, options);
    if (again.kind === "session") return [again.session];
    choice.value = { choice: again, file, options };
    return take(again);
  }
};

/** Reads the document of a session that was just made, however often the server does not answer. */
const found = async (session: Session): Promise<SessionDocument> => {
  for (;;)
    try {
      return await session.get();
    } catch (error) {
      if ((error as { status?: number }).status !== 0) throw error;
    }
};

/** Makes a session of the sheets that were chosen, or one of each, and returns their ids. */
export const takeSheets = async (sheets: string[], each: boolean): Promise<string[]> => {
  const { file, options } = choice.value!;
  const sessions = await select(sheets, each);
  for (const [i, one] of sessions.entries()) made(await found(one), file, { ...options, sheetName: each ? [sheets[i]!] : sheets });
  choice.value = undefined;
  return sessions.map((one) => one.id);
};

/** Sends a file again, to be read in another way, and drops the session that was made before. */
export const readAgain = async (id: string, options: UploadOptions) => {
  const { file } = files.get(id)!;
  const answer = await send(file, options);
  if (answer?.kind !== "session") return;
  made(answer.document, file, options);
  go({ view: "receipt", id: answer.session.id });
  const token = tokenFor(id);
  forget(id);
  client.open(id, token ? { token } : {}).delete().catch(() => undefined); // it expires
  return answer.document;
};

/** A table that was copied from another program. */
export const pasted = (text: string) => {
  const tabs = text.includes("\t");
  const json = /^\s*[[{]/.test(text);
  const [name, type] = json ? ["pasted.json", "application/json"] : tabs ? ["pasted.tsv", "text/tab-separated-values"] : ["pasted.csv", "text/csv"];
  return upload(new File([text], name, { type }));
};
