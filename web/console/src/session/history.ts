import { EdgeframeError, type Operation, type Schemas } from "edgeframe-client";
import type { Recipe } from "edgeframe-client/history";

export type Version = Schemas["Version"];
export type Diff = Schemas["Diff"];
export type CellVersion = Schemas["CellVersion"];
export type { Recipe };
export type RecipeStep = Schemas["RecipeStep"];

/** What is wrong with a step of a recipe. */
export interface StepProblem {
  /** Counted from 1; undefined if it is about the recipe as a whole. */
  step: number | undefined;
  column: string | undefined;
  expected: string | undefined;
}

/** Which parts of a recipe an error is about. first says in which step each operation of an edit is. */
export const stepProblems = (error: unknown, stepOf: (operation: number) => number | undefined = () => undefined): StepProblem[] =>
  (error instanceof EdgeframeError ? error.errors : []).map(({ pointer, column, expected }) => {
    const step = /^\/steps\/(\d+)/.exec(pointer ?? "")?.[1];
    const operation = /^\/operations\/(\d+)/.exec(pointer ?? "")?.[1];
    return { step: step !== undefined ? Number(step) + 1 : operation !== undefined ? stepOf(Number(operation)) : undefined, column: column ?? undefined, expected: expected ?? undefined };
  });

/** All operations of a recipe in their order, and the step of each, counted from 1. */
export const operationsOf = (recipe: Recipe): { operations: Operation[]; steps: number[] } => {
  const all = (recipe.steps ?? []).flatMap((step, i) => (step.operations ?? []).map((one) => ({ one: without(one, "positional"), step: i + 1 })));
  return { operations: all.map(({ one }) => one as Operation), steps: all.map(({ step }) => step) };
};

const without = ({ ...members }: Record<string, unknown>, name: string) => {
  delete members[name];
  return members;
};

/** A recipe as it is saved. Integers beyond those of JavaScript are texts, which the server takes too. */
export const written = (recipe: Recipe): string => JSON.stringify(recipe, (_, value) => (typeof value === "bigint" ? String(value) : value), 2) + "\n";
