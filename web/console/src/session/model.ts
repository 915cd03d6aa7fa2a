import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Session, SessionDocument } from "edgeframe-client";
import { history, type History } from "edgeframe-client/history";
import { codeOf, openSession, sentence } from "../app/api.ts";
import { announce, failed } from "../app/notices.ts";
import { left, markGone, remember, tokenFor } from "../app/recent.ts";
import { takeToken } from "../app/route.ts";
import { tokenAsked } from "../app/token.tsx";
import { Marks } from "./marks.ts";
import { told, type RevisionEvent } from "./news.ts";

/** How long the page shows what somebody else has done, in milliseconds. */
const newsTime = 8000;

export interface Column {
  name: string;
  dtype: string;
  missing: number;
  marked: number;
}

/** An earlier version of the table. */
export interface Past {
  version: number;
  columns: string[];
  dtypes: Record<string, string>;
  rows: number;
}

/** A session that is open, and what the page knows of it. */
export class Model {
  readonly id: string;
  readonly session: Session;
  readonly history: History;
  /** Repeats its changes until the server answers. */
  readonly edits: Session;
  readonly document: Signal<SessionDocument | undefined> = signal(undefined);
  /** Why there is no document. */
  readonly error: Signal<string> = signal("");
  /** When the session expires, by this machine's clock. */
  readonly expires: Signal<number> = signal(Infinity);
  /** When the session was found to be gone; 0 while it is there. */
  readonly gone: Signal<number> = signal(0);
  /** A command that is in progress. */
  readonly busy: Signal<string> = signal("");
  /** The version that is looked at, if it is not the current one. */
  readonly past: Signal<Past | undefined> = signal(undefined);
  readonly version: ReadonlySignal<number>;
  /** The types of the columns of that version. */
  readonly dtypes: ReadonlySignal<Record<string, string>>;
  readonly columns: ReadonlySignal<Column[]>;
  readonly rows: ReadonlySignal<number>;
  /** Whether the table can be changed as it is shown. */
  readonly editable: ReadonlySignal<boolean>;
  /** How often rows of the table may have moved. */
  moves = 0;
  readonly marks: Marks;
  /** What somebody else has done just now. */
  readonly news: Signal<string> = signal("");
  /** The revisions that this page has made, and how many changes it waits for. */
  readonly #own = new Set<number>();
  #pending = 0;
  #looks = 0;
  readonly #waiting: (() => void)[] = [];
  #forget: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(id: string) {
    this.id = id;
    const given = takeToken();
    const own = given || tokenFor(id);
    const { session, edits } = openSession(id, own);
    this.session = session;
    this.history = history(session);
    this.edits = edits;
    this.version = computed(() => this.past.value?.version ?? this.document.value?.current_version ?? 0);
    this.dtypes = computed(() => this.past.value?.dtypes ?? this.document.value?.dtypes ?? {});
    this.rows = computed(() => this.past.value?.rows ?? this.document.value?.shape[0] ?? 0);
    this.columns = computed(() => {
      const past = this.past.value;
      if (past) return past.columns.map((name) => ({ name, dtype: past.dtypes[name]!, missing: 0, marked: 0 }));
      const document = this.document.value;
      return (document?.columns ?? []).map((name) => ({
        name,
        dtype: document!.dtypes[name] ?? "",
        missing: document!.missing_values[name] ?? 0,
        marked: document!.intentional_missing[name] ?? 0,
      }));
    });
    this.marks = new Marks(this);
    this.editable = computed(() => this.past.value === undefined && !this.gone.value && !!this.document.value);
    void this.load(given);
  }

  /** Reads the document. The first time this counts as a use of the session. */
  async load(token?: string) {
    try {
      const document = await this.session.get(token === undefined ? { touch: false } : {});
      this.take(document, { token });
    } catch (error) {
      if (codeOf(error) === "session_not_found") this.lose();
      else if ((error as { status?: number }).status === 401) tokenAsked.value = { reason: sentence(error), again: () => void this.load(token) };
      if (!this.document.value) this.error.value = sentence(error);
    }
  }

  /** Shows an earlier version, which may have other columns, or without one the current version. */
  async look(version?: number) {
    const look = ++this.#looks;
    if (version === undefined) return void (this.past.value = undefined);
    try {
      const { columns, dtypes, totalRows } = await this.session.page({ version, limit: 0 });
      // The person may want to see another one meanwhile.
      if (look === this.#looks) this.past.value = { version, columns, dtypes, rows: totalRows };
    } catch (error) {
      failed(error);
    }
  }

  /** Begins to follow the changes of others, until the page leaves the session. */
  follow() {
    this.#listeners.push(
      this.session.watch((change) => {
        if (change.type === "gone") return this.lose();
        const before = this.document.value;
        const kept = change.events.length > 0 && !change.events.some((one) => one.all_columns);
        this.take(change.document, { since: kept ? parseInt(change.events[0]!.revision) - 1 : undefined });
        void this.#tell(change.document, change.events, before?.current_version);
      }),
    );
  }

  /** Says what others have done, once it is known which of the changes are those of this page. */
  async #tell(document: SessionDocument, events: RevisionEvent[], version: number | undefined) {
    while (this.#pending > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const theirs = events.filter((one) => !this.#own.has(parseInt(one.revision)));
    const news = events.length > 0 ? theirs.map(told).findLast((one) => one !== undefined) : undefined;
    const unnamed = events.length === 0 && !this.#own.has(document.revision) && document.current_version !== version;
    const text = news ?? (unnamed ? "Somebody changed the table" : undefined);
    if (!text) return;
    this.news.value = text;
    announce(text);
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => (this.news.value = ""), newsTime);
  }

  /** Makes a change, whose answer is the document. It is no news to this page. stays: all rows stay where they are. */
  async own(change: () => Promise<SessionDocument | void>, stays = false) {
    this.#pending++;
    try {
      const document = await change();
      if (!document) return;
      this.#own.add(document.revision);
      this.take(document, { since: stays ? document.revision - 1 : undefined });
    } finally {
      if (--this.#pending === 0) for (const go of this.#waiting.splice(0)) go();
    }
  }

  close() {
    for (const stop of this.#listeners.splice(0)) stop();
    clearTimeout(this.#forget);
  }

  /** Remembers the latest document. Answers may overtake one another. Rows have stayed where they are since a revision. */
  take(document: SessionDocument, { token, since = Infinity }: { token?: string | undefined; since?: number | undefined } = {}) {
    const known = this.document.value;
    if (known && document.revision < known.revision) return;
    if (known && document.current_version !== known.current_version && known.revision < since) this.moves++;
    this.document.value = document;
    this.error.value = "";
    this.expires.value = Date.now() + left(document);
    remember(document, { first: !known, ...(token && { token }) });
  }

  /** The session has expired, or somebody has deleted it. */
  lose() {
    if (this.gone.value) return;
    this.gone.value = Date.now();
    this.expires.value = Date.now();
    markGone(this.id);
    announce("The session is gone");
  }

  /** Runs a command that answers with the document, and shows its error. */
  async run(name: string, command: () => Promise<SessionDocument | void>): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = name;
    try {
      await this.own(command);
      return true;
    } catch (error) {
      if (codeOf(error) === "session_not_found") this.lose();
      else failed(error);
      return false;
    } finally {
      this.busy.value = "";
    }
  }
}
