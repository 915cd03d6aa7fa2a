// Answers SQL statements, one JSON text on each line, with the seconds that DuckDB took until the whole
// result was in memory and, if they are asked for, its rows. The first line has the version of DuckDB.
import { DuckDBInstance, version } from "@duckdb/node-api";
import { createInterface } from "node:readline";

const answer = (document) => console.log(JSON.stringify(document));

const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
answer({ version: version() });
for await (const line of createInterface({ input: process.stdin })) {
  const { sql, rows } = JSON.parse(line);
  const begin = performance.now();
  const result = await connection.run(sql);
  const seconds = (performance.now() - begin) / 1000;
  answer({ seconds, rows: rows ? await result.getRowsJson() : null });
}
