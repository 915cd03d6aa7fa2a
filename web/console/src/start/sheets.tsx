import { useState } from "preact/hooks";
import { announce, done } from "../app/notices.ts";
import { go } from "../app/route.ts";
import { failedOrAsk } from "../app/token.tsx";
import { count, plural, short, text } from "../ui/format.ts";
import { choice, takeSheets } from "./upload.ts";

type Sheet = NonNullable<typeof choice.value>["choice"]["sheets"][number];

const shownColumns = 6;
const shownCell = 24;

const Preview = ({ sheet }: { sheet: Sheet }) => {
  const columns = sheet.column_names.slice(0, shownColumns);
  const more = sheet.column_names.length - columns.length;
  return (
    <div class="preview" tabIndex={0} role="region" aria-label={`First rows of ${sheet.name}`}>
      <table class="plain-table">
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} class={typeof sheet.preview_data[0]?.[name] === "number" ? "number" : "bidi"}>
                {short(name, shownCell)}
              </th>
            ))}
            {more > 0 && <th>+{count(more)}</th>}
          </tr>
        </thead>
        <tbody>
          {sheet.preview_data.map((row, i) => (
            <tr key={i}>
              {columns.map((name) => (
                <td key={name} class={typeof row[name] === "number" ? "number" : "bidi"}>
                  {short(text(row[name]), shownCell)}
                </td>
              ))}
              {more > 0 && <td />}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

/** The choice among the sheets of a workbook. */
export const Sheets = () => {
  const { choice: workbook } = choice.value!;
  const [chosen, setChosen] = useState(() => workbook.sheets.filter((sheet) => sheet.is_suggested).map((sheet) => sheet.name));
  const [busy, setBusy] = useState(false);
  const take = async (each: boolean) => {
    setBusy(true);
    try {
      const ids = await takeSheets(chosen, each);
      if (ids.length === 1) go({ view: "receipt", id: ids[0]! });
      else done(`${plural(ids.length, "session")} were made; they are in the list`);
    } catch (error) {
      failedOrAsk(error, () => void take(each));
    } finally {
      setBusy(false);
    }
  };
  const toggle = (name: string) => setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <div class="stack sheets">
      <div>
        <h1 class="bidi">{workbook.document.filename}</h1>
        <p class="soft">{plural(workbook.sheets.length, "sheet")} have cells. Choose what to work with.</p>
      </div>
      <ul>
        {workbook.sheets.map((sheet) => (
          <li key={sheet.name} class={`card ${chosen.includes(sheet.name) ? "chosen" : ""}`}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(sheet.name)} disabled={!!sheet.error} onChange={() => toggle(sheet.name)} />
              <strong class="grow bidi">{sheet.name}</strong>
              {sheet.is_suggested && <span class="soft">suggested</span>}
              {sheet.hidden && <span class="soft">hidden</span>}
            </label>
            <p class="soft">
              {plural(sheet.rows, "row")} × {plural(sheet.columns, "column")}
              {sheet.missing_count > 0 && ` · ${count(sheet.missing_count)} missing`}
            </p>
            {sheet.error ? <p class="bad bidi">{sheet.error}</p> : <Preview sheet={sheet} />}
          </li>
        ))}
      </ul>
      <div class="row end">
        <button class="button" onClick={() => ((choice.value = undefined), announce("Cancelled"))}>
          Cancel
        </button>
        {chosen.length > 1 && (
          <button class="button" disabled={busy} onClick={() => void take(true)}>
            One session each
          </button>
        )}
        <button class="button primary" disabled={busy || chosen.length === 0} onClick={() => void take(false)}>
          {chosen.length > 1 ? "Below one another" : "Use this sheet"}
        </button>
      </div>
    </div>
  );
};
