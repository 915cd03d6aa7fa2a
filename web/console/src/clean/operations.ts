import { op, type Condition, type Operation } from "edgeframe-client";
import type { SortKey } from "../grid/model.ts";
import { castable, isText, parseValue } from "../ui/types.ts";

/** What a person has filled in. */
export interface Form {
  columns: string[];
  fields: Record<string, string>;
  keys: SortKey[];
}

export interface FieldSpec {
  name: string;
  label: string;
  /** Fixed choices; a text field without. */
  options?: [string, string][];
  /** What may be typed, of which the first is meant if nothing is. */
  suggested?: string[];
  hint?: string;
  /** The field is there only for some values of others. */
  when?: (fields: Record<string, string>) => boolean;
  /** An expression, several lines of text, or a field for each column that is chosen. */
  form?: "expression" | "lines" | "each";
}

/** Which rows an operation on positions is about. */
export type Which = "selected" | "shown" | "missing" | "marked";

/** What the operations depend on besides the form. */
export interface Context {
  dtypes: Record<string, string>;
  where: Condition | undefined;
  /** The row of the active cell. */
  row: number | undefined;
  /** How many rows the table has. */
  all: number;
  /** The positions of rows, as far as they are about a column. */
  rows: (which: Which, column: string) => Promise<number[]>;
}

export interface Kind {
  id: string;
  label: string;
  /** How many columns it takes: none, several, several of which none means all, a list in an order, or keys of a sort. */
  columns: "none" | "several" | "all" | "ordered" | "keys";
  fields: FieldSpec[];
  /** The operations, or a function that finds them; undefined while something is not filled in. */
  make: (form: Form, context: Context) => Operation[] | (() => Promise<Operation[]>) | undefined;
}

const yes: [string, string][] = [["", "no"], ["yes", "yes"]];
const here: [string, string][] = [["selected", "the selected rows"], ["shown", "all rows shown"]];
const digits = (fields: Record<string, string>) => ["mean", "median", "linear"].includes(fields.method ?? "median");

/** The rows that a field names, for each column. */
const eachColumn = (columns: string[], which: string | undefined, { rows }: Context, make: (column: string, rows: number[]) => Operation) =>
  columns.length === 0
    ? undefined
    : async () => (await Promise.all(columns.map(async (column) => ({ column, list: await rows((which || "selected") as Which, column) })))).flatMap(({ column, list }) => (list.length ? [make(column, list)] : []));

/** How many empty rows one form inserts, at most. */
const mostInserted = 100_000;

