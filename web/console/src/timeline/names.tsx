import { useEffect, useRef, useState } from "preact/hooks";
import type { Model } from "../session/model.ts";
import type { Version } from "../session/history.ts";

/** The field for the name of a version. A version with a name is kept. */
export const NameForm = ({ model, version, onClose }: { model: Model; version: Version; onClose: () => void }) => {
  const [name, setName] = useState(version.name ?? "");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current!.focus(), []);
  const save = async (event: Event) => {
    event.preventDefault();
    const ok = await model.run("Naming", async () => {
      await (name.trim() ? model.history.name(version.version_id, name.trim()) : model.history.unname(version.version_id));
      return model.session.get({ touch: false });
    });
    if (ok) onClose();
  };
  return (
    <form class="name-form" onSubmit={save}>
      <input
        aria-label={`Name of version ${version.version_id}`}
        placeholder="such as raw, locked"
        maxLength={100}
        value={name}
        spellcheck={false}
        ref={input}
        onInput={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), onClose())}
      />
      <button class="button small" disabled={!!model.busy.value || name.trim() === (version.name ?? "")}>
        {version.name && !name.trim() ? "Remove" : "Save"}
      </button>
      <button type="button" class="button small" onClick={onClose}>
        Cancel
      </button>
    </form>
  );
};
