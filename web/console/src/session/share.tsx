import { useState } from "preact/hooks";
import { codeOf, sentence, token } from "../app/api.ts";
import { tokenFor } from "../app/recent.ts";
import { done } from "../app/notices.ts";
import type { Grid } from "../grid/model.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Input, Select } from "../ui/field.tsx";

const hours: [string, string][] = [
  ["3600", "an hour"],
  ["86400", "a day"],
  ["604800", "a week"],
];

/** Makes a link that opens the session on this page, with a token if the server issues any. */
export const ShareDialog = ({ grid, onClose }: { grid: Grid; onClose: () => void }) => {
  const [scope, setScope] = useState("read");
  const [ttl, setTtl] = useState("86400");
  const [actor, setActor] = useState("");
  const [link, setLink] = useState("");
  const [note, setNote] = useState("");
  // Who needs no token here gets none: then there is nothing to choose.
  const open = !token.get() && !tokenFor(grid.model.id);
  const page = location.href.split("#")[0]!;
  const address = `${page}#/s/${grid.model.id}`;
  const make = async (event: Event) => {
    event.preventDefault();
    if (open) return setLink(address);
    try {
      const made = await grid.model.session.share({ scope, ttlSeconds: Number(ttl), ...(actor.trim() && { actor: actor.trim() }) });
      setLink(`${address}?token=${encodeURIComponent(made.token)}`);
      setNote("Whoever has the link may use it. It does not extend the session.");
    } catch (error) {
      if (codeOf(error) !== "not_configured") return setNote(sentence(error));
      setLink(address);
      setNote("This server issues no tokens. The link needs the token of the server.");
    }
  };
  const revoke = async () => {
    try {
      await grid.model.session.revoke();
      setLink("");
      setNote("The links that were made for this session do not work any more.");
    } catch (error) {
      setNote(sentence(error));
    }
  };
  const copy = async () => {
    await navigator.clipboard.writeText(link);
    done("The link was copied");
  };
  return (
    <Dialog title="Share the session" onClose={onClose}>
      <form class="stack" onSubmit={make}>
        {open ? (
          <p class="message">This server asks for no tokens. Whoever reaches it and has the link may read and change the session.</p>
        ) : (
          <>
            <Select label="Whoever has the link may" value={scope} onChange={setScope} options={[["read", "read"], ["read edit", "read and change"]]} />
            <Select label="for" value={ttl} onChange={setTtl} options={hours} />
            <Input label="Name of whoever gets it" value={actor} onInput={setActor} hint="may be empty; the timeline shows it beside their changes" />
          </>
        )}
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
            {!open && (
              <button type="button" class="button" onClick={() => void revoke()}>
                Revoke all links
              </button>
            )}
            <button class="button primary">Make a link</button>
          </div>
        )}
      </form>
    </Dialog>
  );
};
