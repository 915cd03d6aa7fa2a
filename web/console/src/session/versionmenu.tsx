import { useState } from "preact/hooks";
import { failed } from "../app/notices.ts";
import { moment, short } from "../ui/format.ts";
import { Menu, type Item } from "../ui/popover.tsx";
import type { Model } from "./model.ts";
import { panel } from "./panels.ts";

const shown = 40;

/** The version that is shown; the others can be looked at. */
export const VersionMenu = ({ model }: { model: Model }) => {
  const [items, setItems] = useState<Item[]>([]);
  const open = () =>
    void model.session.versions().then(({ versions, current_version }) => {
      const list = [...versions].sort((a, b) => b.version_id - a.version_id).map(
        (one): Item => ({
          label: `v${one.version_id} ${one.name ? `★ ${one.name}` : short(one.action_summary, shown)}`,
          hint: one.version_id === current_version ? "current" : moment(one.timestamp),
          disabled: one.version_id === model.version.value,
          run: () => void model.look(one.version_id === current_version ? undefined : one.version_id),
        }),
      );
      setItems([...list, { label: "Timeline…", run: () => (panel.value = "timeline") }]);
    }, failed);
  return <Menu label={`v${model.version.value}`} name="Versions" class="small plain" disabled={!!model.gone.value} items={items} onOpen={open} />;
};
