// Runs the scenario in a Worker, which answers a POST of where the servers are with the report.
import * as client from "../dist/index.js";
import { runWatched } from "./scenario.mjs";

export default {
  async fetch(request) {
    const where = await request.json();
    return Response.json(await runWatched(client, where, (hear) => addEventListener("unhandledrejection", ({ reason }) => hear(reason))));
  },
};
