import "regular-table";
import "./grid.css";
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RegularTableElement } from "regular-table/dist/esm/regular-table.js";
import { count, short, text } from "../ui/format.ts";
import { isNumber } from "../ui/types.ts";
import { panel } from "../session/panels.ts";
import { CellMenu } from "./cellmenu.tsx";
import { copy, paste } from "./clipboard.ts";
import type { Change } from "./edits.ts";
import { Editor } from "./editor.tsx";
import { Headers } from "./header.ts";
import { begin, longest, onKey, type Actions } from "./keys.ts";
import { Minis } from "./minis.ts";
import type { Grid, Place } from "./model.ts";

/** The height of a row in pixels; --row in base.css is the same. */
const rowHeight = 28;
/** How long the grid waits for rows before it draws without them, in milliseconds. */
const patience = 120;

interface Props {
  grid: Grid;
  actions: Pick<Actions, "undo" | "redo" | "help">;
}

/** A region of the table as regular-table takes it: columns of texts. */
interface Region {
  num_rows: number;
  num_columns: number;
  row_height: number;
  num_row_headers: number;
  num_column_headers: number;
  column_header_merge_depth: number;
  merge_headers: "row";
  data: string[][];
  row_headers: string[][];
  column_headers: (string | HTMLElement)[][];
}

const region = async (grid: Grid, headers: Headers, [x0, y0, right, bottom]: [number, number, number, number]): Promise<Region> => {
  const columns = grid.columns.value;
  const x1 = Math.min(right, columns.length);
  const rows = grid.rows;
  // Without a row regular-table finds no width, and draws all columns. So a query without rows has an empty one.
  const loading = grid.matched.value === 0 && !rows?.has(0, 0, 1, 1);
  const total = Math.max(1, grid.matched.value);
  const y1 = Math.min(bottom, total);
  const answer: Region = {
    num_rows: loading ? 0 : total,
    num_columns: loading ? 0 : columns.length,
    row_height: rowHeight,
    num_row_headers: 1,
    num_column_headers: 2,
    column_header_merge_depth: 0,
    merge_headers: "row",
    data: [],
    row_headers: [],
    column_headers: [],
  };
  if (!rows || loading || x1 <= x0) return answer;
  grid.model.marks.look();
  if (grid.matched.value > 0 && !rows.has(x0, y0, x1, y1)) {
    const loaded = rows.load(x0, y0, x1, y1);
    const late = loaded.then(
      () => false,
      (error) => (grid.failed(error), false),
    );
    if (await Promise.race([late, new Promise<boolean>((resolve) => setTimeout(resolve, patience, true))]))
      void late.then(() => grid.draw());
    // The table may have become another one meanwhile.
    if (grid.columns.value !== columns || grid.rows !== rows) return region(grid, headers, [x0, y0, right, bottom]);
  }
  for (let x = x0; x < x1; x++) {
    const cells: string[] = [];
    for (let row = y0; row < y1; row++) cells.push(short(text(grid.shown({ row, column: x })), longest));
    answer.data.push(cells);
    answer.column_headers.push(headers.of(x));
  }
  for (let row = y0; row < y1; row++) {
    const number = rows.number(row, x0);
    answer.row_headers.push([number !== undefined ? count(number) : row < grid.matched.value ? "…" : ""]);
  }
  return answer;
};

const states: Change["state"][] = ["waiting", "sent", "conflict", "refused"];

