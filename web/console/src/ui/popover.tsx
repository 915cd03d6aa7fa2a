import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface PopoverProps {
  /** The element that the popover stands below. */
  anchor: Element;
  label: string;
  role?: "menu" | "dialog";
  onClose: () => void;
  /** Takes the keyboard after Escape; without it the anchor does. */
  onEscape?: () => void;
  children: ComponentChildren;
}

const focusable = "input:not([disabled]), button:not([disabled]), select, textarea, a[href]";

/** A box below an element, closed by Escape or by a click elsewhere. */
export const Popover = ({ anchor, label, role = "dialog", onClose, onEscape, children }: PopoverProps) => {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current!;
    element.showPopover();
    const at = anchor.getBoundingClientRect();
    const place = () => {
      const { offsetWidth: width, offsetHeight: height } = element;
      const below = at.bottom + 4 + height <= innerHeight || at.top < height;
      element.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
      element.style.top = `${Math.max(8, below ? Math.min(at.bottom + 4, innerHeight - height - 8) : at.top - height - 4)}px`;
    };
    place();
    const sizes = new ResizeObserver(place);
    sizes.observe(element);
    element.querySelector<HTMLElement>(focusable)?.focus();
    return () => sizes.disconnect();
  }, [anchor]);
  // A layout effect ends with the popover. Otherwise the event of one that is closed closes the next.
  useLayoutEffect(() => {
    const element = box.current!;
    const closed = (event: Event) => {
      if ((event as ToggleEvent).newState === "closed") onClose();
    };
    element.addEventListener("toggle", closed);
    return () => element.removeEventListener("toggle", closed);
  }, [onClose]);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      box.current!.hidePopover();
      onClose();
      if (onEscape) onEscape();
      else if (anchor instanceof HTMLElement) anchor.focus();
    }
    if (role !== "menu" || !/^Arrow(Up|Down)$|^Home$|^End$/.test(event.key)) return;
    event.preventDefault();
    const items = [...box.current!.querySelectorAll<HTMLElement>("[role=menuitem]:not([disabled])")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]!;
    items[(next + items.length) % items.length]?.focus();
  };
  return (
    <div ref={box} class="popover" popover="auto" role={role} aria-label={label} onKeyDown={keys}>
      {children}
    </div>
  );
};

export interface Item {
  label: string;
  hint?: string;
  disabled?: boolean;
  run: () => void;
}

/** The commands of a menu. close is called before one is run. */
export const Items = ({ items, close }: { items: Item[]; close: () => void }) => (
  <>
    {items.map((item) => (
      <button
        key={item.label}
        class="item"
        role="menuitem"
        disabled={item.disabled ?? false}
        onClick={() => {
          close();
          item.run();
        }}
      >
        <span class="bidi">{item.label}</span>
        {item.hint && <span class="hint">{item.hint}</span>}
      </button>
    ))}
  </>
);

interface MenuProps {
  label: ComponentChildren;
  name: string;
  /** What is said above the commands. */
  note?: string | undefined;
  items: Item[];
  class?: string;
  disabled?: boolean;
  /** Is called when the list is opened, to fill it. */
  onOpen?: () => void;
}

/** A button that opens a list of commands. */
export const Menu = ({ label, name, note, items, class: style = "", disabled = false, onOpen }: MenuProps) => {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button ref={button} class={`button ${style}`} disabled={disabled} aria-haspopup="menu" aria-expanded={open} onClick={() => (open || onOpen?.(), setOpen(!open))}>
        {label}
        <span class="caret" aria-hidden="true" />
      </button>
      {open && items.length > 0 && (
        <Popover anchor={button.current!} label={name} role="menu" onClose={() => setOpen(false)}>
          {note && <p class="note soft">{note}</p>}
          <Items items={items} close={() => setOpen(false)} />
        </Popover>
      )}
    </>
  );
};
