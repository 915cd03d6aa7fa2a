import "./health.css";
import { useEffect } from "preact/hooks";
import { bytes, clock, count, plural } from "../ui/format.ts";
import { check, health, latest, reachable, samples, type Health } from "./poll.ts";
import { Sparkline } from "./sparkline.tsx";

const backends: Record<string, string> = {
  inmemory: "embedded in the server",
  redis: "Redis",
  workers_kv: "Workers KV",
  workers_durable_objects: "Durable Objects with Workers KV",
};

/** What the storage can do, in words. */
const abilities = (can: NonNullable<Health["capabilities"]>): [boolean, string][] => [
  [can.consistency === "strong", can.consistency === "strong" ? "Everybody reads the latest state at once" : "Others may read an older state for a while"],
  [can.compare_and_swap, can.compare_and_swap ? "Two changes at a time never overwrite one another" : "Of two changes at a time on different servers, one may be lost"],
  [can.exact_repeats, can.exact_repeats ? "A change that is sent twice is made once" : "A change that is sent twice is noticed only if the first one is visible"],
  [can.live_updates, can.live_updates ? "Changes of others are told at once" : "Changes of others are noticed within seconds"],
  [can.native_expiry, can.native_expiry ? "The storage removes expired sessions by itself" : "The server removes expired sessions"],
  [can.writes_per_key_per_second === 0, can.writes_per_key_per_second === 0 ? "A session can be changed as often as one likes" : `A session can be changed ${plural(can.writes_per_key_per_second, "time")} a second`],
];

const Facts = ({ facts }: { facts: [string, unknown][] }) => (
  <table class="plain-table facts">
    <tbody>
      {facts.map(
        ([name, value]) =>
          value !== undefined &&
          value !== null && (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="bidi">{String(value)}</td>
            </tr>
          ),
      )}
    </tbody>
  </table>
);

const Latency = () => {
  const answered = samples.value.flatMap((one) => (one.ms === null ? [] : [one.ms])).sort((a, b) => a - b);
  const at = (share: number) => answered[Math.min(answered.length - 1, Math.floor(share * answered.length))];
  const ms = (value: number | null | undefined) => (value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
  return (
    <section class="card">
      <h2>Answers to this page</h2>
      <div class="latency-now">
        <strong>{ms(latest.value)}</strong>
        <Sparkline samples={samples.value} width={280} height={48} />
      </div>
      <details>
        <summary>The latest answers as a table</summary>
        <table class="plain-table">
          <thead>
            <tr>
              <th>at</th>
              <th class="number">answered after</th>
            </tr>
          </thead>
          <tbody>
            {samples.value.slice(-20).map((one) => (
              <tr key={one.at}>
                <td>{new Date(one.at).toLocaleTimeString("en-GB")}</td>
                <td class="number">{one.ms === null ? "no answer" : ms(one.ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <Facts
        facts={[
          ["median", ms(at(0.5))],
          ["slowest", ms(answered.at(-1))],
          ["without an answer", `${count(samples.value.length - answered.length)} of ${count(samples.value.length)}`],
        ]}
      />
    </section>
  );
};

const HealthView = () => {
  useEffect(() => {
    const timer = setInterval(() => void check(), 2000);
    return () => clearInterval(timer);
  }, []);
  const known = health.value;
  return (
    <main tabIndex={0} class="page health">
      <h1>{!reachable.value ? "The server does not answer" : known?.status === "healthy" ? "The server is healthy" : known ? "The server has a problem with its storage" : "Asking…"}</h1>
      {known && (
        <div class="cards">
          <Latency />
          <section class="card">
            <h2>Storage</h2>
            <Facts
              facts={[
                ["store", backends[known.backend_type] ?? known.backend_type],
                ["reachable", known.reachable ? "yes" : "no"],
                ["its answers take", known.latency_ms < 0.1 ? "less than 0.1 ms" : `${known.latency_ms.toFixed(1)} ms`],
                ["sessions", `${known.active_sessions_exact === false ? "at least " : ""}${count(known.active_sessions)}`],
                ["fallback", known.fallback && (known.fallback.active ? `in use since ${known.fallback.since ? clock(known.fallback.since) : "the start"}: ${known.fallback.reason}` : "not in use")],
                ["circuit breaker", known.breaker && `${known.breaker.state}, opened ${plural(known.breaker.opened, "time")}`],
                ["waiting to move to Redis", known.moving && plural(known.moving.waiting, "session")],
                ["Redis", known.redis_info && `${known.redis_info.version}, ${known.redis_info.used_memory_mb} MB, ${plural(known.redis_info.connected_clients, "client")}`],
                ["replicas", known.replication && `${known.replication.mode}; changes wait for ${count(known.replication.wait_replicas)}`],
                ["version", known.version],
                ["runs", known.runtime === "workers" ? "on Cloudflare Workers" : "as a program of its own"],
                ["largest value", known.capabilities && bytes(known.capabilities.max_value_bytes)],
              ]}
            />
          </section>
          {known.capabilities && (
            <section class="card">
              <h2>What the storage can do</h2>
              <ul class="abilities">
                {abilities(known.capabilities).map(([good, what]) => (
                  <li key={what}>
                    <span class={good ? "yes" : "soft"} aria-hidden="true">
                      {good ? "✓" : "–"}
                    </span>
                    {what}
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      )}
    </main>
  );
};

export default HealthView;
