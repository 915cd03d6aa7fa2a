import "./session.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { lazy } from "../app/lazy.tsx";
import { Conflicts } from "../grid/conflicts.tsx";
import { ColumnChooser } from "../grid/columns.tsx";
import { ColumnMenu } from "../grid/menu.tsx";
import { keyList } from "../grid/keys.ts";
import { Grid } from "../grid/model.ts";
import { QueryBar } from "../grid/querybar.tsx";
import { Table } from "../grid/table.tsx";
import { pathOf } from "../app/route.ts";
import { files, sending, upload } from "../start/upload.ts";
import { Dialog } from "../ui/dialog.tsx";
import { clock } from "../ui/format.ts";
import { SessionBar } from "./bar.tsx";
import { Model } from "./model.ts";
import { panel, type Panel } from "./panels.ts";
import { exportRows } from "./rescue.ts";

const Clean = lazy(() => import("../clean/clean.tsx"));
const Summary = lazy(() => import("../column/summary.tsx"));
const Timeline = lazy(() => import("../timeline/timeline.tsx"));
const Compare = lazy(() => import("../timeline/compare.tsx"));
const CellPanel = lazy(() => import("../timeline/cell.tsx"));

const titles: Record<Panel, string> = { columns: "Columns", column: "Column", clean: "Clean", timeline: "Timeline", compare: "Compare versions", cell: "History of a cell" };

const Keys = ({ onClose }: { onClose: () => void }) => (
  <Dialog title="Keys" onClose={onClose}>
    <dl class="keys">
      {keyList.map(([keys, what]) => (
        <div key={what}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  </Dialog>
);

/** The bar across the grid that says why the table is not as it is now. */
const State = ({ grid }: { grid: Grid }) => {
  const { model } = grid;
  const known = files.get(model.id);
  if (model.gone.value)
    return (
      <div class="state warn" role="status">
        <span class="grow">
          The session was gone at {clock(model.gone.value)}. What was read last stays here.
        </span>
        {sending.value && <span role="status">Sending {sending.value.name}…</span>}
        {known ? (
          <button class="button small" disabled={!!sending.value} onClick={() => void upload(known.file, known.options)}>
            Upload again
          </button>
        ) : (
          <a class="button small" href={pathOf({ view: "start" })}>
            Upload again
          </a>
        )}
        <button class="button small" onClick={() => exportRows(grid)}>
          Export what is on screen
        </button>
      </div>
    );
  const past = model.past.value?.version;
  if (past === undefined) return null;
  return (
    <div class="state" role="status">
      <span class="grow">You look at version {past}, which is not the current one.</span>
      <button class="button small" onClick={() => void model.run("Restoring", () => model.session.restore(past)).then((ok) => ok && model.look())}>
        Restore this version
      </button>
      <button class="button small" onClick={() => void model.look()}>
        Back to the current one
      </button>
    </div>
  );
};

const Beside = ({ grid }: { grid: Grid }) => {
  const shown = panel.value;
  if (!shown) return null;
  const close = () => {
    panel.value = undefined;
    grid.focus();
  };
  return (
    <aside class={`panel ${shown === "compare" ? "wide" : ""}`} aria-label={titles[shown]} onKeyDown={(event) => event.key === "Escape" && !(event.target as Element).closest("dialog") && close()}>
      <header>
        <h2>{titles[shown]}</h2>
        <button class="icon" aria-label="Close the panel" onClick={close}>
          ✕
        </button>
      </header>
      <div class="content" tabIndex={0} role="region" aria-label={`${titles[shown]}, content`}>
        {shown === "columns" && <ColumnChooser grid={grid} />}
        {shown === "column" && <Summary grid={grid} />}
        {shown === "clean" && <Clean grid={grid} />}
        {shown === "timeline" && <Timeline grid={grid} />}
        {shown === "compare" && <Compare grid={grid} />}
        {shown === "cell" && <CellPanel grid={grid} />}
      </div>
    </aside>
  );
};

/** The tables that were left while the server did not have all changes yet. */
const unsent = new Map<string, Grid>();

addEventListener("beforeunload", (event) => {
  // Changes that were not answered would be lost with the page.
  if ([...unsent.values()].some((grid) => grid.edits.changes.value.size > 0)) event.preventDefault();
});

const SessionView = ({ id }: { id: string }) => {
  const grid = useMemo(() => unsent.get(id) ?? new Grid(new Model(id)), [id]);
  const { model } = grid;
  const [help, setHelp] = useState(false);
  useEffect(() => {
    model.follow();
    if (unsent.has(id)) void model.load();
    unsent.set(id, grid);
    return () => {
      model.close();
      // Their changes are sent all the same, and are shown when the person comes back.
      if (grid.edits.changes.value.size > 0) return;
      unsent.delete(id);
      grid.close();
    };
  }, [model]);
  if (!model.document.value)
    return (
      <main tabIndex={0} class="page" aria-busy={!model.error.value}>
        {model.error.value && (
          <div class="stack">
            <h1>The session cannot be shown</h1>
            <p class="message error bidi">{model.error.value}</p>
            <a href={pathOf({ view: "start" })}>To the start</a>
          </div>
        )}
      </main>
    );
  const undo = () => grid.step("Undo", () => model.document.value?.can_undo && model.session.undo());
  const redo = () => grid.step("Redo", () => model.document.value?.can_redo && model.session.redo());
  return (
    <main class="session">
      <SessionBar grid={grid} undo={undo} redo={redo} help={() => setHelp(true)} />
      <State grid={grid} />
      <div class="body">
        <div class="table">
          <QueryBar grid={grid} />
          {grid.error.value && (
            <p class="message error" role="alert">
              {grid.error.value}
            </p>
          )}
          <Conflicts grid={grid} />
          <Table grid={grid} actions={{ undo, redo, help: () => setHelp(true) }} />
        </div>
        <Beside grid={grid} />
      </div>
      {grid.menu.value && <ColumnMenu key={grid.menu.value.column} grid={grid} />}
      {help && <Keys onClose={() => setHelp(false)} />}
    </main>
  );
};

export default SessionView;
