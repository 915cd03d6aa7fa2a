// Writes a workbook of sheetjs/ with SheetJS: node workbook.mjs file < content. programs_test.go has
// the content, as JSON. No test runs this, because it needs xlsx@0.18.5, which has known
// vulnerabilities: install it somewhere else.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const XLSX = createRequire(import.meta.url)("xlsx");
const day = 86400000;
const epoch = Date.UTC(1899, 11, 30);

function cell(v) {
  if (typeof v === "number") return { t: "n", v };
  if (typeof v === "boolean") return { t: "b", v };
  if (typeof v === "string") return { t: "s", v };
  if (v.date) return { t: "n", v: (Date.parse(v.date + "T00:00:00Z") - epoch) / day, z: "yyyy-mm-dd" };
  if (v.datetime) return { t: "n", v: (Date.parse(v.datetime + "Z") - epoch) / day, z: "yyyy-mm-dd hh:mm:ss" };
  if (v.time) return { t: "n", v: Date.parse("1970-01-01T" + v.time + "Z") / day, z: "hh:mm:ss" };
  if (v.error) return { t: "e", v: 7, w: v.error };
  return { t: "n", f: v.formula, v: v.value };
}

const book = XLSX.utils.book_new();
for (const s of JSON.parse(readFileSync(0))) {
  const sheet = { "!ref": "A1", "!merges": (s.merges ?? []).map((m) => XLSX.utils.decode_range(m)) };
  let most = { r: 0, c: 0 };
  s.rows.forEach((row, r) => row.forEach((v, c) => {
    if (v === null) return;
    sheet[XLSX.utils.encode_cell({ r, c })] = cell(v);
    most = { r: Math.max(most.r, r), c: Math.max(most.c, c) };
  }));
  sheet["!ref"] = XLSX.utils.encode_range({ s: { r: 0, c: 0 }, e: most });
  XLSX.utils.book_append_sheet(book, sheet, s.name);
}
XLSX.writeFile(book, process.argv[2], { bookSST: true, compression: true });
