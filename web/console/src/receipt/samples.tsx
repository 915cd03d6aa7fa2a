import type { Schemas } from "edgeframe-client";
import { short } from "../ui/format.ts";

const words = { respelled: "respelled", to_missing: "became missing", coerced: "cut to the type" } as const;
const shown = 40;

/** The first changed cells of a column: what they were, and what they are. */
export const Samples = ({ column, keep }: { column: Schemas["ReceiptColumn"] | undefined; keep?: ((spelling: string) => void) | undefined }) => {
  const samples = column?.samples ?? [];
  if (samples.length === 0) return null;
  const kinds = [...new Set(samples.map((one) => one.kind))];
  return (
    <>
      {kinds.map((kind) => (
        <div key={kind}>
          <span class={kind === "respelled" ? "soft" : "warned"}>{words[kind]}</span>{" "}
          {samples
            .filter((one) => one.kind === kind)
            .map((one) => (
              <span key={one.line} class="sample bidi" title={`line ${one.line}`}>
                {short(one.before, shown)}
                {one.after !== null && ` → ${short(one.after, shown)}`} <small class="soft">l. {one.line}</small>
              </span>
            ))}
          {kind === "to_missing" &&
            keep &&
            [...new Set(samples.flatMap((one) => (one.kind === kind && one.before ? [one.before] : [])))].map((spelling) => (
              <button key={spelling} class="button small keep" onClick={() => keep(spelling)}>
                Keep <span class="bidi">“{short(spelling, 20)}”</span> as text
              </button>
            ))}
        </div>
      ))}
    </>
  );
};
