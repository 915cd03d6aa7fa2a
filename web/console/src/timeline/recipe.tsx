import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../app/api.ts";
import { done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import { written, type Recipe, type RecipeStep, type StepProblem } from "../session/history.ts";
import { saveAs, stemOf } from "../session/export.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Select } from "../ui/field.tsx";
import { FileButton } from "../ui/file.tsx";
import { moment, plural } from "../ui/format.ts";
import { ApplyToFile, ApplyToSession } from "./apply.tsx";
import { inWords, madeBy } from "./words.ts";

/** What has to be said of the recipe that is shown. */
interface Shown {
  recipe?: Recipe;
  /** It as it is saved, or as it was loaded. */
  text: string;
  /** The file from which it was loaded; empty for that of the session. */
  file: string;
  error?: string;
}

const Step = ({ step, problems }: { step: RecipeStep; problems: StepProblem[] }) => {
  const operations = step.operations ?? [];
  return (
    <li class={problems.length ? "wrong" : ""}>
      <strong class="bidi">{step.summary || (step.made ? madeBy[step.made] : "without a name")}</strong>
      {(step.actor || step.time) && <span class="soft"> {[step.actor, step.time && moment(step.time)].filter(Boolean).join(" · ")}</span>}
      <ul>
        {operations.slice(0, 20).map((one, i) => (
          <li key={i} class="bidi">
            {inWords(one)}
            {one.positional === true && <span class="warned"> by the places of rows</span>}
          </li>
        ))}
        {operations.length > 20 && <li class="soft">and {plural(operations.length - 20, "operation")} more</li>}
        {step.made && <li class="warned">{madeBy[step.made]}: this cannot be done again</li>}
      </ul>
      {problems.map((one, i) => (
        <p key={i} class="bad bidi">
          {one.column ? `There is no fitting column “${one.column}”.` : "This step cannot be done."} {one.expected && `Nearest: ${one.expected}`}
        </p>
      ))}
    </li>
  );
};

const Import = ({ recipe }: { recipe: Recipe }) => {
  const read = recipe.import;
  if (!read) return null;
  const parameters = Object.entries(read.parameters ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${[value].flat().join(", ")}`);
  return (
    <li>
      <strong>Read the file</strong>
      <ul>
        <li class="bidi">{[read.format, ...parameters].filter(Boolean).join("; ") || "as it is"}</li>
      </ul>
    </li>
  );
};

/** How a version was made, to be kept and to be done again with another file or with this session. */
export const RecipeDialog = ({ grid, onClose }: { grid: Grid; onClose: () => void }) => {
  const { model } = grid;
  const version = model.version.value;
  const [key, setKey] = useState("");
  const [shown, setShown] = useState<Shown>({ file: "", text: "" });
  const [problems, setProblems] = useState<{ of: string; list: StepProblem[] } | undefined>(undefined);
  const reading = useRef<AbortController | undefined>(undefined);
  const { recipe, text, file, error } = shown;

  const own = () => {
    reading.current?.abort();
    const { signal } = (reading.current = new AbortController());
    model.history.recipe({ version, key: key || undefined, signal }).then(
      (recipe) => signal.aborted || setShown({ recipe, text: written(recipe), file: "" }),
      (error) => signal.aborted || setShown({ text: "", file: "", error: sentence(error) }),
    );
  };
  useEffect(() => {
    // What somebody else does to the session does not replace a recipe that was loaded.
    if (!file) own();
  }, [version, key]);
  const load = async (chosen: File) => {
    try {
      const text = await chosen.text();
      const recipe = JSON.parse(text) as Recipe;
      if (typeof recipe?.recipe !== "number") throw new Error("no recipe");
      // That of the session may not be there yet, and would replace it.
      reading.current?.abort();
      setShown({ recipe, text, file: chosen.name });
    } catch {
      setShown((before) => ({ ...before, error: `${chosen.name} is no recipe. A recipe is JSON with the member "recipe".` }));
    }
  };
  /** What was found of this recipe is not said of another one. */
  const found = (list: StepProblem[]) => setProblems({ of: text, list });
  const save = () => {
    const name = `${stemOf(model)}.recipe.json`;
    saveAs(name, new Blob([text], { type: "application/json" }));
    done(`Saved ${name}`);
  };
  const wrong = problems?.of === text ? problems.list : [];
  const steps = recipe?.steps ?? [];
  const positional = steps.some((step) => step.operations?.some((one) => one.positional === true));
  return (
    <Dialog title={file ? `Recipe of ${file}` : `Recipe of version ${version}`} onClose={onClose} wide>
      <div class="stack recipe">
        {error && (
          <p class="message error bidi" role="alert">
            {error}
          </p>
        )}
        {!recipe && !error && <p class="soft">Reading…</p>}
        {recipe && (
          <ol class="steps" tabIndex={0} aria-label="Steps">
            <Import recipe={recipe} />
            {steps.map((step, i) => (
              <Step key={i} step={step} problems={wrong.filter((one) => one.step === i + 1)} />
            ))}
            {steps.length === 0 && <li class="soft">The table is as it was read: there are no steps yet.</li>}
          </ol>
        )}
        {!file && (positional || key) && (
          <Select
            label="Rows are found again by"
            value={key}
            options={[["", "their places, which another file does not have"], ...model.columns.value.slice(0, 500).map((one): [string, string] => [one.name, `their ${one.name}`])]}
            onChange={setKey}
          />
        )}
        <div class="row">
          <button class="button small" disabled={!recipe || !!file} onClick={save}>
            Download as JSON
          </button>
          <FileButton label="Load another recipe…" name="Recipe to load" class="small" accept=".json,application/json" onFile={(chosen) => void load(chosen)} />
          {file && (
            <button class="button small" onClick={own}>
              That of this session
            </button>
          )}
        </div>
        {recipe && (
          <>
            <ApplyToFile key={`file ${text}`} recipe={text} found={found} onClose={onClose} />
            {file && <ApplyToSession key={`session ${text}`} grid={grid} recipe={recipe} name={file} found={found} onClose={onClose} />}
          </>
        )}
      </div>
    </Dialog>
  );
};
