import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.tsx";
import { Input } from "../ui/field.tsx";
import { token, codeOf } from "./api.ts";
import { failed } from "./notices.ts";

interface Asked {
  reason: string;
  again: () => void;
}

export const tokenAsked = signal<Asked | undefined>(undefined);

const codes = ["unauthorized", "token_expired", "token_revoked", "insufficient_scope", "forbidden"];

/** Whether an error says that another token is needed. */
export const needsToken = (error: unknown) => codes.includes(codeOf(error));

/** Asks for a token if that is what an error is about, and shows the error otherwise. */
export const failedOrAsk = (error: unknown, again: () => void) => {
  if (!needsToken(error)) return failed(error);
  tokenAsked.value = { reason: (error as { detail: string }).detail, again };
};

export const TokenDialog = () => {
  const [typed, setTyped] = useState("");
  const { reason, again } = tokenAsked.value!;
  const submit = (event: Event) => {
    event.preventDefault();
    token.set(typed.trim());
    tokenAsked.value = undefined;
    again();
  };
  return (
    <Dialog title="The server asks for a token" onClose={() => (tokenAsked.value = undefined)}>
      <form class="stack" onSubmit={submit}>
        <p class="soft bidi">{reason}</p>
        <Input label="Token" value={typed} onInput={setTyped} hint="It is kept until you close this tab." />
        <div class="row end">
          <button class="button primary" disabled={!typed.trim()}>
            Use this token
          </button>
        </div>
      </form>
    </Dialog>
  );
};
