import type { Call } from "./http.js";
import type { components, operations } from "./schema.js";

/** The schemas of the API's OpenAPI document by their names. */
export type Schemas = components["schemas"];
export type SessionDocument = Schemas["SessionDocument"];
export type Condition = Schemas["Condition"];
export type Sort = Schemas["Sort"]["by"][number] extends infer Key ? (string | Key)[] : never;
export type Operation = Schemas["Operation"];

type Camel<Name> = Name extends `${infer Word}_${infer Rest}` ? `${Word}${Capitalize<Camel<Rest>>}` : Name;
type CamelKeys<T> = { [Name in keyof T as Camel<Name>]: T[Name] };
type Params<Name extends keyof operations> = CamelKeys<NonNullable<operations[Name]["parameters"]["query"]>>;

/** A token, or a function that returns one. The function is called before each request. */
export type Token = string | (() => string | Promise<string>);

export interface Options {
  /** The token to send. */
  token?: Token | undefined;
  /** No repeat begins later than this many milliseconds after the first failure; 10,000 if not given, 0 for none. */
  retry?: { budgetMs?: number };
  /** Sends the requests instead of the global fetch, for instance that of a service binding of a Worker. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface Signalled {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface Write extends Signalled {
  /** An ETag, or true for that of the last page or document of this handle: 412 if the session has changed since. */
  ifMatch?: true | string | undefined;
}

export interface Summary extends Write {
  /** The name of the change in the history. */
  summary?: string | undefined;
}

/** Bytes that have been sent, of all that are to be sent. */
export interface Progress {
  loaded: number;
  total: number;
}

export type Table = Blob | BufferSource | string;

/** How to send a file, and how to read it: the parameters of the API's uploads. */
export type FileOptions = Summary &
  Omit<Params<"createSession">, "dryRun" | "previewRows" | "ttlSeconds" | "dtype"> & {
    /** The types of columns, instead of the inferred ones. */
    dtype?: Record<string, string>;
    /** In browsers it is called while the file is sent, elsewhere before and after. */
    onProgress?: ((progress: Progress) => void) | undefined;
    /** false: the file is not compressed on the way. */
    compress?: boolean;
  };

export type UploadOptions = Omit<FileOptions, "ifMatch" | "summary"> & {
  /** How long the session lives without being used. */
  ttlSeconds?: number;
};

/** A session, or the choice of the sheets to make one of. */
export type Upload =
  | { kind: "session"; session: Session; document: SessionDocument }
  | {
      kind: "choose";
      /** What the sheets look like. */
      sheets: Schemas["UploadDocument"]["sheets"];
      document: Schemas["UploadDocument"];
      /** Makes a session of a sheet, or of several sheets below one another. */
      select(sheets: string[], options?: Signalled): Promise<Session>;
      /** Makes a session of each sheet. */
      selectEach(sheets: string[], options?: Signalled): Promise<Session[]>;
    };

interface Reads extends Signalled {
  where?: Condition | undefined;
  /** A version that is kept, instead of the current one: its id, @ and its name, or a time. */
  version?: number | string | undefined;
  /** false: the read does not extend the session. */
  touch?: boolean | undefined;
}

export interface Query extends Reads {
  columns?: string[] | undefined;
  /** A minus in front of a name means descending. */
  sort?: Sort | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
}

export interface Page<Row> {
  rows: Row[];
  /** The position of each row in the version, as operations count rows. */
  rowNumbers: number[];
  /** How many rows the condition selects. */
  matchedRows: number;
  totalRows: number;
  offset: number;
  columns: string[];
  dtypes: Record<string, string>;
  version: number;
  etag: string;
  /** What to add to the query for the next page, of the same version. undefined on the last page. */
  next: { offset: number; limit: number; version: number } | undefined;
}

export type Group = NonNullable<Schemas["Query"]["group"]>;
type Row = Record<string, unknown>;
export type Format = NonNullable<Params<"getData">["format"]>;

/** What has happened to a session. */
export type Change =
  | {
      type: "changed";
      document: SessionDocument;
      /**
       * What the server has told of each change since the last call: who, what, and in which columns. Empty if it has not
       * told of all of them; then read the table anew.
       */
      events: Schemas["RevisionEvent"][];
    }
  | { type: "gone" };

export interface Link {
  token: string;
  scope: string;
  expiresAt: string;
  /** An address for `<a download>`, of the whole table unless a query is given. For the scope read. */
  url(format?: Format, query?: Pick<Query, "columns" | "where" | "sort" | "offset" | "limit" | "version">): string;
}

