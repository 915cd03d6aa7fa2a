import type { Schemas } from "edgeframe-client";

export type RevisionEvent = Schemas["RevisionEvent"];

const named = 3;

/** What somebody else has done, for a person; undefined if it is nothing that can be seen. */
export const told = ({ actor, columns, all_columns, summary }: RevisionEvent): string | undefined => {
  const who = actor ?? "Somebody";
  if (columns.length > 0) return `${who} changed ${columns.slice(0, named).join(", ")}${columns.length > named ? ` and ${columns.length - named} more` : ""}`;
  if (summary) return `${who}: ${summary}`;
  return all_columns ? `${who} changed the table` : undefined;
};
