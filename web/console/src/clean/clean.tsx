import "./clean.css";
import { useState } from "preact/hooks";
import type { Operation, Schemas } from "edgeframe-client";
import { sentence } from "../app/api.ts";
import { announce, done } from "../app/notices.ts";
import type { Grid, SortKey } from "../grid/model.ts";
import { Field, Input, Select } from "../ui/field.tsx";
import { plural } from "../ui/format.ts";
import { Columns, Keys, Ordered } from "./columns.tsx";
import { Expression } from "./expression.tsx";
import { kinds, type FieldSpec, type Kind, type Which } from "./operations.ts";
import { Preview } from "./preview.tsx";

type DryRun = Schemas["DryRun"];

interface FieldProps {
  grid: Grid;
  spec: FieldSpec;
  value: string;
  set: (value: string) => void;
}

const FormField = ({ grid, spec, value, set }: FieldProps) => {
  const hint = spec.hint ? { hint: spec.hint } : {};
  if (spec.options) return <Select label={spec.label} value={value || spec.options[0]![0]} options={spec.options} onChange={set} {...hint} />;
  if (spec.form === "expression") return <Expression label={spec.label} value={value} columns={grid.model.columns.value.map((one) => one.name)} onInput={set} hint={spec.hint ?? ""} />;
  if (spec.form === "lines")
    return (
      <Field label={spec.label} {...hint}>
        <textarea class="mono" rows={4} value={value} spellcheck={false} onInput={(event) => set(event.currentTarget.value)} />
      </Field>
    );
  return <Input label={spec.label} value={value} placeholder={spec.suggested?.[0] ?? ""} {...(spec.suggested && { suggested: spec.suggested })} onInput={set} {...hint} />;
};

/** Whether what an operation does depends on where the person is. */
const isAboutRows = (kind: Kind) => kind.fields.some((one) => one.name === "rows" || one.name === "at");

/** Operations on the whole table: each is tried before it is applied. */
const Clean = ({ grid }: { grid: Grid }) => {
  const { model } = grid;
  const here = grid.nameAt(grid.active.value.column);
  const first = grid.sorting.value.length > 0 ? grid.sorting.value : here ? [{ column: here, descending: false }] : [];
  const [kind, setKind] = useState<Kind>(kinds[0]!);
  const [columns, setColumns] = useState<string[]>(here ? [here] : []);
  const [order, setOrder] = useState<string[] | undefined>(undefined);
  const [sort, setSort] = useState<SortKey[] | undefined>(undefined);
  const [fields, setFields] = useState<Record<string, string>>({});
  const [last, setLast] = useState<{ asked: string; operations?: Operation[]; answer?: DryRun; problem?: string } | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const document = model.document.value!;
  const known = (kind.columns === "ordered" ? (order ?? grid.columns.value.map((one) => one.name)) : columns).filter((one) => one in document.dtypes);
  const keys = (sort ?? first).filter((one) => one.column in document.dtypes);
  const rows = (which: Which, column: string) => grid.positions(which, column);
  const context = { dtypes: document.dtypes, where: grid.where.value, row: grid.rows?.number(grid.active.value.row), all: document.shape[0]!, rows };
  const made = kind.make({ columns: known, fields, keys }, context);

  // A preview is of what is filled in, and of one version. An answer that comes later is of something else.
  const asked = JSON.stringify([kind.id, known, fields, keys, grid.where.value, model.version.value, isAboutRows(kind) && grid.area.value]);
  const { operations: tried, answer, problem } = last?.asked === asked ? last : {};

  const preview = async (event: Event) => {
    event.preventDefault();
    if (!made) return;
    setBusy(true);
    try {
      await grid.edits.idle();
      const operations = typeof made === "function" ? await made() : made;
      if (operations.length === 0) return setLast({ asked, problem: "No cell is meant by this." });
      const answer = await model.session.preview(operations, { samples: 10 });
      setLast({ asked, operations, answer });
      announce(`${plural(answer.rows_affected, "row")} would change`);
    } catch (error) {
      setLast({ asked, problem: sentence(error) });
    } finally {
      setBusy(false);
    }
  };
  const apply = async () => {
    const ok = await grid.change(kind.label, () => tried!);
    if (ok) done(`${kind.label}: done`);
  };
  return (
    <form class="stack clean" onSubmit={preview}>
      <Select label="Operation" value={kind.id} options={kinds.map((one) => [one.id, one.label])} onChange={(id) => (setKind(kinds.find((one) => one.id === id)!), setFields({}))} />
      {kind.columns === "several" && <Columns grid={grid} legend="Columns" chosen={known} choose={setColumns} />}
      {kind.columns === "all" && <Columns grid={grid} legend="Columns; none means all" chosen={known} choose={setColumns} />}
      {kind.columns === "ordered" && <Ordered grid={grid} chosen={known} choose={setOrder} />}
      {kind.columns === "keys" && <Keys grid={grid} keys={keys} set={setSort} />}
      {kind.fields
        .filter((spec) => spec.when?.(fields) ?? true)
        .flatMap((spec) => (spec.form === "each" ? known.map((column) => ({ ...spec, name: `${spec.name} ${column}`, label: `${spec.label} ${column}` })) : [spec]))
        .map((spec) => (
          <FormField key={`${kind.id}:${spec.name}`} grid={grid} spec={spec} value={fields[spec.name] ?? ""} set={(value) => setFields({ ...fields, [spec.name]: value })} />
        ))}
      {kind.id === "filter" && !made && <p class="message">Filter the grid first: by the menus of the columns.</p>}
      <div class="row">
        <button class="button" disabled={!made || busy || !model.editable.value}>
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
      {answer && <Preview answer={answer} />}
    </form>
  );
};

export default Clean;
