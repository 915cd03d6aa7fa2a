import { useEffect, useState } from "preact/hooks";
import type { Grid } from "../grid/model.ts";
import type { Diff } from "../session/history.ts";
import { ChangedCells, Value } from "../ui/cells.tsx";
import { count, short } from "../ui/format.ts";

const step = 100;
const shown = 40;
/** How many of the added or removed rows are shown with their values. */
const read = 20;
const columnsShown = 4;

/** The cells that differ: where, before and after. */
export const Changes = ({ grid, diff }: { grid: Grid; diff: Diff }) => {
  const [most, setMost] = useState(step);
  useEffect(() => setMost(step), [diff.from, diff.to]);
  const here = grid.model.version.value === diff.to;
  return (
    <section>
      <h3>Changed cells</h3>
      <ChangedCells
        cells={diff.changes.slice(0, most).map((one) => ({
          key: `${one.row_to}:${one.column}`,
          row: (
            <>
              <button class="link" disabled={!here} title={here ? "Go to this row" : undefined} onClick={() => grid.goTo(one.row_to, one.column)}>
                {count(one.row_to)}
              </button>
              {one.row_from !== one.row_to && <small class="soft"> was {count(one.row_from)}</small>}
            </>
          ),
          column: one.column,
          before: <Value value={one.before} marked={one.before_marked} />,
          after: <Value value={one.after} marked={one.after_marked} />,
        }))}
      />
      {diff.changes.length > most && (
        <button class="button small" onClick={() => setMost(most + 5 * step)}>
          Show more of {count(diff.cells_changed)}
        </button>
      )}
    </section>
  );
};

/** Rows that follow one another, as [first, number]. */
const runs = (rows: number[]): [number, number][] => {
  const found: [number, number][] = [];
  for (const row of rows) {
    const last = found.at(-1);
    if (last && last[0] + last[1] === row) last[1]++;
    else found.push([row, 1]);
  }
  return found;
};

type Known = { columns: string[]; rows: Map<number, Record<string, unknown>> };

/** The values of the first of some rows of a version. */
const useRows = (grid: Grid, version: number, rows: number[]): Known | undefined => {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const wanted = rows.slice(0, read);
  useEffect(() => {
    setKnown(undefined);
    if (wanted.length === 0) return;
    const stop = new AbortController();
    Promise.all(runs(wanted).map(([offset, limit]) => grid.model.session.page<Record<string, unknown>>({ version, offset, limit, touch: false, signal: stop.signal }))).then(
      (pages) => setKnown({ columns: pages[0]!.columns, rows: new Map(pages.flatMap((page) => page.rows.map((row, i) => [page.offset + i, row] as const))) }),
      () => undefined, // their numbers are shown
    );
    return () => stop.abort();
  }, [version, wanted.join()]);
  return known;
};

/** Rows that only one of the versions has, with their first values. */
export const RowList = ({ grid, title, version, rows, all }: { grid: Grid; title: string; version: number; rows: number[]; all: number }) => {
  const known = useRows(grid, version, rows);
  if (all === 0) return null;
  const columns = known?.columns.slice(0, columnsShown) ?? [];
  return (
    <section>
      <h3>{title}</h3>
      <div class="wide-table">
        <table class="plain-table">
          <thead>
            <tr>
              <th class="number">row in v{version}</th>
              {columns.map((name) => (
                <th key={name} class="bidi">
                  {short(name, shown)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, read).map((row) => (
              <tr key={row}>
                <td class="number">{count(row)}</td>
                {columns.map((name) => (
                  <td key={name} class="bidi">
                    <Value value={known?.rows.get(row)?.[name]} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {all > Math.min(rows.length, read) && <p class="soft">and {count(all - Math.min(rows.length, read))} more</p>}
    </section>
  );
};
