import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "edgeframe-client";
import { sentence } from "../app/api.ts";
import { Popover } from "../ui/popover.tsx";
import { count, short, text } from "../ui/format.ts";
import { isText, sameValue } from "../ui/types.ts";
import { comparisons, comparisonsOf, conditionOf, type Comparison, type Filter } from "./filters.ts";
import type { Grid } from "./model.ts";
import { panel } from "../session/panels.ts";

type Values = Schemas["DistinctValues"];
const most = 100;
const shown = 40;

/** The values of a column that the other filters leave, with their numbers. */
const useValues = (grid: Grid, column: string, search: string) => {
  const [answer, setAnswer] = useState<{ values?: Values; error?: string }>({});
  useEffect(() => {
    const stop = new AbortController();
    const others = grid.filters.value.filter((one) => one.column !== column);
    const where = conditionOf(others, grid.model.dtypes.value);
    const ask = () =>
      grid.model.session
        .distinct(column, { limit: most, version: grid.model.version.value, signal: stop.signal, ...(search && { search }), ...(where && { where }) })
        .then(
          (values) => setAnswer({ values }),
          (error) => stop.signal.aborted || setAnswer({ error: sentence(error) }),
        );
    const timer = setTimeout(ask, search ? 150 : 0);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [column, search]);
  return answer;
};

/** The values that can be ticked. */
const ValueList = ({ grid, column, search }: { grid: Grid; column: string; search: string }) => {
  const { values, error } = useValues(grid, column, search);
  const filter = grid.filters.value.find((one) => one.column === column);
  const chosen = filter?.kind === "values" ? filter.values : [];
  const has = (value: unknown) => chosen.some((one) => sameValue(one, value));
  const toggle = (value: unknown) => {
    const next = has(value) ? chosen.filter((one) => !sameValue(one, value)) : [...chosen, value];
    grid.filter(column, next.length ? { column, kind: "values", values: next } : undefined);
  };
  if (error) return <p class="message error">{error}</p>;
  if (!values) return <p class="soft waiting-list">Counting…</p>;
  const list: { value: unknown; count: number }[] = [...(values.missing && !search ? [{ value: null, count: values.missing }] : []), ...values.values];
  if (list.length === 0) return <p class="soft waiting-list">No value has this text.</p>;
  return (
    <>
      <ul class="values">
        {list.map((one) => (
          <li key={text(one.value)}>
            <label class="check">
              <input type="checkbox" checked={has(one.value)} onChange={() => toggle(one.value)} />
              <span class={`grow bidi ${one.value === null ? "soft" : ""}`}>{one.value === null ? "missing" : short(text(one.value), shown) || "(empty text)"}</span>
              <span class="soft">{count(one.count)}</span>
            </label>
          </li>
        ))}
      </ul>
      {values.distinct > values.values.length && (
        <p class="soft more">
          {count(values.values.length)} of {count(values.distinct)} values; search for the others
        </p>
      )}
    </>
  );
};

const Compare = ({ grid, column, dtype, close }: { grid: Grid; column: string; dtype: string; close: () => void }) => {
  const filter = grid.filters.value.find((one) => one.column === column);
  const known = filter?.kind === "compare" ? filter : undefined;
  const offered = comparisonsOf(dtype);
  const [cmp, setCmp] = useState<Comparison>(known?.cmp ?? offered[0]!);
  const [typed, setTyped] = useState(known?.typed ?? "");
  const none = cmp === "is_null" || cmp === "not_null";
  return (
    <form
      class="compare"
      onSubmit={(event) => {
        event.preventDefault();
        const next: Filter = { column, kind: "compare", cmp, typed };
        grid.filter(column, none || typed !== "" ? next : undefined);
        close();
      }}
    >
      <select aria-label="Comparison" value={cmp} onChange={(event) => setCmp(event.currentTarget.value as Comparison)}>
        {offered.map((one) => (
          <option key={one} value={one}>
            {comparisons[one]}
          </option>
        ))}
      </select>
      {!none && <input aria-label="Value to compare with" value={typed} spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />}
      <button class="button">Filter</button>
    </form>
  );
};

/** What can be done with a column: sort, filter by its values, hide, look at its numbers. */
export const ColumnMenu = ({ grid }: { grid: Grid }) => {
  const { column: name, anchor } = grid.menu.value!;
  const [search, setSearch] = useState("");
  const column = grid.model.columns.value.find((one) => one.name === name);
  if (!column) return null;
  const close = () => (grid.menu.value = undefined);
  const countable = !/^(list|large_list|fixed_size_list|struct|map|union)/.test(column.dtype);
  const filtered = grid.filters.value.some((one) => one.column === name);
  const sorted = grid.sorting.value.some((one) => one.column === name);
  const others = grid.sorting.value.some((one) => one.column !== name);
  const act = (run: () => void) => () => {
    close();
    grid.focus();
    run();
  };
  return (
    <Popover anchor={anchor} label={`Column ${name}`} onClose={close} onEscape={grid.focus}>
      <div class="column-menu">
        {countable && (
          <input
            class="search"
            type="search"
            aria-label={`Search the values of ${name}`}
            placeholder={`Search in ${short(name, 24)}`}
            value={search}
            spellcheck={false}
            onInput={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || !search || !isText(column.dtype)) return;
              grid.filter(name, { column: name, kind: "compare", cmp: "contains", typed: search });
              act(() => undefined)();
            }}
          />
        )}
        {countable && <ValueList grid={grid} column={name} search={search} />}
        {countable && <Compare grid={grid} column={name} dtype={column.dtype} close={act(() => undefined)} />}
        {filtered && (
          <button class="item" onClick={act(() => grid.filter(name, undefined))}>
            Remove the filter
          </button>
        )}
        <hr />
        {(
          [
            [false, false, "Sort ascending"],
            [false, true, "Sort descending"],
            ...(others ? ([[true, false, "Then sort by it, ascending"], [true, true, "Then sort by it, descending"]] as const) : []),
          ] as const
        ).map(([add, descending, label]) => (
          <button key={label} class="item" onClick={act(() => grid.sortBy(name, add, descending))}>
            {label}
          </button>
        ))}
        {sorted && (
          <button class="item" onClick={act(() => (grid.sort.value = grid.sort.value.filter((one) => one.column !== name)))}>
            Do not sort by it
          </button>
        )}
        <button
          class="item"
          onClick={act(() => {
            grid.move(grid.active.value.row, grid.columns.value.findIndex((one) => one.name === name));
            panel.value = "column";
          })}
        >
          Look at its values
        </button>
        <button class="item" onClick={act(() => grid.hide(name, true))}>
          Hide
        </button>
      </div>
    </Popover>
  );
};
