import type { Condition } from "edgeframe-client";
import { short, text } from "../ui/format.ts";
import { isText, parseValue } from "../ui/types.ts";

export const comparisons = {
  eq: "is",
  ne: "is not",
  lt: "<",
  le: "≤",
  gt: ">",
  ge: "≥",
  contains: "contains",
  starts_with: "starts with",
  ends_with: "ends with",
  matches: "matches",
  is_null: "is missing",
  not_null: "is not missing",
} as const;

export type Comparison = keyof typeof comparisons;

/** A condition on one column. */
export type Filter =
  | { column: string; kind: "values"; values: unknown[] }
  | { column: string; kind: "outside"; low: number; high: number }
  | { column: string; kind: "compare"; cmp: Comparison; typed: string };

/** The comparisons that columns of a type have. */
export const comparisonsOf = (dtype: string): Comparison[] =>
  isText(dtype)
    ? ["contains", "eq", "ne", "starts_with", "ends_with", "matches", "is_null", "not_null"]
    : dtype === "bool"
      ? ["eq", "is_null", "not_null"]
      : ["eq", "ne", "lt", "le", "gt", "ge", "is_null", "not_null"];

const shown = 24;

/** What a filter says, in words. */
export const describe = (filter: Filter): string => {
  if (filter.kind === "outside") return `${filter.column} is an outlier`;
  if (filter.kind === "values") {
    const names = filter.values.slice(0, 3).map((value) => (value === null ? "missing" : short(text(value), shown)));
    const more = filter.values.length - names.length;
    return `${filter.column} is ${names.join(" or ")}${more > 0 ? ` or ${more} more` : ""}`;
  }
  const takesNone = filter.cmp === "is_null" || filter.cmp === "not_null";
  return `${filter.column} ${comparisons[filter.cmp]}${takesNone ? "" : ` ${short(filter.typed, shown)}`}`;
};

const condition = (filter: Filter, dtype: string): Condition => {
  const { column } = filter;
  if (filter.kind === "values") return { column, cmp: "in", value: filter.values } as Condition;
  if (filter.kind === "outside")
    return { or: [{ column, cmp: "lt", value: filter.low }, { column, cmp: "gt", value: filter.high }] } as Condition;
  if (filter.cmp === "is_null" || filter.cmp === "not_null") return { column, cmp: filter.cmp } as Condition;
  const value = isText(dtype) ? filter.typed : parseValue(filter.typed, dtype);
  const folded = ["contains", "starts_with", "ends_with"].includes(filter.cmp);
  return { column, cmp: filter.cmp, value, ...(folded && { ignore_case: true }) } as Condition;
};

/** The condition for which all filters hold; undefined without filters. */
export const conditionOf = (filters: Filter[], dtypes: Record<string, string>): Condition | undefined => {
  const all = filters.filter((one) => one.column in dtypes).map((one) => condition(one, dtypes[one.column]!));
  return all.length > 1 ? ({ and: all } as Condition) : all[0];
};
