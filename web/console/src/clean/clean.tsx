import "./clean.css";
import { useEffect, useState } from "preact/hooks";
import type { Operation, Schemas } from "edgeframe-client";
import { sentence } from "../app/api.ts";
import { announce, done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import { Input, Select } from "../ui/field.tsx";
import { count, plural } from "../ui/format.ts";
import { Expression } from "./expression.tsx";
import { kinds, type FieldSpec, type Kind } from "./operations.ts";
import { Preview } from "./preview.tsx";

type DryRun = Schemas["DryRun"];

const Columns = ({ grid, kind, chosen, choose }: { grid: Grid; kind: Kind; chosen: string[]; choose: (columns: string[]) => void }) => {
  const all = grid.model.columns.value;
  if (kind.columns === "one")
    return <Select label="Column" value={chosen[0] ?? ""} options={all.map((one) => [one.name, one.name])} onChange={(name) => choose([name])} />;
  const toggle = (name: string) => choose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <fieldset>
      <legend>{kind.columns === "all" ? "Columns; none means all" : "Columns"}</legend>
      <ul class="choices" tabIndex={0} aria-label="Columns to choose">
        {all.slice(0, 500).map((one) => (
          <li key={one.name}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(one.name)} onChange={() => toggle(one.name)} />
              <span class="grow bidi">{one.name}</span>
              <span class="soft">{one.missing ? `${count(one.missing)} missing` : one.dtype}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
};

const FormField = ({ grid, spec, value, set }: { grid: Grid; spec: FieldSpec; value: string; set: (value: string) => void }) => {
  const hint = spec.hint ? { hint: spec.hint } : {};
  if (spec.options) return <Select label={spec.label} value={value || spec.options[0]![0]} options={spec.options} onChange={set} {...hint} />;
  if (spec.expression) return <Expression label={spec.label} value={value} columns={grid.model.columns.value.map((one) => one.name)} onInput={set} hint={spec.hint ?? ""} />;
  return <Input label={spec.label} value={value} onInput={set} {...hint} />;
};

/** Operations on the whole table: each is tried before it is applied. */
const Clean = ({ grid }: { grid: Grid }) => {
  const { model } = grid;
  const here = grid.nameAt(grid.active.value.column);
  const [kind, setKind] = useState<Kind>(kinds[0]!);
  const [columns, setColumns] = useState<string[]>(here ? [here] : []);
  const [fields, setFields] = useState<Record<string, string>>({});
  const [tried, setTried] = useState<{ operations: Operation[]; version: number; answer: DryRun } | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const document = model.document.value!;
  const known = columns.filter((one) => one in document.dtypes);
  const used = kind.columns === "one" ? (known.length ? known.slice(0, 1) : [document.columns[0]!]) : known;
  const operations = kind.make({ columns: used, fields }, { dtypes: document.dtypes, where: grid.where.value });

  // A preview is of what is filled in, and of one version.
  const asked = JSON.stringify([kind.id, used, fields, grid.where.value, model.version.value]);
  useEffect(() => {
    setTried(undefined);
    setProblem("");
  }, [asked]);

  const preview = async (event: Event) => {
    event.preventDefault();
    if (!operations) return;
    setBusy(true);
    try {
      await grid.edits.idle();
      const answer = await model.session.preview(operations, { samples: 10 });
      setTried({ operations, version: model.version.value, answer });
      setProblem("");
      announce(`${plural(answer.rows_affected, "row")} would change`);
    } catch (error) {
      setProblem(sentence(error));
    } finally {
      setBusy(false);
    }
  };
  const apply = async () => {
    const ok = await grid.change(kind.label, () => tried!.operations);
    if (ok) done(`${kind.label}: done`);
  };
  return (
    <form class="stack clean" onSubmit={preview}>
      <Select label="Operation" value={kind.id} options={kinds.map((one) => [one.id, one.label])} onChange={(id) => (setKind(kinds.find((one) => one.id === id)!), setFields({}))} />
      {kind.columns !== "none" && <Columns grid={grid} kind={kind} chosen={used} choose={setColumns} />}
      {kind.fields
        .filter((spec) => spec.when?.(fields) ?? true)
        .map((spec) => (
          <FormField key={`${kind.id}:${spec.name}`} grid={grid} spec={spec} value={fields[spec.name] ?? ""} set={(value) => setFields({ ...fields, [spec.name]: value })} />
        ))}
      {kind.id === "filter" && !operations && <p class="message">Filter the grid first: by the menus of the columns.</p>}
      <div class="row">
        <button class="button" disabled={!operations || busy || !model.editable.value}>
          {busy ? "Trying…" : "Preview"}
        </button>
        <button type="button" class="button primary" disabled={!tried || !!model.busy.value || !model.editable.value} onClick={() => void apply()}>
          Apply
        </button>
      </div>
      {problem && (
        <p class="message error bidi" role="alert">
          {problem}
        </p>
      )}
      {tried && <Preview answer={tried.answer} />}
    </form>
  );
};

export default Clean;
