import { done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import { plural, text } from "../ui/format.ts";
import { saveAs, stemOf } from "./export.ts";

const quoted = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Saves the rows that the page still has of a session that is gone, as CSV, with what was typed into them. */
export const exportRows = (grid: Grid) => {
  const columns = grid.columns.value;
  const rows = grid.rows?.known() ?? [];
  const lines = rows.map((row) => columns.map((_, column) => quoted(text(grid.shown({ row, column })))).join(","));
  const name = `${stemOf(grid.model)}-rescued.csv`;
  saveAs(name, new Blob([[columns.map((one) => quoted(one.name)).join(","), ...lines, ""].join("\r\n")], { type: "text/csv" }));
  done(`Saved ${plural(rows.length, "row")} as ${name}`);
};
