import "./receipt.css";
import { useMemo, useState } from "preact/hooks";
import type { Schemas, UploadOptions } from "edgeframe-client";
import { announce } from "../app/notices.ts";
import { forget, tokenFor } from "../app/recent.ts";
import { go } from "../app/route.ts";
import { client } from "../app/api.ts";
import { Model } from "../session/model.ts";
import { files, readAgain, sending } from "../start/upload.ts";
import { count, plural } from "../ui/format.ts";
import { castable, isText } from "../ui/types.ts";
import { without } from "./missing.ts";
import { Parameters } from "./parameters.tsx";
import { Samples } from "./samples.tsx";

type Source = NonNullable<Schemas["SessionDocument"]["source"]>;

/** How the file was understood, in a few words. */
const Understood = ({ source }: { source: Source }) => {
  const parts: [string, unknown][] = [
    ["format", source.format],
    ["packed", source.compression],
    ["encoding", source.encoding && `${source.encoding}${source.encoding_confidence ? ` (${source.encoding_confidence} % sure)` : ""}`],
    ["delimiter", source.delimiter === "\t" ? "tab" : source.delimiter === " " ? "space" : source.delimiter],
    ["quote", source.quote === null ? "none" : source.quote],
    ["names", source.header && (source.header === "absent" ? "none in the file" : source.header_line ? `line ${source.header_line}, ${source.header}` : source.header)],
    ["sheet", source.sheet],
  ];
  return (
    <dl class="understood">
      {parts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="bidi">{String(value)}</dd>
            </div>
          ),
      )}
    </dl>
  );
};

const Receipt = ({ id }: { id: string }) => {
  const model = useMemo(() => new Model(id), [id]);
  const known = files.get(id);
  const [options, setOptions] = useState<UploadOptions>(known?.options ?? {});
  const [asking, setAsking] = useState(false);
  const document = model.document.value;
  if (!document) return <main tabIndex={0} class="page">{model.error.value && <p class="message error">{model.error.value}</p>}</main>;
  const source = document.source;
  const notes = (source?.notes as string[] | undefined) ?? [];
  const busy = !!sending.value;
  const again = async (more: UploadOptions) => {
    if (!known) return;
    const wanted = { ...options, ...more };
    setOptions(wanted);
    if (await readAgain(id, wanted)) announce("The file was read again");
  };
  const undo = () => {
    const token = tokenFor(id);
    forget(id);
    client.open(id, token ? { token } : {}).delete().catch(() => undefined); // it expires
    go({ view: "start" });
  };
  const spellings = ["csv", "tsv", "xlsx"].includes(String(source?.format));
  const types = { ...options.dtype };
  return (
    <main tabIndex={0} class="page receipt">
      <div class="heading">
        <div class="grow">
          <h1 class="bidi">{document.filename}</h1>
          <p class="soft">
            {plural(document.shape[0]!, "row")} × {plural(document.shape[1]!, "column")}
          </p>
        </div>
        <div class="row">
          <button class="button" onClick={undo}>
            Undo upload
          </button>
          {known && (
            <button class="button" aria-expanded={asking} onClick={() => setAsking(!asking)}>
              Read again with…
            </button>
          )}
          <button class="button primary" onClick={() => go({ view: "session", id })}>
            Continue
          </button>
        </div>
      </div>
      {source && <Understood source={source} />}
      {notes.map((note) => (
        <p key={note} class="message bidi">
          {note}
        </p>
      ))}
      {asking && known && <Parameters format={String(source?.format ?? "")} options={options} busy={busy} onRead={(wanted) => void again(wanted)} />}
      <div class="card scroll" tabIndex={0} role="region" aria-label="Columns">
        <table class="plain-table columns">
          <thead>
            <tr>
              <th>column</th>
              <th>type</th>
              <th class="number">missing</th>
              <th class="number">changed</th>
              <th>samples</th>
            </tr>
          </thead>
          <tbody>
            {document.columns.slice(0, 500).map((name) => {
              const column = source?.columns[name];
              const dtype = column?.dtype ?? document.dtypes[name] ?? "";
              return (
                <tr key={name}>
                  <th scope="row" class="bidi">
                    {name}
                    {column?.renamed_from !== undefined && <small class="soft"> was “{column.renamed_from}”</small>}
                  </th>
                  <td>
                    {known ? (
                      <select
                        aria-label={`Type of ${name}`}
                        disabled={busy}
                        value={types[name] ?? dtype}
                        onChange={(event) => void again({ dtype: { ...types, [name]: event.currentTarget.value } })}
                      >
                        {[...new Set([dtype, ...castable])].map((type) => (
                          <option key={type}>{type}</option>
                        ))}
                      </select>
                    ) : (
                      <span class="mono">{dtype}</span>
                    )}
                  </td>
                  <td class="number">{count(column?.missing ?? document.missing_values[name] ?? 0)}</td>
                  <td class="number">{column ? count(column.changed) : "–"}</td>
                  <td class="samples">
                    <Samples column={column} keep={known && !busy && isText(dtype) && spellings ? (one) => void again({ nullValues: without(one, options.nullValues) }) : undefined} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {document.columns.length > 500 && <p class="soft more">and {plural(document.columns.length - 500, "column")} more</p>}
      </div>
    </main>
  );
};

export default Receipt;
