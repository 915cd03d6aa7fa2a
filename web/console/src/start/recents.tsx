import { useEffect } from "preact/hooks";
import { client } from "../app/api.ts";
import { forget, markGone, recent, remember, type Recent } from "../app/recent.ts";
import { pathOf } from "../app/route.ts";
import { about, count } from "../ui/format.ts";
import { now } from "../ui/now.ts";

/** How many sessions are asked for when the list is shown. */
const asked = 8;

const refresh = () => {
  for (const { id, token, expires } of recent.peek().slice(0, asked)) {
    if (expires <= Date.now()) continue;
    client
      .open(id, token ? { token } : {})
      .get({ touch: false })
      .then(
        (document) => remember(document, { first: false }),
        (error) => error.status === 404 && markGone(id),
      );
  }
};

const Entry = ({ one }: { one: Recent }) => {
  const left = one.expires - now.value;
  const gone = left <= 0;
  return (
    <li class={gone ? "gone" : ""}>
      {gone ? (
        <span class="name bidi">{one.filename}</span>
      ) : (
        <a class="name bidi" href={pathOf({ view: "session", id: one.id })}>
          {one.filename}
        </a>
      )}
      <span class="soft">
        {count(one.rows)} × {count(one.columns)}
      </span>
      <span class={gone ? "soft" : ""}>{gone ? `gone ${about(-left)} ago` : `${about(left)} left`}</span>
      <button class="icon" aria-label={`Forget ${one.filename}`} onClick={() => forget(one.id)}>
        ✕
      </button>
    </li>
  );
};

export const Recents = () => {
  useEffect(refresh, []);
  return (
    <section class="recents">
      <h2>Recent in this browser</h2>
      {recent.value.length === 0 ? (
        <p class="soft">Sessions that you open here are listed here, with the time that they have left.</p>
      ) : (
        <ul>
          {recent.value.map((one) => (
            <Entry key={one.id} one={one} />
          ))}
        </ul>
      )}
    </section>
  );
};
