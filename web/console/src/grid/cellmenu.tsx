import { done } from "../app/notices.ts";
import { panel } from "../session/panels.ts";
import { plural, short, text } from "../ui/format.ts";
import { Popover, type Item, Items } from "../ui/popover.tsx";
import { begin, clear } from "./keys.ts";
import type { Grid } from "./model.ts";

const shown = 24;

/** What can be done with a cell, and with the rows and cells that are selected. */
const items = (grid: Grid): Item[] => {
  const place = grid.active.value;
  const column = grid.columns.value[place.column];
  if (!column) return [];
  const value = grid.shown(place);
  const { top, bottom, left, right } = grid.area.value;
  const rows = bottom - top + 1;
  const can = grid.model.editable.value;
  const several = rows > 1 || left !== right;
  const marked = grid.model.marks.has(grid.rows?.number(place.row, place.column), column.name);
  const named = value === null ? "missing" : short(text(value), shown) || "empty text";
  return [
    { label: "Edit", hint: "Enter", disabled: !can, run: () => begin(grid, undefined) },
    { label: "History of the cell", hint: "Alt H", run: () => (panel.value = "cell") },
    { label: `Show only rows with “${named}”`, disabled: value === undefined, run: () => grid.filter(column.name, { column: column.name, kind: "values", values: [value ?? null] }) },
    { label: several ? "Make the cells missing" : "Make it missing", hint: "Delete", disabled: !can, run: () => clear(grid) },
    { label: several ? "Mark the cells as missing on purpose" : "Mark as missing on purpose ⌀", disabled: !can || (!several && marked), run: () => void grid.mark(true).then((ok) => ok && done("Marked as missing on purpose")) },
    { label: several ? "Remove the marks" : "Remove the mark", disabled: !can || (!several && !marked), run: () => void grid.mark(false) },
    { label: "Insert a row above", disabled: !can, run: () => void grid.insertRow(false) },
    { label: "Insert a row below", disabled: !can, run: () => void grid.insertRow(true) },
    { label: `Delete ${rows > 1 ? plural(rows, "row") : "the row"}`, disabled: !can || grid.matched.value === 0, run: () => void grid.deleteRows() },
  ];
};

/** The menu of the active cell. */
export const CellMenu = ({ grid, focus }: { grid: Grid; focus: () => void }) => {
  const anchor = grid.cellMenu.value!;
  const close = () => (grid.cellMenu.value = undefined);
  return (
    <Popover anchor={anchor} label="Cell" role="menu" onClose={close} onEscape={focus}>
      <Items
        items={items(grid)}
        close={() => {
          close();
          focus();
        }}
      />
    </Popover>
  );
};