export const kinds: Kind[] = [
  {
    id: "fill",
    label: "Fill missing",
    columns: "several",
    fields: [
      { name: "method", label: "With", options: [["median", "the median"], ["mean", "the mean"], ["mode", "the most frequent value"], ["linear", "a line between neighbours"], ["ffill", "the value before"], ["bfill", "the value after"], ["constant", "a value"], ["empty", "an empty text"]] },
      { name: "value", label: "Value", when: (fields) => fields.method === "constant" },
      { name: "as", label: "If the result has more digits than the type", options: [["", "refuse"], ["round", "round"], ["float64", "make the column float64"]], when: digits },
    ],
    make: ({ columns, fields }, { dtypes }) => {
      const method = (fields.method || "median") as "median";
      if (columns.length && fields.method === "empty") return [op.fillMissing(columns, "constant", { value: "" } as never)];
      if (columns.length === 0 || (fields.method === "constant" && !fields.value)) return undefined;
      if (fields.method === "constant") return columns.map((column) => op.fillMissing([column], "constant", { value: parseValue(fields.value!, dtypes[column] ?? "") } as never));
      const more = !digits(fields) ? {} : fields.as === "round" ? { round: true } : fields.as === "float64" ? { as: "float64" } : {};
      return [op.fillMissing(columns, method, more as never)];
    },
  },
  {
    id: "drop_missing",
    label: "Drop rows with missing cells",
    columns: "all",
    fields: [{ name: "how", label: "Rows in which", options: [["any", "any of the columns is missing"], ["all", "all of the columns are missing"]] }],
    make: ({ columns, fields }) => [op.dropMissing(columns.length ? columns : undefined, { how: (fields.how || "any") as "any" })],
  },
  {
    id: "duplicates",
    label: "Drop duplicate rows",
    columns: "all",
    fields: [{ name: "keep", label: "Of equal rows keep", options: [["first", "the first"], ["last", "the last"], ["none", "none"]] }],
    make: ({ columns, fields }) => [op.dropDuplicates(columns.length ? columns : undefined, { keep: (fields.keep || "first") as "first" })],
  },
  {
    id: "replace",
    label: "Replace text or values",
    columns: "several",
    fields: [
      { name: "find", label: "Find" },
      { name: "missing", label: "What is found", options: [["", "is replaced"], ["yes", "becomes missing"]], when: (fields) => !!fields.whole },
      { name: "with", label: "Replace with", when: (fields) => !fields.whole || !fields.missing },
      { name: "whole", label: "Whole cells only", options: yes, hint: "whole cells may be numbers and dates too" },
      { name: "regex", label: "Regular expression", options: yes, hint: "$1 stands for what the first group matched" },
      { name: "fold", label: "Ignore case", options: yes },
    ],
    make: ({ columns, fields }, { dtypes }) => {
      const { find = "", whole, regex, fold } = fields;
      if (columns.length === 0 || (!find && !whole)) return undefined;
      const flags = { ...(regex && { regex: true }), ...(whole && { whole_cell: true }), ...(fold && { ignore_case: true }) };
      return columns.map((column) => {
        const value = (typed: string) => (isText(dtypes[column] ?? "") ? typed : parseValue(typed, dtypes[column] ?? ""));
        const replacement = whole && fields.missing ? null : value(fields.with ?? "");
        return op.replace([column], regex || fold ? find : value(find), replacement, flags);
      });
    },
  },
  {
    id: "cast",
    label: "Change the type",
    columns: "several",
    fields: [
      { name: "dtype", label: "Type", suggested: castable },
      { name: "format", label: "Format of dates", hint: "such as %d/%m/%Y; empty for 2026-01-31", when: (fields) => /^(date|time)/.test(fields.dtype ?? "") },
      { name: "errors", label: "Values that do not fit", options: [["", "refuse"], ["coerce", "become missing"]] },
    ],
    make: ({ columns, fields }) => {
      if (columns.length === 0) return undefined;
      const dtype = fields.dtype || castable[0]!;
      const format = fields.format && /^(date|time)/.test(dtype) ? fields.format : "";
      const whole = !format ? dtype : dtype.endsWith("]") ? `${dtype.slice(0, -1)}, ${format}]` : `${dtype}[${format}]`;
      return columns.map((column) => op.cast(column, whole, fields.errors ? ({ errors: "coerce" } as never) : {}));
    },
  },
  {
    id: "compute",
    label: "Compute a column",
    columns: "none",
    fields: [
      { name: "column", label: "Column", hint: "a new name, or one that is there" },
      { name: "expression", label: "Expression", form: "expression", hint: "such as round(price * 1.19, 2)" },
      { name: "dtype", label: "Type", suggested: ["", ...castable], hint: "empty: that of the expression" },
    ],
    make: ({ fields }) => (fields.column && fields.expression ? [op.compute(fields.column, fields.expression, fields.dtype ? { dtype: fields.dtype } : {})] : undefined),
  },
  {
    id: "add",
    label: "Add a column",
    columns: "none",
    fields: [
      { name: "column", label: "Name of the new column" },
      { name: "dtype", label: "Type", suggested: castable },
      { name: "values", label: "Values, one on each line", form: "lines", hint: "as many lines as rows, an empty one is missing; without any, all cells are" },
    ],
    make: ({ fields }, { all }) => {
      if (!fields.column) return undefined;
      const dtype = fields.dtype || castable[0]!;
      const lines = fields.values ? fields.values.split("\n") : [];
      // A copied column ends with a line end.
      if (lines.length === all + 1 && lines.at(-1) === "") lines.pop();
      return [op.addColumn(fields.column, { dtype, ...(lines.length && { values: lines.map((one) => parseValue(one, dtype)) }) } as never)];
    },
  },
  {
    id: "rename",
    label: "Rename columns",
    columns: "several",
    fields: [{ name: "to", label: "New name of", form: "each" }],
    make: ({ columns, fields }) => {
      const names = columns.flatMap((one) => (fields[`to ${one}`] ? [[one, fields[`to ${one}`]!] as const] : []));
      return names.length ? [op.rename(Object.fromEntries(names))] : undefined;
    },
  },
  {
    id: "select",
    label: "Keep and order columns",
    columns: "ordered",
    fields: [],
    make: ({ columns }) => (columns.length ? [op.select(columns)] : undefined),
  },
  {
    id: "drop",
    label: "Drop columns",
    columns: "several",
    fields: [],
    make: ({ columns }) => (columns.length ? [op.drop(columns)] : undefined),
  },
  {
    id: "filter",
    label: "Keep only the rows shown",
    columns: "none",
    fields: [],
    make: (_, { where }) => (where ? [op.filter(where)] : undefined),
  },
  {
    id: "sort",
    label: "Sort the table",
    columns: "keys",
    fields: [],
    make: ({ keys }) => (keys.length ? [op.sort(keys)] : undefined),
  },
  {
    id: "set",
    label: "Set cells to a value",
    columns: "several",
    fields: [
      { name: "rows", label: "In", options: here },
      { name: "value", label: "Value" },
      { name: "none", label: "If no value is typed, the cells become", options: [["", "missing"], ["empty", "an empty text"]], when: (fields) => !fields.value },
    ],
    make: ({ columns, fields: { rows: which, value = "", none } }, context) =>
      eachColumn(columns, which, context, (column, rows) => ({ op: "set_values", column, rows, value: value === "" && none ? "" : parseValue(value, context.dtypes[column] ?? "") }) as Operation),
  },
  {
    id: "mark",
    label: "Mark cells as missing on purpose",
    columns: "several",
    fields: [{ name: "rows", label: "Which cells", options: [["missing", "the missing ones in the rows shown"], ...here] }],
    make: ({ columns, fields }, context) => eachColumn(columns, fields.rows || "missing", context, op.markMissing),
  },
  {
    id: "unmark",
    label: "Remove the marks of cells",
    columns: "several",
    fields: [{ name: "rows", label: "Which cells", options: [["marked", "all that are marked"], ...here] }],
    make: ({ columns, fields }, context) => eachColumn(columns, fields.rows || "marked", context, op.unmarkMissing),
  },
  {
    id: "insert",
    label: "Insert empty rows",
    columns: "none",
    fields: [
      { name: "n", label: "How many", hint: "1 if nothing is typed" },
      { name: "at", label: "Where", options: [["end", "at the end of the table"], ["above", "above the active cell"], ["below", "below the active cell"]] },
    ],
    make: ({ fields }, { row, all }) => {
      const n = Number(fields.n || 1);
      if (!Number.isInteger(n) || n < 1 || n > mostInserted) return undefined;
      const at = row === undefined || (fields.at || "end") === "end" ? all : row + (fields.at === "below" ? 1 : 0);
      return [op.insertRows(at, Array.from({ length: n }, () => ({})))];
    },
  },
  {
    id: "delete",
    label: "Delete rows",
    columns: "none",
    fields: [{ name: "rows", label: "Which", options: here }],
    make: ({ fields }, { rows }) => async () => [op.deleteRows(await rows((fields.rows || "selected") as Which, ""))],
  },
];
