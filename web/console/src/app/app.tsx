import { lazy } from "./lazy.tsx";
import { announced, close, notices } from "./notices.ts";
import { route, pathOf } from "./route.ts";
import { docsAddress } from "./api.ts";
import { switchTheme, theme, dark } from "./theme.ts";
import { health, latest, poll, reachable, samples } from "../health/poll.ts";
import { Sparkline } from "../health/sparkline.tsx";
import { plural } from "../ui/format.ts";
import { Start } from "../start/start.tsx";
import { TokenDialog, tokenAsked } from "./token.tsx";

const SessionView = lazy(() => import("../session/view.tsx"));
const Receipt = lazy(() => import("../receipt/receipt.tsx"));
const HealthView = lazy(() => import("../health/view.tsx"));

poll();

const Bar = () => {
  const known = health.value;
  void theme.value;
  return (
    <header class="bar">
      <a class="brand" href={pathOf({ view: "start" })}>
        edgeframe
      </a>
      <a class="status" href={pathOf({ view: "health" })}>
        <span class="visually-hidden">Health: </span>
        {reachable.value && known && (
          <>
            <span>{known.backend_type}</span>
            <span class="latency">{latest.value === null ? "–" : `${Math.max(1, Math.round(latest.value))} ms`}</span>
            <Sparkline samples={samples.value} width={64} height={16} />
            <span class="sessions">
              {known.active_sessions === null ? "" : plural(known.active_sessions, "session")}
            </span>
          </>
        )}
        {!reachable.value && <span class="bad">the server does not answer</span>}
      </a>
      <span class="grow" />
      <a class="docs" href={docsAddress}>
        API
      </a>
      <button class="icon" aria-label={dark() ? "Switch to light colours" : "Switch to dark colours"} onClick={switchTheme}>
        {dark() ? "☀" : "☾"}
      </button>
    </header>
  );
};

const Fallback = () => {
  const state = health.value?.fallback;
  if (!state?.active) return null;
  return (
    <div class="fallback" role="status">
      The server uses its embedded store, because Redis {state.reason ? `is not available: ${state.reason}` : "is not available"}
    </div>
  );
};

const Notices = () => (
  <div class="notices">
    {notices.value.map((one) => (
      <div key={one.id} class={`notice ${one.kind}`} role={one.kind === "error" ? "alert" : undefined}>
        <span class="bidi">{one.text}</span>
        <button class="icon" aria-label="Close this notice" onClick={() => close(one.id)}>
          ✕
        </button>
      </div>
    ))}
  </div>
);

const View = () => {
  const at = route.value;
  if (at.view === "session") return <SessionView key={at.id} id={at.id} />;
  if (at.view === "receipt") return <Receipt key={at.id} id={at.id} />;
  if (at.view === "health") return <HealthView />;
  return <Start />;
};

export const App = () => (
  <>
    <Bar />
    <Fallback />
      <View />
    <Notices />
    {tokenAsked.value && <TokenDialog />}
    <div class="visually-hidden" role="status" aria-live="polite">
      {announced.value}
    </div>
  </>
);
