import "./timeline.css";
import { useState } from "preact/hooks";
import type { Grid } from "../grid/model.ts";
import type { Version } from "../session/history.ts";
import { panel } from "../session/panels.ts";
import { bytes, moment, plural } from "../ui/format.ts";
import { compared } from "./compare.tsx";
import { NameForm } from "./names.tsx";
import { RecipeDialog } from "./recipe.tsx";
import { useVersions } from "./versions.ts";

/** What a version did to the number of rows. */
const change = (version: Version, first: boolean): string => {
  const rows = version.rows_after - version.rows_before;
  if (first || rows === 0) return plural(version.rows_after, "row");
  return `${plural(Math.abs(rows), "row")} ${rows > 0 ? "more" : "less"}`;
};

interface EntryProps {
  grid: Grid;
  version: Version;
  first: boolean;
}

const Entry = ({ grid, version, first }: EntryProps) => {
  const { model } = grid;
  const [naming, setNaming] = useState(false);
  const id = version.version_id;
  const now = model.document.value!.current_version;
  const current = id === now;
  const looked = id === model.version.value;
  const busy = !!model.busy.value || !!model.gone.value;
  const called = version.name ? "Rename" : "Name";
  const compare = () => {
    compared.value = { session: model.id, from: id, to: now };
    panel.value = "compare";
  };
  const restore = () => void grid.edits.idle().then(() => model.run("Restoring", () => model.session.restore(id))).then((ok) => ok && model.look());
  return (
    <li class={`${current ? "current" : ""} ${looked ? "looked" : ""} ${version.name ? "named" : ""}`}>
      <div class="line">
        <strong>v{id}</strong>
        <span class="grow bidi">
          {version.name && (
            <strong class="version-name bidi">{version.name}</strong>
          )}
          {version.action_summary}
        </span>
        <button class={`icon star ${version.name ? "on" : ""}`} title={called} aria-label={`${called} version ${id}`} disabled={busy} onClick={() => setNaming(!naming)}>
          {version.name ? "★" : "☆"}
        </button>
      </div>
      <p class="soft">
        {[version.actor, moment(version.timestamp), change(version, first), `${bytes(version.new_bytes)} new`].filter(Boolean).join(" · ")}
      </p>
      {naming ? (
        <NameForm model={model} version={version} onClose={() => setNaming(false)} />
      ) : (
        <div class="row">
          {current && <span class="tag">current</span>}
          {looked && !current && <span class="tag">shown</span>}
          {!looked && (
            <button class="button small" aria-label={`Look at it, version ${id}`} onClick={() => void model.look(current ? undefined : id)}>
              Look at it
            </button>
          )}
          {!current && (
            <>
              <button class="button small" aria-label={`Restore version ${id}`} disabled={busy} onClick={restore}>
                Restore
              </button>
              <button class="button small" aria-label={`Compare version ${id} with the current one`} disabled={busy} onClick={compare}>
                Compare
              </button>
            </>
          )}
        </div>
      )}
    </li>
  );
};

/** What has happened to the table. */
const Timeline = ({ grid }: { grid: Grid }) => {
  const { versions, error } = useVersions(grid.model);
  const [recipe, setRecipe] = useState(false);
  return (
    <div class="stack">
      <div class="row">
        <button class="button small" disabled={versions.length < 2 || !!grid.model.gone.value} onClick={() => (panel.value = "compare")}>
          Compare two…
        </button>
        <button class="button small" disabled={!!grid.model.gone.value} onClick={() => setRecipe(true)}>
          Recipe…
        </button>
      </div>
      {error && <p class="message error bidi">{error}</p>}
      <ol class="timeline">
        {versions.map((version, i) => (
          <Entry key={version.version_id} grid={grid} version={version} first={i === versions.length - 1} />
        ))}
      </ol>
      {recipe && <RecipeDialog grid={grid} onClose={() => setRecipe(false)} />}
    </div>
  );
};

export default Timeline;
