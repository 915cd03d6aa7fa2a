import type { Format, Query } from "edgeframe-client";
import { done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import type { Model } from "./model.ts";

const extensions: Partial<Record<Format, string>> = { arrow: "arrows", arrow_file: "arrow" };

/** What the grid shows, as a query. */
export const queryOf = (grid: Grid): Query => {
  const where = grid.where.value;
  const sort = grid.sorting.value;
  return {
    version: grid.model.version.value,
    ...(where && { where }),
    ...(sort.length && { sort }),
    ...(grid.hidden.value.size && { columns: grid.columns.value.map((one) => one.name) }),
  };
};

/** Saves a file on the person's machine. */
export const saveAs = (name: string, content: Blob) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

/** The name of the session's file without its extensions. */
export const stemOf = (model: Model) =>
  model.document.value!.filename.replace(/(\.(gz|zst|csv|tsv|tab|json|ndjson|jsonl|arrows?|feather|parquet|msgpack|mpk|xlsx|xlsm|txt|zip))+$/i, "") || "table";

/** Saves what the grid shows as a file. */
export const exportAs = async (grid: Grid, format: Format) => {
  await grid.edits.idle();
  const response = await grid.model.session.export(format, queryOf(grid));
  const name = `${stemOf(grid.model)}.${extensions[format] ?? format}`;
  saveAs(name, await response.blob());
  done(`Exported ${name}`);
};
