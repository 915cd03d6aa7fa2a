import type { ComponentChildren } from "preact";
import { short, text } from "./format.ts";

const shown = 40;

/** A value with what is missing said so. */
export const Value = ({ value, marked }: { value: unknown; marked?: boolean | undefined }) => {
  if (value === null || value === undefined) return <span class="soft">{marked ? "⌀ on purpose" : "missing"}</span>;
  if (value === "") return <span class="soft">(empty text)</span>;
  return (
    <>
      {short(text(value), shown)}
      {marked && <span class="soft"> ⌀</span>}
    </>
  );
};

export interface ChangedCell {
  key: string;
  row: ComponentChildren;
  column: string;
  before: ComponentChildren;
  after: ComponentChildren;
}

/** Cells that differ: where, before and after. */
export const ChangedCells = ({ cells }: { cells: ChangedCell[] }) => (
  <table class="plain-table changes">
    <thead>
      <tr>
        <th class="number">row</th>
        <th>column</th>
        <th>before</th>
        <th>after</th>
      </tr>
    </thead>
    <tbody>
      {cells.map(({ key, row, column, before, after }) => (
        <tr key={key}>
          <td class="number">{row}</td>
          <td class="bidi">{short(column, shown)}</td>
          <td class="bidi">{before}</td>
          <td class="bidi">{after}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
