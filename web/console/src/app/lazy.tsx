import type { FunctionComponent } from "preact";
import { signal } from "@preact/signals";
import { failed } from "./notices.ts";

/** A component whose code is loaded when it is first shown. */
export const lazy = <P extends object>(load: () => Promise<{ default: FunctionComponent<P> }>): FunctionComponent<P> => {
  const loaded = signal<FunctionComponent<P> | undefined>(undefined);
  let asked = false;
  return (props: P) => {
    if (!asked) {
      asked = true;
      load().then(
        (module) => (loaded.value = module.default),
        (error) => {
          asked = false;
          failed(error);
        },
      );
    }
    const Component = loaded.value;
    return Component ? <Component {...props} /> : <main aria-busy="true" />;
  };
};

