import { count, plural, short, text } from "../ui/format.ts";

const shown = 60;

type Operation = Record<string, unknown>;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const names = (value: unknown, none = "all columns") => {
  const all = list(value).map(text);
  return all.length === 0 ? none : `${short(all.slice(0, 4).join(", "), shown)}${all.length > 4 ? ` and ${count(all.length - 4)} more` : ""}`;
};
const quoted = (value: unknown) => (value === null || value === undefined ? "missing" : `“${short(text(value), shown)}”`);
const rows = (value: unknown) => plural(list(value).length, "row");

const words: Record<string, (one: Operation) => string> = {
  set_values: (one) => {
    const cells = list(one.cells) as Operation[];
    if (cells.length === 0) return `set ${plural(list(one.rows).length, "cell")} of ${names(one.column)}${"value" in one ? ` to ${quoted(one.value)}` : ""}`;
    return cells.length === 1 ? `set ${names(cells[0]!.column)} to ${quoted(cells[0]!.value)} in one row` : `set ${plural(cells.length, "cell")} of ${names([...new Set(cells.map((cell) => cell.column))])}`;
  },
  add_column: (one) => `add the column ${names(one.column)}${one.dtype ? `, ${text(one.dtype)}` : ""}`,
  drop_columns: (one) => `drop ${names(one.columns)}`,
  select_columns: (one) => `keep only ${names(one.columns)}`,
  rename_columns: (one) => `rename ${short(Object.entries(one.columns ?? {}).map(([from, to]) => `${from} to ${text(to)}`).join(", "), 2 * shown)}`,
  delete_rows: (one) => `delete ${rows(one.rows)}`,
  insert_rows: (one) => `insert ${rows(one.rows)}${one.at === "end" ? " at the end" : ""}`,
  replace: (one) => `replace ${quoted(one.find)} by ${quoted(one.with)} in ${names(one.columns)}`,
  compute: (one) => `${names(one.column)} = ${short(text(one.expression), 2 * shown)}`,
  cast: (one) => `${names(one.column)} becomes ${text(one.dtype)}${one.errors === "coerce" ? "; what does not fit becomes missing" : ""}`,
  fill_missing: (one) => `fill ${names(one.columns)} with ${one.method === "constant" ? quoted(one.value) : text(one.method)}`,
  drop_missing: (one) => `drop rows with missing cells in ${names(one.columns)}`,
  drop_duplicates: (one) => `drop duplicates by ${names(one.columns)}`,
  sort: (one) => `sort by ${(list(one.by) as Operation[]).map((key) => `${text(key.column)}${key.descending ? " ↓" : " ↑"}`).join(", ")}`,
  filter: (one) => `keep rows where ${short(text(one.where), 2 * shown)}`,
  mark_missing: (one) => `mark ${plural(list(one.rows).length, "cell")} of ${names(one.column)} as missing on purpose`,
  unmark_missing: (one) => `remove ${plural(list(one.rows).length, "mark")} of ${names(one.column)}`,
};

/** An operation in words. */
export const inWords = (operation: Operation): string => words[text(operation.op)]?.(operation) ?? text(operation.op);

/** What made a version that has no operations. */
export const madeBy: Record<string, string> = {
  append: "rows of a file were appended",
  upsert: "rows of a file were taken in by their key",
  replace: "a file replaced the table",
  marks: "marks were set",
  unknown: "it is not known what was done",
};
