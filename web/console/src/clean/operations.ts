import { op, type Condition, type Operation } from "edgeframe-client";
import { castable, parseValue } from "../ui/types.ts";

/** What a person has filled in. */
export interface Form {
  columns: string[];
  fields: Record<string, string>;
}

export interface FieldSpec {
  name: string;
  label: string;
  /** Fixed choices; a text field without. */
  options?: [string, string][];
  hint?: string;
  /** The field is there only for some values of others. */
  when?: (fields: Record<string, string>) => boolean;
  expression?: boolean;
}

export interface Kind {
  id: string;
  label: string;
  /** How many columns it takes: none, one, several, or several of which none means all. */
  columns: "none" | "one" | "several" | "all";
  fields: FieldSpec[];
  /** The operations; undefined while something is not filled in. */
  make: (form: Form, context: { dtypes: Record<string, string>; where: Condition | undefined }) => Operation[] | undefined;
}

const yes: [string, string][] = [["", "no"], ["yes", "yes"]];

export const kinds: Kind[] = [
  {
    id: "fill",
    label: "Fill missing",
    columns: "several",
    fields: [
      { name: "method", label: "With", options: [["median", "the median"], ["mean", "the mean"], ["mode", "the most frequent value"], ["linear", "a line between neighbours"], ["ffill", "the value before"], ["bfill", "the value after"], ["constant", "a value"]] },
      { name: "value", label: "Value", when: (fields) => fields.method === "constant" },
      { name: "as", label: "If the mean has more digits than the type", options: [["", "refuse"], ["round", "round"], ["float64", "make the column float64"]], when: (fields) => ["mean", "median", "linear"].includes(fields.method ?? "median") },
    ],
    make: ({ columns, fields }, { dtypes }) => {
      const method = (fields.method || "median") as "median";
      if (columns.length === 0 || (fields.method === "constant" && !fields.value)) return undefined;
      const value = fields.method === "constant" ? { value: parseValue(fields.value!, dtypes[columns[0]!] ?? "") } : {};
      const digits = fields.as === "round" ? { round: true } : fields.as === "float64" ? { as: "float64" } : {};
      return [op.fillMissing(columns, method, { ...value, ...(["mean", "median", "linear"].includes(method) ? digits : {}) } as never)];
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
    label: "Replace text",
    columns: "several",
    fields: [
      { name: "find", label: "Find" },
      { name: "with", label: "Replace with" },
      { name: "regex", label: "Regular expression", options: yes, hint: "$1 stands for what the first group matched" },
      { name: "whole", label: "Whole cells only", options: yes },
      { name: "fold", label: "Ignore case", options: yes },
    ],
    make: ({ columns, fields }) =>
      columns.length && fields.find
        ? [op.replace(columns, fields.find, fields.with ?? "", { ...(fields.regex && { regex: true }), ...(fields.whole && { whole_cell: true }), ...(fields.fold && { ignore_case: true }) })]
        : undefined,
  },
  {
    id: "cast",
    label: "Change the type",
    columns: "several",
    fields: [
      { name: "dtype", label: "Type", options: castable.map((one) => [one, one]) },
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
      { name: "expression", label: "Expression", expression: true, hint: "such as round(price * 1.19, 2)" },
    ],
    make: ({ fields }) => (fields.column && fields.expression ? [op.compute(fields.column, fields.expression)] : undefined),
  },
  {
    id: "rename",
    label: "Rename a column",
    columns: "one",
    fields: [{ name: "to", label: "New name" }],
    make: ({ columns, fields }) => (columns[0] && fields.to ? [op.rename({ [columns[0]]: fields.to })] : undefined),
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
    columns: "one",
    fields: [{ name: "order", label: "Order", options: [["", "ascending"], ["desc", "descending"]] }],
    make: ({ columns, fields }) => (columns[0] ? [op.sort([{ column: columns[0], descending: !!fields.order }])] : undefined),
  },
];
