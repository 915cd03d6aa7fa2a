import "./timeline.css";
import { useEffect, useState } from "preact/hooks";
import type { Schemas } from "edgeframe-client";
import { isAbort, sentence } from "../app/api.ts";
import type { Grid } from "../grid/model.ts";
import { bytes, clock, plural } from "../ui/format.ts";

type Version = Schemas["Version"];

/** The versions that are kept, read anew after each change. */
const useVersions = (grid: Grid) => {
  const [answer, setAnswer] = useState<{ versions: Version[]; error?: string }>({ versions: [] });
  const revision = grid.model.document.value?.revision;
  useEffect(() => {
    if (grid.model.gone.value) return;
    const stop = new AbortController();
    grid.model.session.versions({ signal: stop.signal }).then(
      ({ versions }) => setAnswer({ versions }),
      (error) => isAbort(error) || setAnswer((before) => ({ ...before, error: sentence(error) })),
    );
    return () => stop.abort();
  }, [revision]);
  return answer;
};

/** What a version did to the number of rows. */
const change = (version: Version, first: boolean): string => {
  const rows = version.rows_after - version.rows_before;
  if (first || rows === 0) return plural(version.rows_after, "row");
  return `${plural(Math.abs(rows), "row")} ${rows > 0 ? "more" : "less"}`;
};

const Entry = ({ grid, version, first }: { grid: Grid; version: Version; first: boolean }) => {
  const { model } = grid;
  const id = version.version_id;
  const current = id === model.document.value!.current_version;
  const looked = id === model.version.value;
  return (
    <li class={`${current ? "current" : ""} ${looked ? "looked" : ""}`}>
      <div class="line">
        <strong>v{id}</strong>
        <span class="grow bidi">{version.action_summary}</span>
      </div>
      <p class="soft">
        {[clock(version.timestamp), version.actor, change(version, first), `${bytes(version.new_bytes)} new`].filter(Boolean).join(" · ")}
      </p>
      <div class="row">
        {current && <span class="tag">current</span>}
        {!looked && (
          <button class="button small" onClick={() => (current ? (model.past.value = undefined) : void model.look(id))}>
            Look at it
          </button>
        )}
        {looked && !current && <span class="tag">shown</span>}
        {!current && (
          <button
            class="button small"
            disabled={!!model.busy.value || !!model.gone.value}
            onClick={() => void grid.edits.idle().then(() => model.run("Restoring", () => model.session.restore(id))).then((ok) => ok && (model.past.value = undefined))}
          >
            Restore
          </button>
        )}
      </div>
    </li>
  );
};

/** What has happened to the table. */
const Timeline = ({ grid }: { grid: Grid }) => {
  const { versions, error } = useVersions(grid);
  const ordered = [...versions].sort((a, b) => b.version_id - a.version_id);
  return (
    <div class="stack">
      {error && <p class="message error bidi">{error}</p>}
      <ol class="timeline">
        {ordered.map((version, i) => (
          <Entry key={version.version_id} grid={grid} version={version} first={i === ordered.length - 1} />
        ))}
      </ol>
    </div>
  );
};

export default Timeline;
