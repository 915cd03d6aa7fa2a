import { parseValue, sameValue } from "../ui/types.ts";
import type { Grid, Place } from "./model.ts";

/** What the keys do, for the list of keys. */
export const keyList: [keys: string[], what: string][] = [
  [["←", "↑", "→", "↓"], "move; with Shift select"],
  [["Page Up", "Page Down"], "a screen up or down"],
  [["Ctrl", "Home"], "first cell"],
  [["Ctrl", "End"], "last cell"],
  [["Enter"], "edit the cell; save"],
  [["Alt", "Enter"], "a new line, in a long text"],
  [["Esc"], "leave the cell as it was"],
  [["Delete"], "make the selected cells missing"],
  [["Ctrl", "C"], "copy the selected cells"],
  [["Ctrl", "V"], "paste cells"],
  [["Ctrl", "Z"], "undo the last change of the table"],
  [["Ctrl", "Shift", "Z"], "redo"],
  [["Alt", "↓"], "menu of the column"],
  [["Shift", "F10"], "menu of the cell"],
  [["Alt", "H"], "history of the cell"],
  [["/"], "search in the column"],
  [["?"], "this list"],
];

export interface Actions {
  screen: () => number;
  undo: () => void;
  redo: () => void;
  menu: () => void;
  cellMenu: () => void;
  history: () => void;
  help: () => void;
}

/** The place to which a key leads; undefined if it does not move. */
const target = (grid: Grid, event: KeyboardEvent, screen: number): [row: number, column: number] | undefined => {
  const { row, column } = grid.active.value;
  const all = event.ctrlKey || event.metaKey;
  const last = { row: grid.matched.value - 1, column: grid.columns.value.length - 1 };
  switch (event.key) {
    case "ArrowUp":
      return [all ? 0 : row - 1, column];
    case "ArrowDown":
      return [all ? last.row : row + 1, column];
    case "ArrowLeft":
      return [row, all ? 0 : column - 1];
    case "ArrowRight":
      return [row, all ? last.column : column + 1];
    case "PageUp":
      return [row - screen, column];
    case "PageDown":
      return [row + screen, column];
    case "Home":
      return [all ? 0 : row, 0];
    case "End":
      return [all ? last.row : row, last.column];
  }
  return undefined;
};

/** Makes the selected cells missing, if they are there. */
export const clear = (grid: Grid) => {
  const { top, left, bottom, right } = grid.area.value;
  if (!grid.rows?.has(left, top, right + 1, bottom + 1)) return;
  const cells = [];
  for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) cells.push({ row, column, value: null });
  grid.set(cells);
};

/** Handles a key that is pressed in the grid. */
export const onKey = (grid: Grid, event: KeyboardEvent, actions: Actions) => {
  const control = event.ctrlKey || event.metaKey;
  const to = event.altKey ? undefined : target(grid, event, actions.screen());
  const done = (act: () => void) => {
    event.preventDefault();
    act();
  };
  if (to) return done(() => grid.move(...to, event.shiftKey));
  if (event.altKey && event.key === "ArrowDown") return done(actions.menu);
  if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) return done(actions.cellMenu);
  if (event.altKey && event.key.toLowerCase() === "h") return done(actions.history);
  // A key that is held down does not undo more than is seen.
  if (event.repeat && grid.model.busy.value && control) return event.preventDefault();
  if (control && event.key.toLowerCase() === "z") return done(event.shiftKey ? actions.redo : actions.undo);
  if (control && event.key.toLowerCase() === "y") return done(actions.redo);
  if (control || event.altKey) return;
  if (event.key === "?") return done(actions.help);
  if (event.key === "/") return done(actions.menu);
  if (event.key === "Enter" || event.key === "F2") return done(() => begin(grid, undefined));
  if (!grid.model.editable.value) return;
  if (event.key === "Delete" || event.key === "Backspace") return done(() => clear(grid));
  if (event.key.length === 1 && event.key !== " ") return done(() => begin(grid, event.key));
};

/** Long values are cut in the grid. */
export const longest = 200;

/** Whether a value is seen as a whole only in a larger field. */
export const isLong = (value: unknown) => typeof value === "string" && (value.length > longest || /[\r\n]/.test(value));

const open = (grid: Grid, place: Place, typed: string | undefined): boolean => {
  const row = grid.rows?.place(place.row, place.column);
  if (row === undefined) return false;
  grid.editing.value = { place, row, before: grid.rows!.value(place.row, place.column) ?? null, typed };
  return true;
};

/**
 * Opens the editor of the active cell, with what was typed instead of its value. A long value can be looked at also
 * where nothing can be changed.
 */
export const begin = (grid: Grid, typed: string | undefined) => {
  const place = grid.active.value;
  if (!grid.model.editable.value && !isLong(grid.shown(place))) return;
  if (open(grid, place, typed)) return;
  // Rows have moved, and the new ones are not there yet.
  const waits = grid.opening;
  if (waits && sameValue(waits.place, place)) return void (waits.typed = typed === undefined ? waits.typed : (waits.typed ?? "") + typed);
  const one = (grid.opening = { place, typed });
  const end = () => {
    if (grid.opening === one) grid.opening = undefined;
  };
  const { rows } = grid;
  rows?.load(place.column, place.row, place.column + 1, place.row + 1).then(() => {
    if (grid.opening === one && grid.rows === rows && !grid.editing.value && sameValue(grid.active.value, place)) open(grid, place, one.typed);
    end();
  }, end);
};

/**
 * Takes what was typed into the editor. The cell is expected to hold what it held when the editor was opened: what
 * others have put into it since then is not overwritten unseen.
 */
export const commit = (grid: Grid, typed: string) => {
  const editing = grid.editing.value;
  if (!editing) return;
  grid.editing.value = undefined;
  const { place, row, before } = editing;
  const column = grid.columns.value[place.column]!;
  grid.edits.add([{ row, column: column.name, before, value: parseValue(typed, column.dtype) }]);
};
