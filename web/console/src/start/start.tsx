import "./start.css";
import { useEffect, useState } from "preact/hooks";
import { client, isAbort, sentence } from "../app/api.ts";
import { go } from "../app/route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { FileButton } from "../ui/file.tsx";
import { bytes } from "../ui/format.ts";
import { Recents } from "./recents.tsx";
import { Sheets } from "./sheets.tsx";
import { choice, pasted, refusal, sending, upload } from "./upload.ts";
import { remember } from "../app/recent.ts";
import { failedOrAsk, needsToken } from "../app/token.tsx";

const Progress = () => {
  const { name, loaded, total, again, cancel } = sending.value!;
  const sent = total > 0 && loaded >= total;
  return (
    <div class="sending">
      <div class="row">
        <strong class="grow bidi">{name}</strong>
        <span class="soft">{sent ? "Reading…" : `${Math.floor((100 * loaded) / (total || 1))} % · ${bytes(loaded)} of ${bytes(total)}`}</span>
        <button class="button small" onClick={cancel}>
          Cancel
        </button>
      </div>
      {again && (
        <p class="warned" role="status">
          The server did not answer. The file is sent again.
        </p>
      )}
      <progress aria-label={`Sending ${name}`} max={total || 1} {...(sent ? {} : { value: loaded })} />
    </div>
  );
};

const PasteDialog = ({ onClose }: { onClose: () => void }) => {
  const [text, setText] = useState("");
  return (
    <Dialog title="Paste a table" onClose={onClose} wide>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          void pasted(text);
        }}
      >
        <p class="soft">Cells copied from a spreadsheet, CSV with a header line, or JSON.</p>
        <textarea class="mono" aria-label="The table" rows={12} value={text} spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
        <div class="row end">
          <button class="button primary" disabled={!text.trim()}>
            Read the table
          </button>
        </div>
      </form>
    </Dialog>
  );
};

const OpenForm = () => {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState("");
  const open = async (event?: Event) => {
    event?.preventDefault();
    const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.exec(typed)?.[0];
    if (!id) return setProblem("This is no session id, and no link that has one.");
    const token = /[?&]token=([^&#]+)/.exec(typed)?.[1];
    try {
      remember(await client.open(id, token ? { token } : {}).get(), { token });
      go({ view: "session", id });
    } catch (error) {
      setProblem(sentence(error));
      if (needsToken(error)) failedOrAsk(error, open);
    }
  };
  return (
    <form class="open" onSubmit={open}>
      <input aria-label="Session id or link" placeholder="Session id or link" value={typed} spellcheck={false} onInput={(event) => (setProblem(""), setTyped(event.currentTarget.value))} />
      <button class="button" disabled={!typed.trim()}>
        Open
      </button>
      {problem && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
};

const DropZone = () => {
  const [over, setOver] = useState(false);
  const [pasting, setPasting] = useState(false);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      if ((event.target as Element | null)?.closest("input, textarea, dialog")) return;
      const file = event.clipboardData?.files[0];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (file) void upload(file);
      else if (text.trim()) void pasted(text);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, []);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (file) void upload(file);
  };
  return (
    <section
      class={`drop ${over ? "over" : ""}`}
      aria-label="Upload"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {sending.value ? (
        <Progress />
      ) : (
        <>
          <h1>Drop a file here</h1>
          <p class="soft">CSV, TSV, JSON, Parquet, Arrow, Excel or MessagePack; also compressed</p>
          <div class="row">
            <FileButton label="Choose a file…" name="File to upload" class="primary" onFile={(file) => void upload(file)} />
            <button class="button" onClick={() => setPasting(true)}>
              Paste a table…
            </button>
          </div>
        </>
      )}
      {refusal.value && !isAbort(refusal.value.error) && !sending.value && (
        <div class="message error refusal">
          <strong class="bidi">{refusal.value.file.name} was not accepted.</strong> <span class="bidi">{sentence(refusal.value.error)}</span>{" "}
          <button class="link" onClick={() => void upload(refusal.value!.file, refusal.value!.options)}>
            Try again
          </button>
        </div>
      )}
      {pasting && <PasteDialog onClose={() => setPasting(false)} />}
    </section>
  );
};

export const Start = () => (
  <main tabIndex={0} class="page start">
    {choice.value ? (
      <Sheets />
    ) : (
      <div class="columns">
        <div class="stack">
          <DropZone />
          <section>
            <h2>Open a session</h2>
            <OpenForm />
          </section>
        </div>
        <Recents />
      </div>
    )}
  </main>
);
