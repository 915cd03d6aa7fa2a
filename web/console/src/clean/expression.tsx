import { useRef, useState } from "preact/hooks";
import { Field } from "../ui/field.tsx";

interface Props {
  label: string;
  hint: string;
  value: string;
  columns: string[];
  onInput: (value: string) => void;
}

const functions = [
  "if_else(", "coalesce(", "is_null(", "is_valid(", "min(", "max(", "row_number()", "abs(", "floor(", "ceil(", "round(", "sqrt(", "ln(", "log10(", "exp(",
  "power(", "floor_divide(", "lower(", "upper(", "trim(", "length(", "concat(", "substr(", "starts_with(", "ends_with(", "contains(", "year(", "month(", "day(",
  "weekday(", "hour(", "minute(", "second(", "date(", "days(", "hours(", "minutes(", "seconds(", "total_seconds(", "int64(", "float64(", "utf8(", "cast(",
];
const most = 8;

/** A column in an expression. */
const spelled = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : name.includes("`") ? `col(${JSON.stringify(name)})` : `\`${name}\``);

/** A field for an expression, which completes the names of columns and functions. */
export const Expression = ({ label, hint, value, columns, onInput }: Props) => {
  const area = useRef<HTMLTextAreaElement>(null);
  const [at, setAt] = useState<number | undefined>(undefined);
  const before = value.slice(0, at ?? 0);
  const part = at === undefined ? "" : (/`?[\p{L}_][\p{L}\p{N}_ ]*$/u.exec(before)?.[0] ?? "");
  const wanted = part.replace("`", "").toLowerCase();
  const found = wanted
    ? [...columns.filter((one) => one.toLowerCase().startsWith(wanted)).map(spelled), ...functions.filter((one) => one.startsWith(wanted))].filter((one) => one !== part).slice(0, most)
    : [];
  const take = (text: string) => {
    const next = before.slice(0, before.length - part.length) + text;
    onInput(next + value.slice(at));
    setAt(undefined);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(next.length, next.length);
    });
  };
  return (
    <div>
      <Field label={label} hint={hint}>
        <textarea
          ref={area}
          class="mono"
          rows={3}
          value={value}
          spellcheck={false}
          onInput={(event) => {
            onInput(event.currentTarget.value);
            setAt(event.currentTarget.selectionStart);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape" && found.length > 0) {
              event.stopPropagation();
              setAt(undefined);
            }
            if (event.key !== "Tab" || event.shiftKey || !found[0]) return;
            event.preventDefault();
            take(found[0]);
          }}
        />
      </Field>
      {found.length > 0 && (
        <div class="completions" role="group" aria-label="Completions; Tab takes the first">
          {found.map((one) => (
            <button key={one} type="button" class="button small mono" onClick={() => take(one)}>
              {one}
            </button>
          ))}
        </div>
      )}
    </div>
  );
};
