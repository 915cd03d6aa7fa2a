import { useState } from "preact/hooks";
import type { UploadOptions } from "edgeframe-client";
import { Field, Input, Select } from "../ui/field.tsx";

interface Props {
  format: string;
  options: UploadOptions;
  busy: boolean;
  onRead: (options: UploadOptions) => void;
}

type Typed = Record<"encoding" | "delimiter" | "headerRow" | "skipRows" | "skipFooter" | "nullValues" | "decimal" | "thousands" | "quote" | "records" | "sheetName", string>;

const same = "as it was found";
const delimiters: [string, string][] = [["", same], ["comma", "comma"], ["semicolon", "semicolon"], ["tab", "tab"], ["pipe", "pipe"], ["space", "space"]];
const encodings = ["utf-8", "windows-1252", "iso-8859-1", "utf-16", "shift_jis", "gbk", "big5", "euc-kr", "windows-1250", "windows-1251", "koi8-r", "ibm850", "macintosh"];

const typed = (options: UploadOptions): Typed => {
  const text = (value: unknown) => (value === undefined ? "" : String(value));
  return {
    encoding: text(options.encoding),
    delimiter: text(options.delimiter),
    headerRow: options.header === false ? "none" : text(options.headerRow),
    skipRows: text(options.skipRows),
    skipFooter: text(options.skipFooter),
    nullValues: options.nullValues === undefined ? "" : options.nullValues.length ? options.nullValues.join(", ") : "(none)",
    decimal: text(options.decimal),
    thousands: text(options.thousands),
    quote: text(options.quote),
    records: text(options.records),
    sheetName: [options.sheetName ?? []].flat().join(", "),
  };
};

/** The options that fields stand for. An empty field is no option: the server finds out. */
const meant = (fields: Typed, options: UploadOptions): UploadOptions => {
  const set: Record<string, unknown> = { encoding: fields.encoding, delimiter: fields.delimiter, decimal: fields.decimal, thousands: fields.thousands, quote: fields.quote, records: fields.records };
  if (fields.headerRow === "none") set.header = false;
  else if (fields.headerRow) set.headerRow = Number(fields.headerRow);
  for (const name of ["skipRows", "skipFooter"] as const) if (fields[name]) set[name] = Number(fields[name]);
  if (fields.nullValues === "(none)") set.nullValues = [""];
  else if (fields.nullValues) set.nullValues = fields.nullValues.split(",").map((one) => one.trim());
  const given = Object.entries(set).filter(([, value]) => value !== "");
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => !["header", "headerRow", "skipRows", "skipFooter", "nullValues", ...Object.keys(set)].includes(name)));
  return { ...kept, ...Object.fromEntries(given) } as UploadOptions;
};

/** The parameters with which a file can be read again. */
export const Parameters = ({ format, options, busy, onRead }: Props) => {
  const [fields, setFields] = useState(() => typed(options));
  const set = (name: keyof Typed) => (value: string) => setFields({ ...fields, [name]: value });
  const lines = ["csv", "tsv"].includes(format);
  const cells = lines || format === "xlsx";
  return (
    <form
      class="card parameters"
      aria-label="How to read the file"
      onSubmit={(event) => {
        event.preventDefault();
        onRead(meant(fields, options));
      }}
    >
      {lines && (
        <>
          <Field label="Encoding">
            <input list="encodings" value={fields.encoding} placeholder={same} onInput={(event) => set("encoding")(event.currentTarget.value)} />
            <datalist id="encodings">
              {encodings.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          </Field>
          <Select label="Delimiter" value={fields.delimiter} options={delimiters} onChange={set("delimiter")} />
          <Select label="Decimal separator" value={fields.decimal} options={[["", "point"], ["comma", "comma"]]} onChange={set("decimal")} />
          <Select
            label="Thousands separator"
            value={fields.thousands}
            options={[["", "none"], ["comma", "comma"], ["point", "point"], ["space", "space"], ["apostrophe", "apostrophe"], ["underscore", "underscore"]]}
            onChange={set("thousands")}
          />
          <Input label="Quote character" value={fields.quote} placeholder={same} onInput={set("quote")} hint="“none” if quotes are ordinary characters" />
        </>
      )}
      {cells && (
        <>
          <Input label="Line with the names" value={fields.headerRow} placeholder={same} onInput={set("headerRow")} hint="counted from 1; “none” if there are no names" />
          <Input label="Lines to skip before" value={fields.skipRows} placeholder="0" onInput={set("skipRows")} />
          <Input label="Lines to skip at the end" value={fields.skipFooter} placeholder="0" onInput={set("skipFooter")} />
          <Input label="Spellings of a missing value" value={fields.nullValues} placeholder="the usual ones" onInput={set("nullValues")} hint="separated by commas; “(none)” keeps NA and None as text" />
        </>
      )}
      {["json", "msgpack"].includes(format) && <Input label="Where the records are" value={fields.records} placeholder="/" onInput={set("records")} hint="a JSON pointer, such as /results" />}
      {!cells && !["json", "msgpack"].includes(format) && <p class="soft">A {format} file says itself what it has. Only the types of columns can be changed, below.</p>}
      <div class="row end">
        <button class="button primary" disabled={busy}>
          {busy ? "Reading…" : "Read again"}
        </button>
      </div>
    </form>
  );
};
