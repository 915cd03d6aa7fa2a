import "./timeline.css";
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { isAbort, sentence } from "../app/api.ts";
import { announce } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import type { Diff, Version } from "../session/history.ts";
import { panel } from "../session/panels.ts";
import { Select } from "../ui/field.tsx";
import { count, plural } from "../ui/format.ts";
import { Changes, RowList } from "./changes.tsx";
import { useVersions } from "./versions.ts";

/** The versions that are compared. */
export const compared = signal<{ session: string; from: number; to: number } | undefined>(undefined);

const page = 10_000;
/** How many differences are read, at most. */
const most = 100_000;

interface Answer {
  diff?: Diff;
  /** Whether all differences were read. */
  whole?: boolean;
  error?: string;
}

/** Reads what differs page by page: the first page is shown at once. */
const useDiff = (grid: Grid, from: number | undefined, to: number | undefined, key: string): Answer => {
  const [answer, setAnswer] = useState<Answer>({});
  useEffect(() => {
    if (from === undefined || to === undefined || grid.model.gone.value) return;
    const stop = new AbortController();
    setAnswer({});
    const of = (offset: number) => grid.model.history.diff(from, to, { key: key || undefined, offset, limit: page, signal: stop.signal });
    const read = async () => {
      const all = await of(0);
      announce(`${plural(all.cells_changed, "cell")} differ`);
      for (let part = all; ; ) {
        const end = part.offset + part.returned;
        const whole = !part.next || part.returned === 0;
        setAnswer({ diff: { ...all }, whole });
        if (whole || end >= most) return;
        part = await of(end);
        for (const name of ["changes", "added_rows", "removed_rows"] as const) (all[name] as unknown[]).push(...part[name]);
      }
    };
    read().catch((error) => isAbort(error) || setAnswer({ error: sentence(error) }));
    return () => stop.abort();
  }, [from, to, key]);
  return answer;
};

/** What differs in the columns, a line for each kind. */
const columnLines = ({ columns }: Diff): string[] => {
  const said = (what: string, names: string[]) => (names.length ? [`${what}: ${names.join(", ")}`] : []);
  return [
    ...said("new", columns.added.map((one) => one.name)),
    ...said("dropped", columns.dropped.map((one) => one.name)),
    ...said("renamed", columns.renamed.map((one) => `${one.from} → ${one.to}`)),
    ...said("other type", columns.retyped.map((one) => `${one.name}, ${one.from} → ${one.to}`)),
    ...said("moved", columns.moved),
  ];
};

const Numbers = ({ diff }: { diff: Diff }) => {
  const { rows, cells_changed } = diff;
  const facts: [string, number][] = [
    ["cells changed", cells_changed],
    ["rows added", rows.added],
    ["rows removed", rows.removed],
    ["rows moved", rows.moved],
  ];
  return (
    <dl class="figures">
      {facts.map(([name, n]) => (
        <div key={name} class={n ? "" : "soft"}>
          <dt>{name}</dt>
          <dd>{count(n)}</dd>
        </div>
      ))}
    </dl>
  );
};

/** How many cells of each column differ, most first. */
const PerColumn = ({ diff, whole }: { diff: Diff; whole: boolean }) => {
  const counts = new Map<string, number>();
  for (const { column } of diff.changes) counts.set(column, (counts.get(column) ?? 0) + 1);
  if (counts.size === 0) return null;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const greatest = sorted[0]![1];
  return (
    <section>
      <h3>Changed cells by column{whole ? "" : `, of the first ${count(diff.changes.length)}`}</h3>
      <ul class="by-column">
        {sorted.slice(0, 50).map(([name, n]) => (
          <li key={name}>
            <span class="bidi">{name}</span>
            <meter aria-hidden="true" max={greatest} value={n} />
            <span class="number">{count(n)}</span>
          </li>
        ))}
      </ul>
      {sorted.length > 50 && <p class="soft">and {plural(sorted.length - 50, "column")} more</p>}
    </section>
  );
};

const label = (version: Version, current: number) => `v${version.version_id}${version.version_id === current ? ", current" : ""} · ${version.name ? `★ ${version.name}` : version.action_summary}`;

/** What differs between two versions. */
const Compare = ({ grid }: { grid: Grid }) => {
  const { model } = grid;
  const { versions, error: failure } = useVersions(model);
  const current = model.document.value!.current_version;
  const known = compared.value?.session === model.id ? compared.value : undefined;
  const has = (id: number | undefined) => versions.some((one) => one.version_id === id);
  const to = has(known?.to) ? known!.to : versions.length ? current : undefined;
  const from = has(known?.from) ? known!.from : (versions.find((one) => one.version_id !== to)?.version_id ?? to);
  const [key, setKey] = useState("");
  const { diff: found, whole = false, error } = useDiff(grid, from, to, key);
  const options = versions.map((one): [string, string] => [String(one.version_id), label(one, current)]);
  const choose = (change: { from?: number; to?: number }) => (compared.value = { session: model.id, from: from!, to: to!, ...change });
  return (
    <div class="stack compare-versions">
      <button class="link back" onClick={() => (panel.value = "timeline")}>
        ← Timeline
      </button>
      {versions.length === 1 && <p class="message">There is one version. Nothing can be compared yet.</p>}
      <div class="two">
        <Select label="From" value={String(from ?? "")} options={options} onChange={(id) => choose({ from: Number(id) })} />
        <button class="icon" aria-label="Swap the versions" title="Swap the versions" onClick={() => choose({ from: to!, to: from! })}>
          ⇄
        </button>
        <Select label="To" value={String(to ?? "")} options={options} onChange={(id) => choose({ to: Number(id) })} />
      </div>
      <Select
        label="Which row is which"
        value={key}
        options={[["", "as the changes in between moved them"], ...model.columns.value.slice(0, 500).map((one): [string, string] => [one.name, `rows with the same ${one.name}`])]}
        onChange={setKey}
      />
      {(error || failure) && (
        <p class="message error bidi" role="alert">
          {error || failure}
        </p>
      )}
      {!found && !error && from !== undefined && <p class="soft">Comparing…</p>}
      {found && (
        <>
          {found.aligned_by === "position" && <p class="message warn">It is not known which row became which. Rows are compared by their place.</p>}
          <Numbers diff={found} />
          {found.total === 0 && found.rows.moved === 0 && columnLines(found).length === 0 && <p class="message">The two versions have the same cells.</p>}
          {columnLines(found).length > 0 && (
            <section>
              <h3>Columns</h3>
              {columnLines(found).map((line) => (
                <p key={line} class="bidi">
                  {line}
                </p>
              ))}
            </section>
          )}
          <PerColumn diff={found} whole={whole} />
          {found.changes.length > 0 && <Changes grid={grid} diff={found} />}
          <RowList grid={grid} title="Rows added" version={found.to} rows={found.added_rows} all={found.rows.added} />
          <RowList grid={grid} title="Rows removed" version={found.from} rows={found.removed_rows} all={found.rows.removed} />
        </>
      )}
    </div>
  );
};

export default Compare;