/** Gives the cells that are drawn their looks, and says to screen readers where they are. */
const dress = (host: RegularTableElement, grid: Grid) => {
  const table = host.querySelector("table")!;
  const { active, area } = { active: grid.active.value, area: grid.area.value };
  const columns = grid.columns.value;
  table.setAttribute("aria-rowcount", String(grid.matched.value + 2));
  table.setAttribute("aria-colcount", String(columns.length + 1));
  table.removeAttribute("aria-activedescendant");
  for (const td of table.querySelectorAll<HTMLTableCellElement>("tbody td")) {
    const meta = host.getMeta(td);
    if (meta?.type !== "body") continue;
    const { x, y } = meta;
    const column = columns[x];
    if (!column) continue;
    const change = grid.edits.of(grid.rows?.number(y, x), column.name);
    const value = change ? change.value : grid.rows?.value(y, x);
    const isActive = x === active.column && y === active.row;
    const inside = y >= area.top && y <= area.bottom && x >= area.left && x <= area.right;
    const marked = !change && grid.model.marks.has(grid.rows?.number(y, x), column.name);
    const looks = { number: isNumber(column.dtype), missing: value === null, marked, empty: value === "", unread: value === undefined && y < grid.matched.value, active: isActive, inside: inside && !isActive };
    for (const [name, has] of Object.entries(looks)) td.classList.toggle(name, has);
    for (const state of states) td.classList.toggle(state, change?.state === state);
    td.setAttribute("aria-selected", String(inside));
    td.setAttribute("aria-colindex", String(x + 2));
    if (change?.reason) td.title = change.reason;
    else if (marked) td.title = "missing on purpose";
    else td.removeAttribute("title");
    if (isActive) {
      td.id = "active-cell";
      table.setAttribute("aria-activedescendant", td.id);
    } else td.removeAttribute("id");
  }
  for (const th of table.querySelectorAll<HTMLTableCellElement>("tbody th")) {
    const meta = host.getMeta(th);
    if (meta?.type === "row_header") th.parentElement!.setAttribute("aria-rowindex", String(meta.y + 3));
  }
  for (const th of table.querySelectorAll<HTMLTableCellElement>("thead th")) {
    const meta = host.getMeta(th);
    const key = meta?.type === "column_header" && meta.column_header_y === 0 ? grid.sort.value.find((one) => one.column === columns[meta.x]?.name) : undefined;
    if (key) th.setAttribute("aria-sort", key.descending ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
    if (meta?.type === "column_header") th.classList.toggle("number", isNumber(columns[meta.x]?.dtype ?? ""));
  }
};

const placeOf = (host: RegularTableElement, target: EventTarget | null): Place | undefined => {
  const td = (target as Element | null)?.closest?.("tbody td");
  const meta = td ? host.getMeta(td as HTMLElement) : undefined;
  return meta?.type === "body" ? { row: meta.y, column: meta.x } : undefined;
};

/** Scrolls so that a cell is seen, and returns whether it is. Millions of rows are higher than elements can be, so the place is proportional. */
const reveal = (host: RegularTableElement, grid: Grid, { row, column }: Place): boolean => {
  const screen = host.clientHeight / rowHeight - 2;
  const scrollable = Math.max(0, grid.matched.value - screen);
  const height = host.scrollHeight - host.clientHeight;
  if (scrollable > 0 && height > 0) {
    const top = (host.scrollTop / height) * scrollable;
    // The last row that is seen as a whole.
    const bottom = top + Math.floor(screen) - 1;
    const to = row < top ? row : row > bottom ? row - Math.floor(screen) + 1.01 : undefined;
    if (to !== undefined) host.scrollTop = row < top ? Math.floor((to / scrollable) * height) : Math.ceil((to / scrollable) * height);
  }
  return revealColumn(host, grid, column);
};

/** Scrolls towards a column. The widths of columns that were not seen yet are not known, so it may take several steps. */
const revealColumn = (host: RegularTableElement, grid: Grid, column: number): boolean => {
  const cells = [...host.querySelectorAll<HTMLElement>("tbody tr:first-child td")].flatMap((td) => {
    const meta = host.getMeta(td);
    return meta?.type === "body" ? [{ x: meta.x, box: td.getBoundingClientRect() }] : [];
  });
  if (cells.length === 0) return true;
  const before = host.scrollLeft;
  const left = host.querySelector("tbody th")!.getBoundingClientRect().right;
  const right = host.getBoundingClientRect().left + host.clientWidth;
  const seen = cells.find((one) => one.x === column)?.box;
  const unseen = 90;
  if (column === 0) host.scrollLeft = 0;
  else if (seen && seen.left < left - 1) host.scrollLeft -= left - seen.left;
  // The grid begins with a whole column, so less than the width of the first would move nothing.
  else if (seen && seen.right > right && seen.left > left + 1) host.scrollLeft += Math.ceil(Math.min(Math.max(seen.right - right, cells[0]!.box.width), seen.left - left));
  else if (!seen && column < cells[0]!.x) host.scrollLeft -= (cells[0]!.x - column) * unseen;
  else if (!seen && column === grid.columns.value.length - 1) host.scrollLeft = host.scrollWidth;
  else if (!seen) host.scrollLeft += (column - cells.at(-1)!.x) * unseen;
  return !!seen && Math.abs(host.scrollLeft - before) < 1;
};

export const Table = ({ grid, actions }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const host = useRef<RegularTableElement | undefined>(undefined);

  useEffect(() => {
    const element = document.createElement("regular-table") as RegularTableElement;
    host.current = element;
    box.current!.prepend(element);
    let asked = false;
    grid.draw = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        if (element.isConnected) void element.draw({ invalid_viewport: true });
      });
    };
    /** The place that is not seen yet, and how many steps towards it there may be. */
    let towards: { place: Place; steps: number } | undefined;
    grid.reveal = (place) => {
      towards = reveal(element, grid, place) ? undefined : { place, steps: 20 };
      grid.draw();
    };
    grid.toTop = () => {
      towards = undefined;
      element.scrollTop = 0;
    };
    const letGo = () => (towards = undefined);
    for (const name of ["wheel", "pointerdown"]) element.addEventListener(name, letGo, { passive: true });
    const headers = new Headers(grid, new Minis(grid.model, () => grid.draw()));
    element.setDataListener((x0, y0, x1, y1) => region(grid, headers, [x0, y0, x1, y1]) as never, {});
    element.addStyleListener(() => {
      dress(element, grid);
      const table = element.querySelector("table")!;
      if (table.tabIndex !== 0) {
        table.tabIndex = 0;
        table.setAttribute("role", "grid");
        table.setAttribute("aria-label", "Rows of the table");
        table.focus({ preventScroll: true });
      }
      box.current?.dispatchEvent(new Event("drawn"));
      if (towards && (towards.steps-- <= 0 || reveal(element, grid, towards.place))) towards = undefined;
      // The width of all columns is only found by drawing the last ones.
      if (towards) grid.draw();
    });
    const all: Actions = {
      ...actions,
      screen: () => Math.max(1, Math.floor(element.clientHeight / rowHeight) - 3),
      menu: () => {
        const column = grid.nameAt(grid.active.value.column);
        grid.menu.value = { column, anchor: headers.button(column) ?? element };
      },
      cellMenu: () => (grid.cellMenu.value = element.querySelector("#active-cell") ?? element),
      history: () => (panel.value = "cell"),
    };
    const key = (event: KeyboardEvent) => grid.editing.value || (event.target as Element).closest("button, input") || onKey(grid, event, all);
    element.addEventListener("keydown", key);
    let dragging = false;
    element.addEventListener("mousedown", (event) => {
      const place = placeOf(element, event.target);
      if (!place || event.button !== 0) return;
      event.preventDefault();
      element.querySelector("table")!.focus({ preventScroll: true });
      grid.move(place.row, place.column, event.shiftKey);
      dragging = true;
    });
    element.addEventListener("mouseover", (event) => {
      const place = dragging && event.buttons === 1 ? placeOf(element, event.target) : undefined;
      if (place) grid.move(place.row, place.column, true);
      else if (event.buttons !== 1) dragging = false;
    });
    element.addEventListener("contextmenu", (event) => {
      const place = placeOf(element, event.target);
      if (!place) return;
      event.preventDefault();
      const { top, bottom, left, right } = grid.area.value;
      const inside = place.row >= top && place.row <= bottom && place.column >= left && place.column <= right;
      if (!inside) grid.move(place.row, place.column);
      grid.cellMenu.value = (event.target as Element).closest("td")!;
    });
    element.addEventListener("dblclick", (event) => {
      if (placeOf(element, event.target)) begin(grid, undefined);
    });
    element.addEventListener("click", (event) => {
      const th = (event.target as Element).closest("thead th");
      const meta = th ? element.getMeta(th as HTMLElement) : undefined;
      if (meta?.type === "column_header" && !(event.target as Element).closest("button, .rt-column-resize")) grid.sortBy(grid.nameAt(meta.x), event.shiftKey);
    });
    const here = () => element.contains(document.activeElement) && !grid.editing.value;
    const onCopy = (event: ClipboardEvent) => void (here() && copy(grid, event));
    const onPaste = (event: ClipboardEvent) => void (here() && paste(grid, event));
    document.addEventListener("copy", onCopy);
    document.addEventListener("paste", onPaste);
    let width = 0;
    const sizes = new ResizeObserver(([entry]) => {
      const before = width;
      width = entry!.contentRect.width;
      // A panel beside the grid shall not hide the cell that it is about.
      if (width < before && element.querySelector("#active-cell")) grid.reveal(grid.active.value);
      else grid.draw();
    });
    sizes.observe(box.current!);
    grid.draw();
    return () => {
      sizes.disconnect();
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("paste", onPaste);
      element.remove();
      grid.draw = () => undefined;
      grid.reveal = () => undefined;
      grid.toTop = () => undefined;
    };
  }, [grid]);

  // What is drawn depends on these. Other columns have other widths.
  const shape = useRef("");
  useSignalEffect(() => {
    void [grid.model.marks.known.value, grid.matched.value, grid.filters.value, grid.sort.value, grid.model.document.value, grid.edits.changes.value, grid.area.value];
    const names = grid.columns.value.map((one) => one.name).join("\u0000");
    if (shape.current !== names) {
      if (shape.current) host.current?.resetAutoSize();
      shape.current = names;
    }
    grid.draw();
  });

  const focus = () => host.current?.querySelector("table")?.focus({ preventScroll: true });
  grid.focus = focus;
  return (
    <div ref={box} class="grid">
      <Editor grid={grid} box={box} focus={focus} />
      {grid.cellMenu.value && <CellMenu grid={grid} focus={focus} />}
    </div>
  );
};
