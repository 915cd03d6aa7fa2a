/** What the name of a type says about its values. */
export const isInteger = (dtype: string) => /^u?int\d+$/.test(dtype);
export const isFloat = (dtype: string) => /^float\d+$/.test(dtype);
export const isDecimal = (dtype: string) => dtype.startsWith("decimal");
export const isNumber = (dtype: string) => isInteger(dtype) || isFloat(dtype) || isDecimal(dtype);
export const isText = (dtype: string) => dtype === "utf8" || dtype === "large_utf8" || dtype.startsWith("dictionary");
export const isTime = (dtype: string) => /^(date|time|timestamp|duration)/.test(dtype);
export const isBool = (dtype: string) => dtype === "bool";

/** Whether a histogram of the values can be made. */
export const hasHistogram = (dtype: string) => isNumber(dtype) || isTime(dtype);

/** The types that a column may be given. */
export const castable = [
  "utf8", "int64", "float64", "bool", "date32", "timestamp[us]", "time64[us]",
  "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "float32", "decimal(18, 2)",
];

/**
 * The value that a text stands for in a column of a type, as the API takes it. No text is a missing value. What does
 * not fit is sent as it is: the server says what it accepts.
 */
export const parseValue = (typed: string, dtype: string): unknown => {
  if (typed === "") return null;
  if (isText(dtype)) return typed;
  const value = typed.trim();
  if (isInteger(dtype) && /^[-+]?\d+$/.test(value)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : BigInt(value.replace("+", ""));
  }
  if (isFloat(dtype) && value !== "" && Number.isFinite(Number(value))) return Number(value);
  if (isBool(dtype) && /^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  if (/^(list|large_list|fixed_size_list|struct|map)/.test(dtype)) {
    try {
      return JSON.parse(value);
    } catch {
      return typed;
    }
  }
  return value;
};

/** Whether two values of a cell are the same. */
export const sameValue = (a: unknown, b: unknown): boolean => {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (typeof a === "bigint" || typeof b === "bigint") return String(a) === String(b);
  return typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b);
};
