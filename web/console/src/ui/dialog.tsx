import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

/** A window above the page. */
export const Dialog = ({ title, onClose, children, wide = false }: DialogProps) => {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current!.showModal(), []);
  return (
    <dialog ref={box} class={wide ? "wide" : ""} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button class="icon" aria-label="Close" onClick={() => box.current!.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
};
