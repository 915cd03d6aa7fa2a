import { short, text, count } from "../ui/format.ts";
import type { Change } from "./edits.ts";
import type { Grid } from "./model.ts";

const shown = 40;
const most = 5;

const value = (one: unknown) => (one === null || one === undefined ? "missing" : `“${short(text(one), shown)}”`);

const Conflict = ({ grid, change }: { grid: Grid; change: Change }) => (
  <div class="conflict" role="alert">
    <span class="grow bidi">
      <strong>
        {change.column}, row {count(change.row)}
      </strong>
      : {change.state === "conflict" ? `somebody set ${value(change.theirs)} while you typed ${value(change.value)}` : `${value(change.value)} is not accepted. ${change.reason}`}
    </span>
    <button class="button small" onClick={() => grid.edits.drop(change)}>
      {change.state === "conflict" ? "Theirs" : "Leave it as it was"}
    </button>
    {change.state === "conflict" ? (
      <button class="button small" onClick={() => grid.edits.insist(change)}>
        Mine
      </button>
    ) : (
      <button class="button small" onClick={() => grid.edits.retry([change])}>
        Try again
      </button>
    )}
  </div>
);

/** The cells that were not saved, and what can be done about each. */
export const Conflicts = ({ grid }: { grid: Grid }) => {
  const open = [...grid.edits.changes.value.values()].filter((one) => one.state === "conflict" || one.state === "refused");
  if (open.length === 0) return null;
  return (
    <div class="conflicts">
      {open.slice(0, most).map((one) => (
        <Conflict key={`${one.row}:${one.column}`} grid={grid} change={one} />
      ))}
      {open.length > most && (
        <div class="conflict">
          <span class="grow">and {count(open.length - most)} cells more</span>
          <button class="button small" onClick={() => open.forEach((one) => grid.edits.drop(one))}>
            Leave all as they are
          </button>
        </div>
      )}
    </div>
  );
};