export interface Session {
  readonly id: string;
  /** The document of the session. */
  get(options?: Signalled & { touch?: boolean }): Promise<SessionDocument>;
  page<T = Row>(query?: Query): Promise<Page<T>>;
  /** All rows of a query, of one version, whatever changes meanwhile. */
  rows<T = Row>(query?: Omit<Query, "limit"> & { pageSize?: number }): AsyncGenerator<T, void, undefined>;
  /** Reads the table with a function of an Arrow library, such as tableFromIPC of apache-arrow. */
  arrow<T>(read: (stream: Uint8Array<ArrayBuffer>) => T, query?: Query): Promise<T>;
  /** The table as a file. Its body is streamed. */
  export(format: Format, query?: Query): Promise<Response>;
  /** Groups of rows; `sort`, `offset` and `limit` are about the groups. */
  group<T = Row>(group: Group, query?: Omit<Query, "columns">): Promise<Omit<Page<T>, "rowNumbers" | "next"> & { groups: number }>;
  histogram(column: string, options?: Reads & { bins?: number }): Promise<Schemas["Histogram"]>;
  /** The values of a column with their numbers. */
  distinct(column: string, options?: Reads & { limit?: number; search?: string }): Promise<Schemas["DistinctValues"]>;
  describe(options?: Signalled & Omit<Params<"getDescription">, "column" | "percentiles"> & { columns?: string[]; percentiles?: number[] }): Promise<Schemas["Description"]>;
  /** Changes the table: one version for all operations. */
  edit(operations: Operation[], options?: Summary): Promise<SessionDocument>;
  /** What an edit would do. */
  preview(operations: Operation[], options?: Signalled & { samples?: number; previewRows?: number }): Promise<Schemas["DryRun"]>;
  undo(options?: Write): Promise<SessionDocument>;
  redo(options?: Write): Promise<SessionDocument>;
  versions(options?: Signalled): Promise<Schemas["Versions"]>;
  restore(version: number | string, options?: Summary): Promise<SessionDocument>;
  /** Makes a version of the table as it is. */
  snapshot(options?: Summary): Promise<Schemas["Versions"]>;
  append(table: Table, options?: FileOptions): Promise<SessionDocument>;
  /** Replaces the rows whose key is in the table already, and appends the others. */
  upsert(table: Table, key: string | string[], options?: FileOptions): Promise<SessionDocument>;
  /** Replaces the table. */
  replace(table: Table, options?: FileOptions): Promise<SessionDocument>;
  /** Makes a session of what a query selects, or of the whole table. */
  copy(query?: Omit<Query, "touch">, options?: { filename?: string; ttlSeconds?: number }): Promise<Session>;
  /** Extends the session by its TTL, or by a new one. */
  touch(options?: Write & { ttlSeconds?: number }): Promise<SessionDocument>;
  /** Issues a token for the session, for an hour if nothing else is said. */
  share(options: Signalled & { scope: string; ttlSeconds?: number; actor?: string }): Promise<Link>;
  /** Makes the session refuse the tokens that were issued for it. */
  revoke(options?: Write): Promise<void>;
  /** Deletes the session, if it is there. */
  delete(options?: Write): Promise<void>;
  /** Calls the listener after each change, whoever made it, until the returned function is called. The server tells of them; one that does not is asked every two seconds. */
  watch(listener: (change: Change) => void, options?: { intervalMs?: number }): () => void;
  /** Sends a request below the address of the session, for what this client has no method for. */
  request<T = unknown>(method: string, path: string, options?: Pick<Call, "query" | "body" | "signal" | "ifMatch">): Promise<T>;
}

export interface Client {
  upload(table: Table, options?: UploadOptions): Promise<Upload>;
  /** What a session of the file would be. Nothing is stored. */
  preview(table: Table, options?: UploadOptions & { previewRows?: number }): Promise<Schemas["UploadPreview"] | Schemas["SheetsPreview"]>;
  /** A session by its id, with a token of its own if one is given. Sends nothing. */
  open(id: string, options?: { token?: Token }): Session;
  /** The sessions of the holder of the token. */
  list(options?: Signalled & { limit?: number }): AsyncGenerator<Schemas["SessionList"]["sessions"][number], void, undefined>;
  /** The storage of the server, and what it can do. */
  health(options?: Signalled): Promise<Schemas["StorageHealth"]>;
}
