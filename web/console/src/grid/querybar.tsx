import { count, plural } from "../ui/format.ts";
import { Menu } from "../ui/popover.tsx";
import { panel } from "../session/panels.ts";
import { describe } from "./filters.ts";
import type { Grid } from "./model.ts";

const Chip = ({ label, name, remove }: { label: string; name: string; remove: () => void }) => (
  <span class="chip">
    <span class="bidi">{label}</span>
    <button class="icon" aria-label={name} onClick={remove}>
      ✕
    </button>
  </span>
);

/** The line above the grid: what it shows, and what can be done with rows. */
export const QueryBar = ({ grid }: { grid: Grid }) => {
  const filters = grid.filters.value;
  const sort = grid.sorting.value;
  const all = grid.model.rows.value;
  const matched = grid.matched.value;
  const { top, bottom } = grid.area.value;
  const selected = bottom - top + 1;
  const hidden = grid.hidden.value.size;
  const can = grid.model.editable.value;
  return (
    <div class="querybar">
      {filters.map((one) => (
        <Chip key={one.column} label={describe(one)} name={`Remove the filter of ${one.column}`} remove={() => grid.filter(one.column, undefined)} />
      ))}
      {sort.length > 0 && (
        <Chip label={`sorted by ${sort.map((one) => `${one.column} ${one.descending ? "↓" : "↑"}`).join(", ")}`} name="Do not sort" remove={() => (grid.sort.value = [])} />
      )}
      {filters.length === 0 && sort.length === 0 && !grid.model.news.value && <span class="soft hint">A click on a name sorts; its ▾ filters.</span>}
      {grid.model.news.value && <span class="news bidi">{grid.model.news.value}</span>}
      <span class="grow" />
      <span class="count" aria-live="off">
        {filters.length ? `${count(matched)} of ${plural(all, "row")}` : plural(matched, "row")}
      </span>
      <Menu
        label="Rows"
        name="Rows"
        class="small"
        disabled={!can}
        items={[
          { label: "Insert a row above", run: () => void grid.insertRow(false) },
          { label: "Insert a row below", run: () => void grid.insertRow(true) },
          { label: `Delete ${selected > 1 ? plural(selected, "row") : "the row"}`, disabled: matched === 0, run: () => void grid.deleteRows() },
        ]}
      />
      <button class="button small" aria-pressed={panel.value === "columns"} onClick={() => (panel.value = panel.value === "columns" ? undefined : "columns")}>
        Columns{hidden > 0 && ` (${hidden} hidden)`}
      </button>
    </div>
  );
};
