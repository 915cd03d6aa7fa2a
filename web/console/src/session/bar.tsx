import { useState } from "preact/hooks";
import type { Format } from "edgeframe-client";
import { failed } from "../app/notices.ts";
import { pathOf } from "../app/route.ts";
import type { Grid } from "../grid/model.ts";
import { span, plural } from "../ui/format.ts";
import { now } from "../ui/now.ts";
import { Menu } from "../ui/popover.tsx";
import { exportAs } from "./export.ts";
import type { Model } from "./model.ts";
import { panel, type Panel } from "./panels.ts";
import { ShareDialog } from "./share.tsx";
import { VersionMenu } from "./versionmenu.tsx";

const soon = 5 * 60_000;

const formats: [Format, string][] = [
  ["csv", "CSV"],
  ["xlsx", "Excel"],
  ["parquet", "Parquet"],
  ["json", "JSON"],
  ["ndjson", "JSON, a line each"],
  ["tsv", "TSV"],
  ["arrow", "Arrow stream"],
  ["arrow_file", "Arrow file"],
  ["msgpack", "MessagePack"],
];

const Countdown = ({ model }: { model: Model }) => {
  const left = model.expires.value - now.value;
  if (model.gone.value) return <span class="countdown bad">gone</span>;
  if (left <= 0) queueMicrotask(() => void model.load());
  return (
    <span class={`countdown ${left < soon ? "warned" : "soft"}`} role="timer" aria-label="Time left">
      {span(left)} left
    </span>
  );
};

const Toggle = ({ to, label }: { to: Panel; label: string }) => (
  <button class="button small" aria-pressed={panel.value === to} onClick={() => (panel.value = panel.value === to ? undefined : to)}>
    {label}
  </button>
);

interface Props {
  grid: Grid;
  undo: () => void;
  redo: () => void;
  help: () => void;
}

/** What the session is, how long it lives, and what can be done with all of it. */
export const SessionBar = ({ grid, undo, redo, help }: Props) => {
  const { model } = grid;
  const [sharing, setSharing] = useState(false);
  const document = model.document.value!;
  const here = !model.gone.value;
  const can = model.editable.value && !model.busy.value;
  const save = (format: Format) => exportAs(grid, format).catch(failed);
  const selection = grid.filters.value.length > 0 || grid.sorting.value.length > 0 || grid.hidden.value.size > 0;
  return (
    <div class="session-bar">
      <div class="title">
        <h1 class="bidi" title={document.filename}>
          {document.filename}
        </h1>
        <VersionMenu model={model} />
        <Countdown model={model} />
        <button class="button small" disabled={!here} onClick={() => void model.run("Keep alive", () => model.session.touch())}>
          Keep alive
        </button>
        {grid.edits.open.value > 0 && (
          <span class={grid.edits.late.value ? "warned" : "soft"} role="status">
            {grid.edits.late.value ? `${plural(grid.edits.open.value, "change")} waiting` : "saving…"}
          </span>
        )}
      </div>
      <div class="tools">
        <button class="button small" disabled={!can || !document.can_undo} onClick={undo}>
          Undo
        </button>
        <button class="button small" disabled={!can || !document.can_redo} onClick={redo}>
          Redo
        </button>
        <Menu
          label="Export"
          name="Formats"
          class="small"
          disabled={!here}
          items={formats.map(([format, label]) => ({ label, run: () => void save(format) }))}
          note={selection ? "The rows and columns as shown" : undefined}
        />
        <button class="button small" disabled={!here} onClick={() => setSharing(true)}>
          Share…
        </button>
        <span class="gap" />
        <Toggle to="clean" label="Clean" />
        <Toggle to="column" label="Column" />
        <Toggle to="timeline" label="Timeline" />
        {document.source && (
          <a class="button small" href={pathOf({ view: "receipt", id: model.id })}>
            Receipt
          </a>
        )}
        <button class="icon" aria-label="Keys" onClick={help}>
          ?
        </button>
      </div>
      {sharing && <ShareDialog grid={grid} onClose={() => setSharing(false)} />}
    </div>
  );
};
