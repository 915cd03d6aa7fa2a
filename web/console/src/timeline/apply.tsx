import { useState } from "preact/hooks";
import type { Schemas } from "edgeframe-client";
import { withRecipe } from "edgeframe-client/history";
import { client, codeOf, sentence } from "../app/api.ts";
import { announce, done } from "../app/notices.ts";
import { go } from "../app/route.ts";
import { Preview } from "../clean/preview.tsx";
import type { Grid } from "../grid/model.ts";
import { operationsOf, stepProblems, type Recipe, type StepProblem } from "../session/history.ts";
import { failedOrAsk, needsToken } from "../app/token.tsx";
import { made } from "../start/upload.ts";
import { FileButton } from "../ui/file.tsx";
import { plural } from "../ui/format.ts";

type UploadPreview = Schemas["UploadPreview"];
type Replayed = Schemas["Replayed"];

interface Props {
  /** Is told what is wrong with which step. */
  found: (problems: StepProblem[]) => void;
  onClose: () => void;
}

/** How the columns of a file differ from those that a recipe was made for. */
const Differences = ({ of }: { of: Replayed["differences"] }) => {
  const lines = [
    ...of.missing.map((one) => `${one.column} is not in the file${one.nearest ? `; the nearest is ${one.nearest}` : ""}`),
    ...of.added.map((one) => `${one.column} is new`),
    ...of.retyped.map((one) => `${one.column} is ${one.dtype} instead of ${one.dtype_before}`),
  ];
  return (
    <>
      {lines.map((line) => (
        <p key={line} class="bidi">
          {line}
        </p>
      ))}
    </>
  );
};

const Outcome = ({ preview }: { preview: UploadPreview }) => (
  <div class="message">
    <p>
      <strong>
        {plural(preview.shape[0]!, "row")} × {plural(preview.shape[1]!, "column")}
      </strong>
    </p>
    {preview.recipe?.steps.map((step, i) => (
      <p key={i} class="bidi">
        {i + 1}. {step.summary || "step"}: {step.rows_before === step.rows_after ? plural(step.rows_after, "row") : `${plural(step.rows_before, "row")} → ${plural(step.rows_after, "row")}`},{" "}
        {plural(step.operations.reduce((sum, one) => sum + one.cells, 0), "cell")}
      </p>
    ))}
    {preview.recipe && <Differences of={preview.recipe.differences} />}
  </div>
);

/** Does the steps with another file: first as a trial, then for a new session. */
export const ApplyToFile = ({ recipe, found, onClose }: Props & { recipe: string }) => {
  const [file, setFile] = useState<File | undefined>(undefined);
  const [preview, setPreview] = useState<UploadPreview | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = async (act: () => Promise<void>) => {
    setBusy(true);
    setProblem("");
    found([]);
    try {
      await act();
    } catch (error) {
      if (needsToken(error)) return failedOrAsk(error, () => void attempt(act));
      setProblem(codeOf(error) === "positional_step" ? "A step names rows by their places, which another file does not have. Choose above by what they are found again." : sentence(error));
      found(stepProblems(error));
    } finally {
      setBusy(false);
    }
  };
  const attemptWith = (chosen: File) => {
    setFile(chosen);
    setPreview(undefined);
    return attempt(async () => {
      const answer = await client.preview(withRecipe(chosen, recipe), { previewRows: 0 });
      if (!("shape" in answer)) throw new Error("This workbook has several sheets; save the one that you want as a file.");
      setPreview(answer);
      announce("The recipe fits");
    });
  };
  const make = () =>
    attempt(async () => {
      const answer = await client.upload(withRecipe(file!, recipe));
      if (answer.kind !== "session") return;
      made(answer.document, file!, {});
      done(`The recipe was applied to ${file!.name}`);
      onClose();
      go({ view: "session", id: answer.session.id });
    });
  return (
    <section class="apply">
      <h3>Apply it to another file</h3>
      <div class="row">
        <FileButton label="Choose a file…" name="File to apply the recipe to" class="small" disabled={busy} onFile={(chosen) => void attemptWith(chosen)} />
        <span class="grow bidi soft">{busy ? "Trying…" : (file?.name ?? "It is tried first.")}</span>
        <button class="button small primary" disabled={!preview || busy} onClick={() => void make()}>
          Make the session
        </button>
      </div>
      {problem && (
        <p class="message error bidi" role="alert">
          {problem}
        </p>
      )}
      {preview && <Outcome preview={preview} />}
    </section>
  );
};

/** Does the steps with the table of this session, as one version. */
export const ApplyToSession = ({ grid, recipe, name, found, onClose }: Props & { grid: Grid; recipe: Recipe; name: string }) => {
  const { model } = grid;
  const [answer, setAnswer] = useState<Schemas["DryRun"] | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const { operations, steps } = operationsOf(recipe);
  const attempt = async () => {
    setProblem("");
    setAnswer(undefined);
    found([]);
    try {
      await grid.edits.idle();
      setAnswer(await model.session.preview(operations, { samples: 5 }));
    } catch (error) {
      setProblem(sentence(error));
      found(stepProblems(error, (operation) => steps[operation]));
    }
  };
  const apply = async () => {
    const ok = await grid.change("Applying the recipe", () => operations, `Recipe ${name}`);
    if (!ok) return;
    done("The recipe was applied");
    onClose();
  };
  return (
    <section class="apply">
      <h3>Apply its steps to this session</h3>
      <div class="row">
        <button class="button small" disabled={operations.length === 0 || !model.editable.value} onClick={() => void attempt()}>
          Try it
        </button>
        <span class="grow soft">{operations.length === 0 ? "It has no operations." : "All steps make one version."}</span>
        <button class="button small primary" disabled={!answer || !!model.busy.value || !model.editable.value} onClick={() => void apply()}>
          Apply
        </button>
      </div>
      {problem && (
        <p class="message error bidi" role="alert">
          {problem}
        </p>
      )}
      {answer && <Preview answer={answer} />}
    </section>
  );
};
