import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  hint?: string;
  children: ComponentChildren;
}

/** A control with its name above and, if there is one, a hint below. */
export const Field = ({ label, hint, children }: FieldProps) => (
  <label class="field">
    <span>{label}</span>
    {children}
    {hint && <small>{hint}</small>}
  </label>
);

interface SelectProps {
  label: string;
  value: string;
  options: [value: string, text: string][];
  hint?: string;
  onChange: (value: string) => void;
}

export const Select = ({ label, value, options, hint, onChange }: SelectProps) => (
  <Field label={label} {...(hint && { hint })}>
    <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  </Field>
);

interface InputProps {
  label: string;
  value: string;
  hint?: string;
  placeholder?: string;
  /** What may be typed; anything else may be, too. */
  suggested?: string[];
  onInput: (value: string) => void;
}

export const Input = ({ label, value, hint, placeholder = "", suggested, onInput }: InputProps) => {
  const list = useId();
  return (
    <Field label={label} {...(hint && { hint })}>
      <input type="text" value={value} placeholder={placeholder} spellcheck={false} autocomplete="off" {...(suggested && { list })} onInput={(event) => onInput(event.currentTarget.value)} />
      {suggested && (
        <datalist id={list}>
          {suggested.map((one) => one && <option key={one} value={one} />)}
        </datalist>
      )}
    </Field>
  );
};
