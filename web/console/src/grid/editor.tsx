import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { direction, text } from "../ui/format.ts";
import { commit, isLong } from "./keys.ts";
import type { Grid } from "./model.ts";

interface Props {
  grid: Grid;
  box: RefObject<HTMLDivElement | null>;
  /** Gives the keyboard back to the grid. */
  focus: () => void;
}

/**
 * The field above the cell that is edited. It stays what it is while the grid is scrolled. A long text, or one of
 * several lines, is shown whole in a larger one: an ordinary field would take the ends of lines out of it.
 */
const Field = ({ grid, box, focus }: Props) => {
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const closed = useRef(false);
  const untouched = useRef("");
  const { place, typed } = grid.editing.value!;
  const column = grid.columns.value[place.column]!;
  const long = typed === undefined && isLong(grid.shown(place));

  const put = () => {
    const frame = box.current!.getBoundingClientRect();
    const cell = box.current!.querySelector("#active-cell")?.getBoundingClientRect();
    if (!cell || !input.current) return;
    const { style } = input.current;
    const width = Math.min(frame.width, Math.max(cell.width + 2, long ? 420 : 96));
    const height = Math.min(frame.height, long ? 200 : cell.height + 2);
    const left = Math.max(0, cell.left - frame.left) - 1;
    const top = Math.max(56, cell.top - frame.top) - 1;
    style.left = `${long ? Math.max(0, Math.min(left, frame.width - width)) : left}px`;
    style.top = `${long ? Math.max(0, Math.min(top, frame.height - height)) : top}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
  };
  useLayoutEffect(() => {
    const element = input.current!;
    element.value = text(grid.shown(place));
    // A field may change what it is given, such as the ends of lines.
    untouched.current = element.value;
    if (typed !== undefined) element.value = typed;
    put();
    element.focus();
    if (typed === undefined && !long) element.select();
    // The cell may not be drawn as the active one yet.
    const frame = box.current!;
    frame.addEventListener("drawn", put);
    grid.draw();
    return () => frame.removeEventListener("drawn", put);
  }, []);

  const end = (save: boolean, rows = 0, columns = 0) => {
    if (closed.current) return;
    closed.current = true;
    // What was only looked at stays as it is.
    if (save && input.current!.value !== untouched.current) commit(grid, input.current!.value);
    else grid.editing.value = undefined;
    if (rows || columns) grid.move(place.row + rows, place.column + columns);
    grid.draw();
  };
  const keys = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.isComposing) return;
    const step = event.shiftKey ? -1 : 1;
    if (long && event.key === "Enter" && (event.altKey || event.shiftKey)) {
      // Alt and Enter add no line by themselves.
      if (event.altKey) input.current!.setRangeText("\n", input.current!.selectionStart!, input.current!.selectionEnd!, "end");
      return;
    }
    if (event.key === "Enter") end(true, step);
    else if (event.key === "Tab") end(true, 0, step);
    else if (event.key === "Escape") end(false);
    else return;
    event.preventDefault();
    focus();
  };
  const dir = direction(text(grid.shown(place)));
  const props = { class: "cell-editor", dir, spellcheck: false, onKeyDown: keys, onBlur: () => end(true) } as const;
  const label = `${column.name}, row ${place.row}`;
  if (long) return <textarea ref={input} aria-label={label} readOnly={!grid.model.editable.value} {...props} />;
  return <input ref={input} aria-label={label} autocomplete="off" {...props} />;
};

export const Editor = (props: Props) => {
  const editing = props.grid.editing.value;
  return editing ? <Field key={`${editing.place.row}:${editing.place.column}`} {...props} /> : null;
};
