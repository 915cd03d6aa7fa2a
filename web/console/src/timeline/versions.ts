import { useEffect, useState } from "preact/hooks";
import { isAbort, sentence } from "../app/api.ts";
import type { Version } from "../session/history.ts";
import type { Model } from "../session/model.ts";

/** The versions that are kept, the newest first, read anew after each change. */
export const useVersions = (model: Model) => {
  const [answer, setAnswer] = useState<{ versions: Version[]; error?: string }>({ versions: [] });
  const revision = model.document.value?.revision;
  useEffect(() => {
    if (model.gone.value) return;
    const stop = new AbortController();
    model.session.versions({ signal: stop.signal }).then(
      ({ versions }) => setAnswer({ versions: [...versions].sort((a, b) => b.version_id - a.version_id) }),
      (error) => isAbort(error) || setAnswer((before) => ({ ...before, error: sentence(error) })),
    );
    return () => stop.abort();
  }, [revision]);
  return answer;
};
