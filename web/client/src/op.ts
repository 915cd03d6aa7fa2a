import type { Operation, Schemas, Sort } from "./types.js";

/** Options of an operation: its members apart from those that are arguments. */
type Rest<Name extends keyof Schemas> = Omit<Schemas[Name], "op" | "column" | "columns" | "find" | "with" | "dtype" | "method">;

export type Cell = Schemas["SetCells"]["cells"][number];

/**
 * Makes operations of an edit. They are the documents that the API describes, so an operation may also be written as
 * one: `{ op: "cast", column: "zip", dtype: "utf8" }`.
 */
export const op = {
  /** Puts a value into a cell. With `expect` nothing is changed if the cell holds something else. */
  set: (column: string, row: number, value: unknown, { expect }: { expect?: unknown } = {}): Operation => ({
    op: "set_values",
    cells: [{ row, column, value, expect }], // JSON has no undefined
  }),
  /** Puts values into cells of several columns. */
  cells: (cells: Cell[]): Operation => ({ op: "set_values", cells }),
  /** Adds a column at the end. */
  addColumn: (column: string, options?: Rest<"AddColumn"> & { dtype?: string }): Operation => ({ op: "add_column", column, ...options }),
  /** Sets or adds a column from an expression. */
  compute: (column: string, expression: string, options?: { dtype?: string }): Operation => ({ op: "compute", column, expression, ...options }),
  /** Removes columns. */
  drop: (columns: string[]): Operation => ({ op: "drop_columns", columns }),
  /** Keeps only these columns, in this order. */
  select: (columns: string[]): Operation => ({ op: "select_columns", columns }),
  /** Gives columns new names. */
  rename: (columns: Record<string, string>): Operation => ({ op: "rename_columns", columns }),
  /** Removes rows by their positions. */
  deleteRows: (rows: number[]): Operation => ({ op: "delete_rows", rows }),
  /** Inserts rows before the row `at`; the number of rows stands for the end. */
  insertRows: (at: number, rows: Record<string, unknown>[]): Operation => ({ op: "insert_rows", at, rows }),
  /** Replaces text, or with `whole_cell` values. */
  replace: (columns: string[], find: unknown, replacement: unknown, options?: Rest<"Replace">): Operation =>
    ({ op: "replace", columns, find, with: replacement, ...options }) as Operation,
  /** Gives a column another type. */
  cast: (column: string, dtype: string, options?: Rest<"Cast">): Operation => ({ op: "cast", column, dtype, ...options }),
  /** Gives missing cells a value. */
  fillMissing: (columns: string[], method: Schemas["FillMissing"]["method"], options?: Rest<"FillMissing">): Operation => ({
    op: "fill_missing",
    columns,
    method,
    ...options,
  }),
  /** Removes rows with missing cells, in all columns unless some are given. */
  dropMissing: (columns?: string[], options?: Rest<"DropMissing">): Operation => ({ op: "drop_missing", columns, ...options }) as Operation,
  /** Removes rows that equal others, in all columns unless some are given. */
  dropDuplicates: (columns?: string[], options?: Rest<"DropDuplicates">): Operation => ({ op: "drop_duplicates", columns, ...options }) as Operation,
  /** Sorts the rows. A minus in front of a name means descending. */
  sort: (by: Sort): Operation => ({
    op: "sort",
    by: by.map((key) => (typeof key != "string" ? key : key[0] == "-" ? { column: key.slice(1), descending: true } : { column: key })),
  }),
  /** Keeps the rows for which a condition holds. */
  filter: (where: Schemas["Condition"]): Operation => ({ op: "filter", where }),
  /** Marks cells as missing on purpose. */
  markMissing: (column: string, rows: number[]): Operation => ({ op: "mark_missing", column, rows }),
  /** Removes the marks of cells. */
  unmarkMissing: (column: string, rows: number[]): Operation => ({ op: "unmark_missing", column, rows }),
};
