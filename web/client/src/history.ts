import { stringify, unique } from "./json.js";
import type { Schemas, Session, Signalled, Table, Write } from "./types.js";

/** A version that is kept: its id, @ and its name, or a time. */
export type Version = number | string;

/** How a version was made, to do it again. */
export type Recipe = Schemas["Recipe"];

type Read = Signalled & {
  /** false: the read does not extend the session. */
  touch?: boolean | undefined;
};

export interface History {
  /**
   * What differs between two versions, the second of which is the current one if it is not given. The rows are found by
   * what was done to them, or by the values of the columns `key`. `offset` and `limit` are about the differences.
   */
  diff(
    from: Version,
    to?: Version,
    options?: Read & { key?: string | string[] | undefined; offset?: number | undefined; limit?: number | undefined },
  ): Promise<Schemas["Diff"]>;
  /** What a cell held in each version, newest first. Row and column are those of `version`, or of the current one. */
  cell(row: number, column: string, options?: Read & { version?: Version | undefined }): Promise<Schemas["CellHistory"]>;
  /** A version and how it was made. */
  version(version: Version, options?: Read): Promise<Schemas["VersionDetails"]>;
  /** Gives a version a name, which keeps it. */
  name(version: Version, name: string, options?: Write): Promise<Schemas["Versions"]>;
  /** Takes the name from a version. undefined if that version is gone. */
  unname(version: Version, options?: Write): Promise<Schemas["Versions"] | undefined>;
  /** How a version was made. The values in the columns `key` name the rows that operations name by position. */
  recipe(options?: Read & { version?: Version | undefined; key?: string | string[] | undefined }): Promise<Recipe>;
}

/** The history of a session. */
export const history = (session: Session): History => {
  const read = <T>(path: string, { signal, ...query }: Signalled & Record<string, unknown>) =>
    session.request<T>("GET", path, { signal, query });
  const path = (version: Version) => `/versions/${encodeURIComponent(version)}`;
  return {
    diff: (from, to, call) => read("/diff", { from, to, ...call }),
    cell: (row, column, call) => read("/cells", { row, column, ...call }),
    version: (version, call) => read(path(version), { ...call }),
    name: (version, name, call) => session.request("PUT", path(version) + "/name", { ...call, body: { name } }),
    unname: (version, call) => session.request("DELETE", path(version) + "/name", call),
    recipe: (call) => read("/recipe", { ...call }),
  };
};

/**
 * A file and the recipe that is to be replayed on it, to upload or preview in place of the file. Unlike the option
 * `recipe` of an upload, which is a part of the address, the recipe may have 4 MiB.
 */
export const withRecipe = (table: Table, recipe: Recipe | string): File => {
  const boundary = unique();
  const { name = "", type } = table as Partial<File>;
  const part = (field: string, more = "") => `--${boundary}\r\nContent-Disposition: form-data; name="${field}"${more}\r\n\r\n`;
  return new File(
    [
      part("recipe"),
      typeof recipe == "string" ? recipe : stringify(recipe),
      "\r\n",
      part("file", type && `\r\nContent-Type: ${type}`),
      table,
      `\r\n--${boundary}--\r\n`,
    ],
    name,
    { type: "multipart/form-data; boundary=" + boundary },
  );
};
