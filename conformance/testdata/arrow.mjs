// Reads a session's data as Arrow with apache-arrow, as a page in a browser would, and
// compares every value with the same data as NDJSON. Called with the URL of the data.
import { tableFromIPC } from "apache-arrow";

const [url, token] = process.argv.slice(2);
const headers = token ? { authorization: `Bearer ${token}` } : {};
const fetched = async (format) => {
  const response = await fetch(`${url}?format=${format}`, { headers });
  if (!response.ok) throw new Error(`${format}: ${response.status} ${await response.text()}`);
  return response;
};

const rows = (await (await fetched("ndjson")).text()).trimEnd().split("\n").map((line) => JSON.parse(line));
for (const format of ["arrow", "arrow_file"]) {
  const table = tableFromIPC(new Uint8Array(await (await fetched(format)).arrayBuffer()));
  if (table.numRows !== rows.length) throw new Error(`${format}: ${table.numRows} rows, want ${rows.length}`);
  for (const { name } of table.schema.fields) {
    const column = table.getChild(name);
    rows.forEach((row, i) => {
      const got = column.get(i);
      const plain = typeof got === "bigint" ? Number(got) : got;
      if (plain !== row[name]) throw new Error(`${format}: row ${i}: ${name} is ${plain}, want ${row[name]}`);
    });
  }
}
console.log(rows.length);
