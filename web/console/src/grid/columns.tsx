import { useState } from "preact/hooks";
import { count, plural } from "../ui/format.ts";
import type { Grid } from "./model.ts";

const most = 300;

/** The choice of the columns that are shown. */
export const ColumnChooser = ({ grid }: { grid: Grid }) => {
  const [search, setSearch] = useState("");
  const all = grid.model.columns.value;
  const found = all.filter((one) => one.name.toLowerCase().includes(search.toLowerCase()));
  return (
    <div class="stack">
      <input type="search" aria-label="Search columns" placeholder="Search columns" value={search} spellcheck={false} onInput={(event) => setSearch(event.currentTarget.value)} />
      <div class="row">
        <button class="button small" onClick={() => (grid.hidden.value = new Set())}>
          Show all
        </button>
        <button class="button small" disabled={!search || found.length === 0} onClick={() => (grid.hidden.value = new Set(all.filter((one) => !found.includes(one)).map((one) => one.name)))}>
          Show only these
        </button>
        <span class="soft">{plural(all.length - grid.hidden.value.size, "column")} shown</span>
      </div>
      <ul class="choices">
        {found.slice(0, most).map((one) => (
          <li key={one.name}>
            <label class="check">
              <input type="checkbox" checked={!grid.hidden.value.has(one.name)} onChange={(event) => grid.hide(one.name, !event.currentTarget.checked)} />
              <span class="grow bidi">{one.name}</span>
              <span class="soft">{one.dtype}</span>
            </label>
          </li>
        ))}
      </ul>
      {found.length > most && <p class="soft">and {count(found.length - most)} more; search for them</p>}
    </div>
  );
};
