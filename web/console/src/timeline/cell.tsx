import "./timeline.css";
import { useEffect, useState } from "preact/hooks";
import { isAbort, sentence } from "../app/api.ts";
import type { Grid } from "../grid/model.ts";
import type { CellVersion } from "../session/history.ts";
import { Value } from "../ui/cells.tsx";
import { count, moment } from "../ui/format.ts";
import { sameValue } from "../ui/types.ts";

/** What a cell held, of the cell in which the person is. */
const useHistory = (grid: Grid, row: number | undefined, column: string) => {
  const [answer, setAnswer] = useState<{ at?: string; history?: CellVersion[]; error?: string }>({});
  const version = grid.model.version.value;
  const at = `${row} ${column}`;
  useEffect(() => {
    if (row === undefined || !column || grid.model.gone.value) return;
    const stop = new AbortController();
    grid.model.history.cell(row, column, { version, signal: stop.signal }).then(
      ({ history }) => setAnswer({ at, history }),
      (error) => isAbort(error) || setAnswer({ at, error: sentence(error) }),
    );
    return () => stop.abort();
  }, [at, version]);
  return answer.at === at ? answer : {};
};

const there = (one: CellVersion) => one.row !== null && one.column !== null;
const same = (a: CellVersion, b: CellVersion) => there(a) === there(b) && sameValue(a.value, b.value) && !a.marked === !b.marked;

/** The versions that gave the cell a value; the others left it as it was. */
const setters = (history: CellVersion[]): CellVersion[] => history.filter((one, i) => i === history.length - 1 || !same(one, history[i + 1]!));

/** Who has set a cell to what, and when. */
const CellPanel = ({ grid }: { grid: Grid }) => {
  const place = grid.active.value;
  void grid.matched.value;
  const column = grid.nameAt(place.column);
  const row = grid.rows?.number(place.row, place.column);
  const { history, error } = useHistory(grid, row, column);
  const entries = history ? setters(history) : [];
  const oldest = history?.at(-1);
  const put = (value: unknown) => grid.set([{ ...place, value }]);
  return (
    <div class="stack">
      <p class="bidi">
        <strong>{column}</strong>
        {row !== undefined && `, row ${count(row)}`}
      </p>
      {error && <p class="message error bidi">{error}</p>}
      {!history && !error && <p class="soft">Reading…</p>}
      {history?.some((one) => one.aligned_by === "position") && <p class="message warn">It is not known which row this was in all versions. There it is found by its place.</p>}
      <ol class="timeline cell-history">
        {entries.map((one, i) => (
          <li key={one.version} class={i === 0 ? "current" : ""}>
            <div class="line">
              <strong class="grow bidi">{there(one) ? <Value value={one.value} marked={one.marked} /> : <span class="soft">the cell was not there</span>}</strong>
              <span class="soft">v{one.version}</span>
            </div>
            <p class="soft bidi">
              {[one.actor, moment(one.timestamp), one.action_summary].filter(Boolean).join(" · ")}
              {there(one) && one.column !== column && ` · in ${one.column}`}
            </p>
            {i > 0 && there(one) && grid.model.editable.value && (
              <button class="button small" onClick={() => put(one.value ?? null)}>
                Put it back
              </button>
            )}
          </li>
        ))}
      </ol>
      {oldest && oldest.version > 1 && <p class="soft">What it held before version {oldest.version} is not kept.</p>}
    </div>
  );
};

export default CellPanel;
