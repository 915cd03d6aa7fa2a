import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { text } from "../ui/format.ts";
import { commit } from "./keys.ts";
import type { Grid } from "./model.ts";

interface Props {
  grid: Grid;
  box: RefObject<HTMLDivElement | null>;
  /** Gives the keyboard back to the grid. */
  focus: () => void;
}

/** The field above the cell that is edited. It stays what it is while the grid is scrolled. */
const Field = ({ grid, box, focus }: Props) => {
  const input = useRef<HTMLInputElement>(null);
  const closed = useRef(false);
  const { place, typed } = grid.editing.value!;
  const column = grid.columns.value[place.column]!;

  const put = () => {
    const frame = box.current!.getBoundingClientRect();
    const cell = box.current!.querySelector("#active-cell")?.getBoundingClientRect();
    if (!cell || !input.current) return;
    const { style } = input.current;
    style.left = `${Math.max(0, cell.left - frame.left) - 1}px`;
    style.top = `${Math.max(56, cell.top - frame.top) - 1}px`;
    style.width = `${Math.max(cell.width + 2, 96)}px`;
    style.height = `${cell.height + 2}px`;
  };
  useLayoutEffect(() => {
    const element = input.current!;
    element.value = typed ?? text(grid.shown(place));
    put();
    element.focus();
    if (typed === undefined) element.select();
    // The cell may not be drawn as the active one yet.
    const frame = box.current!;
    frame.addEventListener("drawn", put);
    grid.draw();
    return () => frame.removeEventListener("drawn", put);
  }, []);

  const end = (save: boolean, rows = 0, columns = 0) => {
    if (closed.current) return;
    closed.current = true;
    if (save) commit(grid, input.current!.value);
    else grid.editing.value = undefined;
    if (rows || columns) grid.move(place.row + rows, place.column + columns);
    grid.draw();
  };
  const keys = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.isComposing) return;
    const step = event.shiftKey ? -1 : 1;
    if (event.key === "Enter") end(true, step);
    else if (event.key === "Tab") end(true, 0, step);
    else if (event.key === "Escape") end(false);
    else return;
    event.preventDefault();
    focus();
  };
  return (
    <input
      ref={input}
      class="cell-editor"
      dir="auto"
      spellcheck={false}
      autocomplete="off"
      aria-label={`${column.name}, row ${place.row}`}
      onKeyDown={keys}
      onBlur={() => end(true)}
    />
  );
};

export const Editor = (props: Props) => {
  const editing = props.grid.editing.value;
  return editing ? <Field key={`${editing.place.row}:${editing.place.column}`} {...props} /> : null;
};
