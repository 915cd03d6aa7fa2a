import { text } from "../ui/format.ts";
import { parseValue, sameValue } from "../ui/types.ts";
import { done, failed } from "../app/notices.ts";
import { plural } from "../ui/format.ts";
import { op } from "edgeframe-client";
import type { Grid } from "./model.ts";

/** How many cells are copied at once, at most. */
const most = 1_000_000;

const quoted = (value: string) => (/[\t\n\r"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** The selected cells as TSV, if they are there. */
const selected = (grid: Grid): string => {
  const { top, left, bottom, right } = grid.area.value;
  const lines: string[] = [];
  for (let row = top; row <= bottom; row++) {
    const cells: string[] = [];
    for (let column = left; column <= right; column++) cells.push(quoted(text(grid.shown({ row, column }))));
    lines.push(cells.join("\t"));
  }
  return lines.join("\n");
};

/** Copies the selected cells. What is not there is read first, which needs a page on a secure origin. */
export const copy = async (grid: Grid, event: ClipboardEvent) => {
  event.preventDefault();
  const { top, left, bottom, right } = grid.area.value;
  const rows = bottom - top + 1;
  if (rows * (right - left + 1) > most) return failed(new Error("These are too many cells to copy; export the table instead."));
  if (grid.rows!.has(left, top, right + 1, bottom + 1)) event.clipboardData!.setData("text/plain", selected(grid));
  else
    try {
      await grid.rows!.load(left, top, right + 1, bottom + 1);
      await navigator.clipboard.writeText(selected(grid));
    } catch (error) {
      return failed(error);
    }
  if (rows > 1) done(`Copied ${plural(rows, "row")}`);
};

/** The cells of a block as spreadsheets copy it: tabs, line ends, and quotes around cells that have these. */
export const parseBlock = (block: string): string[][] => {
  const rows: string[][] = [];
  let cells: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/g;
  for (const [whole, inQuotes, plain, end] of block.matchAll(pattern)) {
    if (whole === "" && cells.length === 0) break;
    cells.push(inQuotes !== undefined ? inQuotes.replaceAll('""', '"') : (plain ?? ""));
    if (end === "\t") continue;
    rows.push(cells);
    cells = [];
    if (end === "") break;
  }
  return rows;
};

/** Puts a block at the active cell. Rows beyond the end are added. */
export const paste = async (grid: Grid, event: ClipboardEvent) => {
  event.preventDefault();
  const block = parseBlock(event.clipboardData?.getData("text/plain") ?? "");
  if (block.length === 0 || !grid.model.editable.value) return;
  const { top, left } = grid.area.value;
  const before = grid.active.value;
  const columns = grid.columns.value;
  const width = Math.min(Math.max(...block.map((cells) => cells.length)), columns.length - left);
  const inside = block.slice(0, Math.max(0, grid.matched.value - top));
  try {
    await grid.rows!.load(left, top, left + width, top + inside.length);
  } catch (error) {
    return failed(error);
  }
  const value = (cells: string[], i: number) => parseValue(cells[i]!, columns[left + i]!.dtype);
  grid.set(inside.flatMap((cells, y) => cells.slice(0, width).map((_, i) => ({ row: top + y, column: left + i, value: value(cells, i) }))));
  const beyond = block.slice(inside.length);
  if (beyond.length) {
    const rows = beyond.map((cells) => Object.fromEntries(cells.slice(0, width).map((_, i) => [columns[left + i]!.name, value(cells, i)])));
    await grid.change("Adding rows", () => [op.insertRows(grid.model.rows.value, rows)]);
  }
  // Whoever has gone elsewhere meanwhile stays there.
  if (!sameValue(grid.active.value, before)) return;
  grid.active.value = { row: top, column: left };
  grid.anchor.value = { row: top + block.length - 1, column: left + width - 1 };
  grid.draw();
};
