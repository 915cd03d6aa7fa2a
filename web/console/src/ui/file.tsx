import { useRef } from "preact/hooks";

interface Props {
  label: string;
  /** What the file is for, for screen readers. */
  name: string;
  class?: string;
  disabled?: boolean;
  accept?: string;
  onFile: (file: File) => void;
}

/** A button to choose a file. The same file can be chosen again. */
export const FileButton = ({ label, name, class: style = "", disabled = false, accept = "", onFile }: Props) => {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={`button ${style}`} disabled={disabled} onClick={() => input.current!.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        aria-label={name}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) onFile(file);
        }}
      />
    </>
  );
};
