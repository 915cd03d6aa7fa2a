import { useState } from "preact/hooks";
import { codeOf, sentence } from "../app/api.ts";
import { done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Select } from "../ui/field.tsx";

const hours: [string, string][] = [
  ["3600", "an hour"],
  ["86400", "a day"],
  ["604800", "a week"],
];

/** Makes a link that opens the session on this page, with a token if the server issues any. */
export const ShareDialog = ({ grid, onClose }: { grid: Grid; onClose: () => void }) => {
  const [scope, setScope] = useState("read");
  const [ttl, setTtl] = useState("86400");
  const [link, setLink] = useState("");
  const [note, setNote] = useState("");
  const page = location.href.split("#")[0]!;
  const address = `${page}#/s/${grid.model.id}`;
  const make = async (event: Event) => {
    event.preventDefault();
    try {
      const { token } = await grid.model.session.share({ scope, ttlSeconds: Number(ttl) });
      setLink(`${address}?token=${encodeURIComponent(token)}`);
      setNote("Whoever has the link may use it. It does not extend the session.");
    } catch (error) {
      if (codeOf(error) !== "not_configured") return setNote(sentence(error));
      setLink(address);
      setNote("This server issues no tokens. The link opens the session for everybody who may use the server.");
    }
  };
  const copy = async () => {
    await navigator.clipboard.writeText(link);
    done("The link was copied");
  };
  return (
    <Dialog title="Share the session" onClose={onClose}>
      <form class="stack" onSubmit={make}>
        <Select label="Whoever has the link may" value={scope} onChange={setScope} options={[["read", "read"], ["read edit", "read and change"]]} />
        <Select label="for" value={ttl} onChange={setTtl} options={hours} />
        {note && <p class="message bidi">{note}</p>}
        {link ? (
          <>
            <Field label="Link">
              <input readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
            </Field>
            <div class="row end">
              <button type="button" class="button primary" onClick={copy}>
                Copy the link
              </button>
            </div>
          </>
        ) : (
          <div class="row end">
            <button class="button primary">Make a link</button>
          </div>
        )}
      </form>
    </Dialog>
  );
};
