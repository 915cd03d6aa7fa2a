// Runs a Worker under workerd, with Workers KV on disk: node workerd.mjs '<options>'. It prints
// {"url": …} once the Worker listens, and ends with its standard input.
//
// Options: root, modules [{type, path}], vars, kv (binding), heads (binding of the Durable Objects), dir (of
// both), compatibilityDate, assets (a folder). What is left out the Worker does not have.
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

const options = JSON.parse(process.argv[2]);
const mf = new Miniflare(convertV4MiniflareOptions({
  log: new Log(LogLevel.WARN),
  cf: false, // nothing is fetched from the network
  host: "127.0.0.1",
  port: 0,
  modulesRoot: options.root,
  modules: options.modules,
  compatibilityDate: options.compatibilityDate,
  bindings: options.vars ?? {},
  kvNamespaces: options.kv ? [options.kv] : [],
  durableObjects: options.heads ? { [options.heads]: { className: "Heads", useSQLite: true } } : {},
  resourcePersistencePath: options.dir,
  // As wrangler.toml has them.
  ...(options.assets && {
    assets: {
      directory: options.assets,
      binding: "ASSETS",
      routerConfig: { has_user_worker: true, invoke_user_worker_ahead_of_assets: true },
      assetConfig: { html_handling: "none" },
    },
  }),
}));
const url = await mf.ready;
console.log(JSON.stringify({ url: url.origin }));
process.stdin.resume();
process.stdin.on("end", async () => {
  await mf.dispose();
  process.exit(0);
});
