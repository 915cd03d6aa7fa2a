/**
 * Parses JSON. Integers that a number cannot hold become bigints. The server writes every float with a point or an
 * exponent, so a number without them is an integer.
 */
export const parse = (text: string): any => {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const mark = unique(); // no text of a table begins with it
  return JSON.parse(
    text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[-+.\w]+/g, (token) =>
      /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(+token) ? `"${mark}${token}"` : token,
    ),
    (_, value) => (value?.startsWith?.(mark) ? BigInt(value.slice(mark.length)) : value),
  );
};

/** Writes JSON. The API takes integers as strings too. */
export const stringify = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v == "bigint" ? `${v}` : v));

/** 128 random bits. Unlike crypto.randomUUID, this also works on pages that come by plain HTTP. */
export const unique = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");
