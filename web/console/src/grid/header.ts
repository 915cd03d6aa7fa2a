import type { Grid } from "./model.ts";
import type { Minis } from "./minis.ts";
import { count } from "../ui/format.ts";

/** The parts of a column's header. The elements stay, so that the grid does not make them again at each scroll. */
interface Head {
  name: HTMLElement;
  about: HTMLElement;
  label: HTMLElement;
  arrow: HTMLElement;
  button: HTMLButtonElement;
  dtype: HTMLElement;
  missing: HTMLElement;
  bars: SVGSVGElement;
}

const make = <T extends keyof HTMLElementTagNameMap>(tag: T, style: string, inside: Element[] = []): HTMLElementTagNameMap[T] => {
  const element = document.createElement(tag);
  element.className = style;
  element.append(...inside);
  return element;
};

const kept = 400;

/** Makes the two lines of the header of each column: its name with the menu, and what it has. */
export class Headers {
  readonly #grid: Grid;
  readonly #minis: Minis;
  readonly #heads = new Map<string, Head>();

  constructor(grid: Grid, minis: Minis) {
    this.#grid = grid;
    this.#minis = minis;
  }

  #make(column: string): Head {
    const label = make("span", "label");
    label.textContent = column;
    label.title = column;
    const arrow = make("span", "arrow");
    const button = make("button", "icon menu");
    button.tabIndex = -1;
    button.setAttribute("aria-label", `Menu of ${column}`);
    button.setAttribute("aria-haspopup", "dialog");
    button.append(make("span", "caret"));
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#grid.menu.value = { column, anchor: button };
    });
    const dtype = make("span", "dtype");
    const missing = make("span", "missing");
    const bars = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    bars.setAttribute("class", "bars");
    bars.setAttribute("viewBox", "0 0 48 16");
    bars.setAttribute("aria-hidden", "true");
    return { name: make("div", "head name", [label, arrow, button]), about: make("div", "head about", [dtype, missing, bars as unknown as HTMLElement]), label, arrow, button, dtype, missing, bars };
  }

  /** The two lines of a column, as they are now. */
  of(index: number): [HTMLElement, HTMLElement] {
    const column = this.#grid.columns.value[index]!;
    let head = this.#heads.get(column.name);
    if (!head) {
      if (this.#heads.size > kept) this.#heads.clear();
      this.#heads.set(column.name, (head = this.#make(column.name)));
    }
    const key = this.#grid.sort.value.find((one) => one.column === column.name);
    const several = this.#grid.sorting.value.length > 1 && key ? String(this.#grid.sorting.value.indexOf(key) + 1) : "";
    head.arrow.textContent = key ? (key.descending ? "↓" : "↑") + several : "";
    head.button.classList.toggle("on", this.#grid.filters.value.some((one) => one.column === column.name));
    head.dtype.textContent = column.dtype;
    head.dtype.title = column.dtype;
    head.missing.textContent = [column.missing && `·${count(column.missing)}`, column.marked && `⌀${count(column.marked)}`].filter(Boolean).join(" ");
    head.missing.title = [column.missing && `${count(column.missing)} missing`, column.marked && `${count(column.marked)} marked as missing on purpose`].filter(Boolean).join(", ");
    this.#minis.draw(head.bars, column);
    return [head.name, head.about];
  }

  button(column: string): Element | undefined {
    return this.#heads.get(column)?.button;
  }
}
