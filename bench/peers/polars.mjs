// Does what the lines of its input name, one JSON text each, with the table that the last load has read.
// It answers with the seconds that Polars took and the number of rows of the result. The first line of its
// output has the version of Polars, which is installed in bin/peers.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const installed = createRequire(join(process.cwd(), "bin", "peers", "package.json"));
const pl = installed("nodejs-polars").default;

const answer = (document) => console.log(JSON.stringify(document));

let table;
// Tables are collected while they are made: nodejs-polars has no lazy form of all of these.
const work = {
  load: ({ path }) => (table = pl.readCSV(path, { tryParseDates: true })),
  filter: () => table.filter(pl.col("c0").gtEq(500000)),
  sort: () => table.sort({ by: ["c2", "c1"], descending: [false, true], nullsLast: [true, true], maintainOrder: true }),
  duplicatesOfTwo: () => table.unique({ subset: ["c2", "c4"], keep: "first", maintainOrder: true }),
  duplicates: () => table.unique({ keep: "first", maintainOrder: true }),
  // describe of nodejs-polars fails for dates.
  describe: () => table.drop(["c4", "c9"]).describe(),
  fill: () => table.withColumn(pl.col("c6").fillNull(pl.col("c6").median())),
  parquet: ({ path }) => void table.writeParquet(path, { compression: "snappy" }),
  csv: ({ path }) => void table.writeCSV(path),
};

answer({ version: installed("nodejs-polars/package.json").version });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const begin = performance.now();
  const result = work[asked.work](asked);
  const seconds = (performance.now() - begin) / 1000;
  answer({ seconds, height: result?.height ?? 0 });
}
