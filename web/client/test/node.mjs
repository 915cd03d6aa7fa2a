// Runs the scenario in Node: node node.mjs '<where>'. It prints the report.
import * as client from "../dist/index.js";
import { runWatched } from "./scenario.mjs";

const report = await runWatched(client, JSON.parse(process.argv[2]), (hear) => process.on("unhandledRejection", hear));
console.log(JSON.stringify(report));
