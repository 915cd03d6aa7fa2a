// Starts the program that make build has made, on a free port, without files.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** A file of vega-datasets. */
export const vega = (name) => join(root, "node_modules/vega-datasets/data", name);

export const startServer = async () => {
  const program = spawn(process.env.EDGEFRAME ?? join(root, "bin/edgeframe"), { env: { HOST: "127.0.0.1", PORT: "0", STORAGE_DIR: "" }, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [program.stdout, program.stderr].map((input) => createInterface({ input }));
  const url = await new Promise((resolve, reject) => {
    program.on("error", reject);
    program.on("exit", () => reject(new Error("the server has ended")));
    for (const one of lines) one.on("line", (line) => /Listening on (http:[^\s"]+)/.test(line) && resolve(/Listening on (http:[^\s"]+)/.exec(line)[1]));
  });
  return { url, stop: () => program.kill() };
};
