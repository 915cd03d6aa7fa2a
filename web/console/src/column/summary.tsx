import "./column.css";
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "edgeframe-client";
import { isAbort, sentence } from "../app/api.ts";
import type { Grid } from "../grid/model.ts";
import { count, figure, short, text } from "../ui/format.ts";
import { hasHistogram } from "../ui/types.ts";
import { Histogram } from "./histogram.tsx";

type About = Schemas["ColumnDescription"];
interface Answer {
  about?: About;
  histogram?: Schemas["Histogram"] | undefined;
  error?: string;
}

const bins = 24;
const shown = 30;

/** Asks for the numbers of a column, of the version that is looked at. */
const useAbout = (grid: Grid, name: string): Answer => {
  const [answer, setAnswer] = useState<Answer>({});
  const version = grid.model.version.value;
  useEffect(() => {
    if (!name || grid.model.gone.value) return;
    const stop = new AbortController();
    const { session } = grid.model;
    const dtype = grid.model.dtypes.value[name] ?? "";
    const of = { version, signal: stop.signal };
    Promise.all([session.describe({ columns: [name], top: 12, ...of }), hasHistogram(dtype) ? session.histogram(name, { bins, ...of }) : undefined]).then(
      ([{ columns }, histogram]) => setAnswer({ about: columns[0]!, histogram }),
      (error) => isAbort(error) || setAnswer({ error: sentence(error) }),
    );
    return () => stop.abort();
  }, [name, version]);
  return answer.about && answer.about.name !== name ? {} : answer;
};

const Numbers = ({ about }: { about: About }) => {
  const rows: [string, unknown][] = [
    ["values", about.count],
    ["missing", about.missing],
    ["missing on purpose", about.intentional_missing || undefined],
    [about.unique_exact ? "different values" : "different values, at least", about.unique],
    ["minimum", about.min],
    ["lower quartile", about.q1],
    ["median", about.median],
    ["upper quartile", about.q3],
    ["maximum", about.max],
    ["mean", about.mean],
    ["standard deviation", about.std],
    ["skewness", about.skewness],
    ["shortest", about.min_length],
    ["longest", about.max_length],
  ];
  return (
    <table class="plain-table numbers">
      <tbody>
        {rows.map(
          ([name, value]) =>
            value !== undefined &&
            value !== null && (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{figure(value)}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
};

const Top = ({ grid, about }: { grid: Grid; about: About }) => {
  const top = about.top ?? [];
  const most = Math.max(1, ...top.map((one) => one.count));
  return (
    <section>
      <h3>Most frequent</h3>
      <ul class="top">
        {top.map((one) => (
          <li key={String(one.value)}>
            <button
              class="link bidi"
              disabled={!!one.truncated}
              title="Show these rows"
              onClick={() => grid.filter(about.name, { column: about.name, kind: "values", values: [one.value] })}
            >
              {short(text(one.value), shown) || "(empty text)"}
            </button>
            <meter aria-hidden="true" max={most} value={one.count} />
            <span class="number">{count(one.count)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};

/** What a column has: of the column in which the person is. */
const Summary = ({ grid }: { grid: Grid }) => {
  const name = grid.nameAt(grid.active.value.column);
  const { about, histogram, error } = useAbout(grid, name);
  const columns = grid.columns.value;
  const outliers = about?.outliers;
  return (
    <div class="stack summary">
      <select aria-label="Column" value={name} onChange={(event) => grid.move(grid.active.value.row, columns.findIndex((one) => one.name === event.currentTarget.value))}>
        {columns.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
      {error && <p class="message error bidi">{error}</p>}
      {!about && !error && <p class="soft">Computing…</p>}
      {about && (
        <>
          <p class="soft mono">{about.dtype}</p>
          {histogram && histogram.counts.length > 0 && <Histogram histogram={histogram} />}
          <Numbers about={about} />
          {outliers && (
            <p class="row">
              <span class="grow">
                {outliers.count === 0 ? "No outliers" : `${count(outliers.count)} outliers, below ${figure(outliers.lower_bound)} or above ${figure(outliers.upper_bound)}`}
              </span>
              {outliers.count > 0 && outliers.lower_bound !== null && outliers.upper_bound !== null && (
                <button class="button small" onClick={() => grid.filter(name, { column: name, kind: "outside", low: outliers.lower_bound!, high: outliers.upper_bound! })}>
                  Show rows
                </button>
              )}
            </p>
          )}
          {about.top && about.top.length > 0 && <Top grid={grid} about={about} />}
        </>
      )}
    </div>
  );
};

export default Summary;
