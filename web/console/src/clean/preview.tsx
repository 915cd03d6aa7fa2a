import type { Schemas } from "edgeframe-client";
import { ChangedCells, Value } from "../ui/cells.tsx";
import { count, figure, plural, short } from "../ui/format.ts";

type DryRun = Schemas["DryRun"];

const totals = (answer: DryRun): string[] => {
  const cells = answer.operations.reduce((sum, one) => sum + one.cells, 0);
  const coerced = answer.operations.reduce((sum, one) => sum + one.coerced, 0);
  const removed = answer.rows_before - answer.rows_after;
  const added = answer.columns_after.filter((one) => !answer.columns_before.includes(one));
  const dropped = answer.columns_before.filter((one) => !answer.columns_after.includes(one));
  const inserted = Math.max(0, -removed);
  const ordered = answer.columns_after.join("\0") !== answer.columns_before.join("\0");
  return [
    answer.rows_affected > 0 && cells === 0 && removed === 0 && !ordered ? `${plural(answer.rows_affected, "row")} at another place` : answer.rows_affected || cells ? `${plural(answer.rows_affected, "row")}, ${plural(cells, "cell")}` : !ordered && "Nothing would change",
    removed > 0 && `${plural(removed, "row")} removed, ${(100 * answer.share_lost).toFixed(1)} % of the table`,
    inserted > 0 && `${plural(inserted, "row")} inserted`,
    coerced > 0 && `${plural(coerced, "value")} would become missing`,
    added.length > 0 && `new: ${added.join(", ")}`,
    ordered && added.length + dropped.length === 0 && `columns: ${short(answer.columns_after.join(", "), 400)}`,
    dropped.length > 0 && `dropped: ${dropped.join(", ")}`,
  ].filter((one): one is string => !!one);
};

/** What an edit would do. */
export const Preview = ({ answer }: { answer: DryRun }) => (
  <div class="stack preview">
    <div class="message">
      {totals(answer).map((one) => (
        <p key={one} class="bidi">
          {one}
        </p>
      ))}
    </div>
    {Object.keys(answer.statistics).length > 0 && (
      <table class="plain-table">
        <thead>
          <tr>
            <th>column</th>
            <th />
            <th class="number">before</th>
            <th class="number">after</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(answer.statistics)
            .slice(0, 20)
            .flatMap(([name, { before, after }]) =>
              (["mean", "std", "missing"] as const).map((measure, i) => (
                <tr key={`${name}:${measure}`}>
                  <td class="bidi">{i === 0 ? name : ""}</td>
                  <td class="soft measure">{measure}</td>
                  <td class="number">{before[measure] === null ? "–" : figure(before[measure])}</td>
                  <td class={`number ${before[measure] === after[measure] ? "soft" : ""}`}>{after[measure] === null ? "–" : figure(after[measure])}</td>
                </tr>
              )),
            )}
        </tbody>
      </table>
    )}
    {answer.samples.length > 0 && (
      <ChangedCells
        cells={answer.samples.map((one) => ({
          key: `${one.row}:${one.column}`,
          row: count(one.row),
          column: one.column,
          before: <Value value={one.before} />,
          after: one.removed ? <span class="bad">row removed</span> : <Value value={one.after} />,
        }))}
      />
    )}
  </div>
);
