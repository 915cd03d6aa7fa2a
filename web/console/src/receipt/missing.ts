/** The spellings of a missing value if nobody says otherwise: those of docs/api.md#formats. */
const usual = [
  "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
  "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/** The spellings of a missing value without one that shall stay text. Empty cells are missing all the same. */
export const without = (spelling: string, given: string[] | undefined): string[] => {
  const left = (given ?? usual).filter((one) => one !== spelling);
  return left.length ? left : [""];
};
