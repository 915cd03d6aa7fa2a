import { useState } from "preact/hooks";
import type { Grid, SortKey } from "../grid/model.ts";
import { count } from "../ui/format.ts";

/** How many columns are listed. */
const most = 500;
/** More columns than these can be searched. */
const many = 20;

interface Props {
  grid: Grid;
  chosen: string[];
  choose: (columns: string[]) => void;
}

/** The columns that an operation takes. */
export const Columns = ({ grid, legend, chosen, choose }: Props & { legend: string }) => {
  const [search, setSearch] = useState("");
  const every = grid.model.columns.value;
  const all = search ? every.filter((one) => one.name.toLowerCase().includes(search.toLowerCase())) : every;
  const toggle = (name: string) => choose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <fieldset>
      <legend>{legend}</legend>
      {every.length > many && (
        <input type="search" aria-label="Search columns" placeholder={`Search ${count(every.length)} columns, ${count(chosen.length)} chosen`} value={search} spellcheck={false} onInput={(event) => setSearch(event.currentTarget.value)} />
      )}
      <ul class="choices" tabIndex={0} aria-label="Columns to choose">
        {all.slice(0, most).map((one) => (
          <li key={one.name}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(one.name)} onChange={() => toggle(one.name)} />
              <span class="grow bidi">{one.name}</span>
              <span class="soft">{one.missing ? `${count(one.missing)} missing` : one.dtype}</span>
            </label>
          </li>
        ))}
      </ul>
      {all.length > most && <p class="soft">and {count(all.length - most)} more; search for them</p>}
    </fieldset>
  );
};

/** A button with a sign, for one entry of a list. */
const Small = ({ sign, label, disabled = false, act }: { sign: string; label: string; disabled?: boolean; act: () => void }) => (
  <button type="button" class="icon" aria-label={label} title={label} disabled={disabled} onClick={act}>
    {sign}
  </button>
);

const moved = <T,>(list: T[], from: number, to: number): T[] => {
  const rest = list.toSpliced(from, 1);
  return rest.toSpliced(to, 0, list[from]!);
};

/** Columns in an order that can be changed; the others can be added at the end. */
export const Ordered = ({ grid, chosen, choose }: Props) => {
  const others = grid.model.columns.value.map((one) => one.name).filter((one) => !chosen.includes(one));
  return (
    <fieldset>
      <legend>Columns that stay, in this order</legend>
      <ol class="choices" tabIndex={0} aria-label="Columns that stay">
        {chosen.slice(0, most).map((name, i) => (
          <li key={name} class="entry">
            <span class="grow bidi">{name}</span>
            <Small sign="↑" label={`${name}: up`} disabled={i === 0} act={() => choose(moved(chosen, i, i - 1))} />
            <Small sign="↓" label={`${name}: down`} disabled={i === chosen.length - 1} act={() => choose(moved(chosen, i, i + 1))} />
            <Small sign="✕" label={`${name}: drop`} disabled={chosen.length === 1} act={() => choose(chosen.toSpliced(i, 1))} />
          </li>
        ))}
      </ol>
      {others.length > 0 && (
        <select aria-label="Add a column" value="" onChange={(event) => choose([...chosen, event.currentTarget.value])}>
          <option value="">Add a column…</option>
          {others.slice(0, most).map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
};

/** The columns by which rows are sorted; the first matters most. */
export const Keys = ({ grid, keys, set }: { grid: Grid; keys: SortKey[]; set: (keys: SortKey[]) => void }) => {
  const every = grid.model.columns.value.map((one) => one.name);
  const names = every.length > most ? [...new Set([...keys.map((one) => one.column), ...every.slice(0, most)])] : every;
  const free = names.find((one) => !keys.some((key) => key.column === one));
  const change = (i: number, key: Partial<SortKey>) => set(keys.map((one, j) => (j === i ? { ...one, ...key } : one)));
  return (
    <fieldset class="keys-of-sort">
      <legend>By</legend>
      <ol>
        {keys.map((key, i) => (
          <li key={key.column}>
            <select aria-label={`Column ${i + 1}`} value={key.column} onChange={(event) => change(i, { column: event.currentTarget.value })}>
              {names
                .filter((one) => one === key.column || !keys.some((other) => other.column === one))
                .map((one) => (
                  <option key={one}>{one}</option>
                ))}
            </select>
            <select aria-label={`Order of ${key.column}`} value={key.descending ? "desc" : ""} onChange={(event) => change(i, { descending: !!event.currentTarget.value })}>
              <option value="">ascending</option>
              <option value="desc">descending</option>
            </select>
            <Small sign="✕" label={`Do not sort by ${key.column}`} disabled={keys.length === 1} act={() => set(keys.toSpliced(i, 1))} />
          </li>
        ))}
      </ol>
      {free !== undefined && (
        <button type="button" class="button small" onClick={() => set([...keys, { column: free, descending: false }])}>
          Then by…
        </button>
      )}
    </fieldset>
  );
};
