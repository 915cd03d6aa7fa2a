// What the client does, in any place that runs JavaScript. It gets the client, and where the servers are:
//
//   server   an edgeframe server
//   proxy    the same server behind a proxy that plays tricks, see client_test.go
//   create   a token with the scope create, of an actor that nobody else is
//   owner    a token with the scopes create and own, of an actor that nobody else is
//   progress whether the place tells how much has been sent
//   sockets  whether the server tells of changes over a WebSocket
//
// It returns the names of the parts that it has run, and what was not as it should be.
import { history, withRecipe } from "../dist/history.js";

export async function run({ edgeframe, op, EdgeframeError }, { server, proxy, create, owner, progress, sockets }) {
  const done = [];
  const failures = [];
  let part = "";
  const spell = (value) => JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
  const is = (what, got, want) => {
    if (spell(got) !== spell(want)) failures.push(`${part}: ${what} is ${spell(got)}, not ${spell(want)}`);
  };
  const refused = async (what, call, code) => {
    try {
      await call();
      failures.push(`${part}: ${what} succeeds`);
    } catch (error) {
      if (!(error instanceof EdgeframeError)) throw error;
      is(what, error.code, code);
      return error;
    }
  };
  const step = async (name, f) => {
    part = name;
    try {
      await f();
      done.push(name);
    } catch (error) {
      failures.push(`${name}: ${error.stack ?? error}`);
    }
  };
  const csv = (text, name = "table.csv") => new File([text], name, { type: "text/csv" });
  const lines = (n) => "id,site,dose\n" + Array.from({ length: n }, (_, i) => `${i},${"ABC"[i % 3]},${i / 4}\n`).join("");
  const filenames = async (client) => {
    const names = [];
    for await (const { filename } of client.list({ limit: 2 })) names.push(filename);
    return names.sort();
  };

  const mine = edgeframe(server, { token: () => owner });
  let s;

  await step("upload", async () => {
    const seen = [];
    const up = await edgeframe(server + "/", { token: create }).upload(csv(lines(3000)), {
      ttlSeconds: 600,
      dtype: { site: "utf8" },
      onProgress: (now) => seen.push(now),
    });
    is("kind", up.kind, "session");
    is("shape", up.document.shape, [3000, 3]);
    is("ttl", up.document.ttl_seconds, 600);
    is("filename", up.document.filename, "table.csv");
    const { total } = seen[0];
    is("the file was packed", total > 0 && total < 20_000, true);
    is("first progress", seen[0], { loaded: 0, total });
    is("last progress", seen.at(-1), { loaded: total, total });
    is("progress between", seen.length > 2, progress);
    s = up.session; // which has a token of its own, or the rest fails
    is("token", typeof up.document.token, "string");
  });

  await step("page", async () => {
    const page = await s.page({ columns: ["id", "site"], where: { column: "site", cmp: "eq", value: "B" }, sort: ["-id"], limit: 2 });
    is("rows", page.rows, [{ id: 2998, site: "B" }, { id: 2995, site: "B" }]);
    is("row numbers", page.rowNumbers, [2998, 2995]);
    is("matched", [page.matchedRows, page.totalRows], [1000, 3000]);
    is("next", page.next, { offset: 2, limit: 2, version: 1 });
    is("dtypes", page.dtypes, { id: "int64", site: "utf8" });
    is("last", (await s.page({ offset: 2999 })).next, undefined);
  });

  await step("rows", async () => {
    let n = 0;
    for await (const row of s.rows({ where: { column: "dose", cmp: "lt", value: 500 }, pageSize: 700 })) {
      if (row.id !== n++) throw new Error(`row ${n - 1} has the id ${row.id}`);
      // A change meanwhile does not show.
      if (n === 1) await s.edit([op.set("id", 1999, -1)]);
    }
    is("number", n, 2000);
    await s.undo();
  });

  await step("query", async () => {
    const groups = await s.group(
      { by: ["site"], aggregates: [{ fn: "count" }, { column: "dose", fn: "max", as: "most" }] },
      { sort: ["-most"], limit: 2 },
    );
    is("groups", groups.groups, 3);
    is("rows", groups.rows, [{ site: "C", count: 1000, most: 749.75 }, { site: "B", count: 1000, most: 749.5 }]);
    is("histogram", (await s.histogram("id", { bins: 2 })).counts, [1500, 1500]);
    is("distinct", (await s.distinct("site", { search: "a" })).values, [{ value: "A", count: 1000 }]);
    is("described", (await s.describe({ columns: ["dose"] })).columns[0].max, 749.75);
  });

  await step("edit", async () => {
    const operations = [op.set("dose", 0, 9.5, { expect: 0 }), op.rename({ site: "place" })];
    const look = await s.preview(operations, { samples: 1 });
    is("preview", [look.columns_changed, look.columns_after, look.samples.length], [["dose"], ["id", "place", "dose"], 1]);
    const document = await s.edit(operations, { summary: "a typing error" });
    is("columns", document.columns, ["id", "place", "dose"]);
    is("summary", document.history.at(-1).action_summary, "a typing error");
    is("undone", (await s.undo()).columns[1], "site");
    is("redone", (await s.redo()).columns[1], "place");
    is("restored", (await s.restore(1)).columns[1], "site");
    is("versions", (await s.snapshot({ summary: "kept" })).versions.at(-1).action_summary, "kept");
    is("current", (await s.versions()).current_version, (await s.get()).current_version);
  });

  await step("history", async () => {
    const { session } = await mine.upload(csv("id,dose\n1,0.5\n2,1.5\n3,2.5\n"));
    const past = history(session);
    await session.edit([op.set("dose", 1, 9), op.deleteRows([0])], { summary: "cleaned" });
    is("named", (await past.name(1, "raw, locked")).versions[0].name, "raw, locked");
    await refused("its name for another version", () => past.name(2, "raw, locked"), "name_taken");
    const { from, to, aligned_by, total, changes, removed_rows } = await past.diff("@raw, locked");
    is("diff", [from, to, aligned_by, total, removed_rows], [1, 2, "origin", 2, [0]]);
    is("changes", changes, [{ row_from: 1, row_to: 0, column: "dose", before: 1.5, after: 9 }]);
    const page = await past.diff(2, 1, { key: ["id"], offset: 1, limit: 1 });
    is("a page of a diff by key", [page.aligned_by, page.changes, page.added_rows], ["key", [], [0]]);
    is("cell", (await past.cell(0, "dose")).history.map(({ row, value }) => [row, value]), [[0, 9], [1, 1.5]]);
    is("cell of an earlier version", (await past.cell(0, "dose", { version: 1 })).history.map(({ row }) => row), [null, 0]);
    is("version", (await past.version("@raw, locked")).kind, "create");
    is("unnamed", (await past.unname(1)).versions[0].name, undefined);
    is("a version that is gone", await past.unname(7), undefined);

    const recipe = await past.recipe({ key: "id" });
    is("recipe", recipe.steps.map(({ summary }) => summary), ["cleaned"]);
    const next = csv("id,dose\n2,1\n1,4\n", 'fe"bruary.csv');
    is("preview", (await mine.preview(withRecipe(next, recipe))).preview_data, [{ id: 2, dose: 9 }]);
    const up = await mine.upload(withRecipe(next, JSON.stringify(recipe)), { dtype: { dose: "int64" } });
    is("replayed", [up.document.filename, up.document.recipe.steps.length], ['fe"bruary.csv', 1]);
    is("rows", (await up.session.page()).rows, [{ id: 2, dose: 9 }]);
    await refused("a recipe by position", async () => mine.upload(withRecipe("id,dose\n1,2\n", await past.recipe())), "positional_step");
    await Promise.all([session, up.session].map((one) => one.delete()));
  });

  await step("operations", async () => {
    const { session } = await mine.upload(csv("a,b\nx,1\nx,1\ny,\n,3\nz,4\n"));
    await session.edit([
      op.addColumn("c", { dtype: "utf8", values: ["1", "2", "3", "4", "5"] }),
      op.cast("c", "int8"),
      op.dropDuplicates(["a", "b"]),
      op.fillMissing(["b"], "constant", { value: 7 }),
      op.dropMissing(["a"]),
      op.replace(["a"], "z", "q"),
      op.insertRows(0, [{ a: "new" }]),
      op.cells([{ row: 0, column: "b", value: 6 }, { row: 0, column: "c", value: 0 }]),
      op.sort(["-b", "a"]),
      op.filter({ column: "b", cmp: "gt", value: 1 }),
      op.markMissing("c", [0]),
      op.unmarkMissing("c", [0]),
      op.rename({ c: "d" }),
      op.select(["d", "b", "a"]),
      op.drop(["b"]),
      op.deleteRows([1]),
      op.compute("d", "d * 2", { dtype: "int8" }),
    ]);
    is("rows", (await session.page()).rows, [{ d: 6, a: "y" }, { d: 10, a: "q" }]);
    await session.append(csv("d,a\n8,w\n"), { summary: "one more" });
    await session.upsert(csv("d,a\n8,W\n9,v\n"), "d");
    const copy = await session.copy({ sort: ["-d"], columns: ["d"] }, { filename: "copy.csv" });
    is("copy", (await copy.page()).rows.map((row) => row.d), [10, 9, 8, 6]);
    await session.replace(csv("z\n1\n"));
    is("replaced", (await session.page()).columns, ["z"]);
    is("marks", await session.request("PATCH", "/missing", { body: { z: [0] } }).then((d) => d.intentional_missing), { z: 1 });
    is("list", await filenames(mine), ["copy.csv", "table.csv"]);
    await session.delete();
    await copy.delete();
    is("list", await filenames(mine), []);
    await session.delete(); // it is gone, as it should be
    await refused("a deleted session", () => session.get(), "session_not_found");
  });

  await step("exact integers", async () => {
    const { session } = await mine.upload(csv('id,n,text\n9007199254740993,1,"say ""9007199254740993"" \\"\n-9223372036854775808,2,9007199254740995\n'), {
      dtype: { text: "utf8" },
    });
    const { rows } = await session.page();
    is("rows", rows, [
      { id: 9007199254740993n, n: 1, text: 'say "9007199254740993" \\' },
      { id: -9223372036854775808n, n: 2, text: "9007199254740995" },
    ]);
    await session.edit([op.set("id", 1, rows[0].id, { expect: rows[1].id })]);
    is("matched", (await session.page({ where: { column: "id", cmp: "eq", value: 9007199254740993n } })).matchedRows, 2);
    const error = await refused("another expectation", () => session.edit([op.set("id", 0, 1, { expect: 2 })]), "cell_changed");
    is("current", error.current, 9007199254740993n);
    await session.edit([op.cast("n", "float64"), op.set("n", 0, 1e18)]);
    is("a whole float", (await session.page()).rows[0].n, 1e18);
    await session.delete();
  });

  await step("conflict", async () => {
    const { session } = await mine.upload(csv("v\n1\n2\n"));
    const other = mine.open(session.id);
    await other.edit([op.set("v", 0, 5)]);
    const mistake = await refused("an edit of a changed cell", () => session.edit([op.set("v", 0, 3, { expect: 1 })]), "cell_changed");
    is("status", mistake.status, 412);
    is("errors", mistake.errors, [{ pointer: "/operations/0/cells/0/expect", column: "v", row: 0, value: 1, current: 5 }]);
    is("request id", mistake.requestId.length > 8, true);
    await session.edit([op.set("v", 0, 3, { expect: mistake.current })]);
    await refused("an edit of what was seen before", () => other.edit([op.set("v", 1, 0)], { ifMatch: true }), "precondition_failed");
    const { etag } = await other.page();
    await other.edit([op.set("v", 1, 0)], { ifMatch: true });
    await refused("an edit of an old page", () => other.edit([op.set("v", 1, 1)], { ifMatch: etag }), "precondition_failed");
    is("rows", (await session.page()).rows, [{ v: 3 }, { v: 0 }]);
    await refused("a condition on nothing", () => mine.open(session.id).undo({ ifMatch: true }), "invalid_parameter");
    await session.delete();
  });

  await step("choose a sheet", async () => {
    const workbook = new File([await (await fetch(`${proxy}/sales.xlsx`)).arrayBuffer()], "sales.xlsx");
    is("preview", (await mine.preview(workbook, { sheetName: ["2025"], previewRows: 1 })).preview_data, [{ item: "apple", price: 1.5 }]);
    const up = await mine.upload(workbook);
    is("kind", up.kind, "choose");
    is("sheets", up.sheets.map((sheet) => sheet.name), ["2025", "2026", "Notes"]);
    const one = await up.select(["2026"]);
    is("one", (await one.page()).rows[0], { item: "plum", amount: 7 });
    const both = await up.select(["2025", "2026"]);
    is("both", (await both.get()).shape, [5, 3]);
    const each = await up.selectEach(["2025", "2026"]);
    is("each", await Promise.all(each.map(async (one) => (await one.get()).shape[0])), [2, 3]);
    await refused("a sheet that is not there", () => up.select(["2027"]), "malformed_input");
    await Promise.all([one, both, ...each].map((one) => one.delete()));
  });

  await step("cancel", async () => {
    const large = new Blob(Array(12).fill("a\n".repeat(1 << 19))); // more than sockets hold
    for (const onProgress of [undefined, () => {}]) {
      const stop = new AbortController();
      const ended = edgeframe(`${proxy}/slow`, { token: owner })
        .upload(large, { filename: "cancelled.csv", compress: false, signal: stop.signal, onProgress })
        .then(() => "uploaded", (reason) => reason);
      await fetch(`${proxy}/reached?${owner}`); // answers when a part of the file has arrived
      stop.abort("changed my mind");
      is("reason", await ended, "changed my mind");
      is("what is left", await (await fetch(`${proxy}/cancelled?${owner}`)).text(), "a part");
    }
    const early = new AbortController();
    const packing = mine.upload(large, { filename: "cancelled.csv", signal: early.signal }).catch((reason) => reason);
    early.abort("before it was packed");
    is("reason", await packing, "before it was packed");
    is("list", await filenames(mine), []);
    await refused("a call without an answer", () => edgeframe(`${proxy}/never`, { token: owner, retry: { budgetMs: 0 } }).health(), "no_answer");
    let reason;
    await mine.health({ signal: AbortSignal.abort() }).catch((error) => (reason = error.name));
    is("a call that was cancelled before", reason, "AbortError");
  });

  await step("lost answers", async () => {
    const shaky = edgeframe(`${proxy}/lose`, { token: owner });
    const { session, document } = await shaky.upload(csv("v\n1\n2\n3\n", "lost.csv"));
    is("answered by a repeat", document.upload, undefined);
    await session.edit([op.deleteRows([0])], { summary: "once" });
    await session.append(csv("v\n4\n"));
    await session.snapshot();
    is("rows", (await session.page()).rows, [{ v: 2 }, { v: 3 }, { v: 4 }]);
    is("versions", (await session.versions()).versions.length, 4);
    is("list", await filenames(mine), ["lost.csv"]);
    is("half an answer", await session.arrow((bytes) => bytes[0]), 255);
    await session.delete();
    is("list", await filenames(mine), []);
  });

  await step("busy", async () => {
    const busy = edgeframe(`${proxy}/busy`, { token: owner });
    const { session } = await busy.upload(csv("v\n1\n"), { onProgress: () => {} });
    is("rows", (await session.page()).rows, [{ v: 1 }]);
    const impatient = edgeframe(`${proxy}/busy`, { token: owner, retry: { budgetMs: 500 } });
    const error = await refused("an impatient call", () => impatient.open(session.id).undo(), "storage_unavailable");
    is("status", error.status, 503);
    const stop = new AbortController();
    const waiting = busy.open(session.id).redo({ signal: stop.signal }).catch((reason) => reason);
    stop.abort("enough");
    is("the reason of a stop while it waits", await waiting, "enough");
    await session.delete();
  });

  await step("watch", async () => {
    const { session } = await mine.upload(csv("v,w\n1,2\n"));
    const changes = [];
    const events = [];
    const latest = [];
    // Without live updates the client looks again and again, so the changes alone do not show what told of them.
    let told = 0;
    const { WebSocket } = globalThis; // Node 20 has none
    if (WebSocket) {
      globalThis.WebSocket = class extends WebSocket {
        constructor(url) {
          super(url);
          this.addEventListener("message", () => told++);
        }
      };
    }
    let stop;
    const gone = new Promise((resolve) => {
      stop = mine.open(session.id).watch(
        ({ type, document, events: these }) => {
          changes.push(type === "changed" ? document.filename : type);
          if (these?.length) latest.push(these.at(-1).revision.startsWith(`${document.revision}-`));
          events.push(...(these ?? []));
          if (type === "gone") resolve();
        },
        { intervalMs: 20 },
      );
    });
    const { live_updates: live } = (await mine.health()).capabilities;
    const hears = live && (!sockets || Boolean(WebSocket));
    // Until it has looked once, it has nothing to compare with.
    for (let n = 2; n < 300 && (!changes.length || (hears && !events.some(({ columns }) => columns.length))); n++) {
      await session.edit([op.set("v", 0, n)]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await session.delete();
    await gone;
    stop();
    if (WebSocket) globalThis.WebSocket = WebSocket;
    is("a WebSocket tells of changes", told > 0, Boolean(sockets && WebSocket));
    is("changes", [changes[0], changes.at(-1)], ["table.csv", "gone"]);
    is("the last events are those of the documents", latest.every(Boolean), true);
    const { columns, summary, actor } = events.find((event) => event.columns.length) ?? {};
    is("what an event tells", [columns, summary, actor?.startsWith("owner of ")], hears ? [["v"], "set 1 cell of v", true] : [undefined, undefined, undefined]);
  });

  await step("errors", async () => {
    is("health", (await edgeframe(server).health()).status, "healthy");
    await refused("a call without a token", () => edgeframe(server).open("x").get(), "unauthorized");
    const error = await refused("an unknown column", () => s.edit([op.drop(["doze"])]), "column_not_found");
    is("nearest", [error.status, error.errors[0].expected, error.current], [422, "dose", undefined]);
    is("message", [error.name, error.message === error.detail], ["EdgeframeError", true]);
    await refused("something else", () => edgeframe(`${proxy}/else`).health(), "unexpected_answer");
  });

  await step("share and export", async () => {
    const { session } = await mine.upload(csv("a,b\n1,x\n2,y\n"));
    const link = await session.share({ scope: "read", ttlSeconds: 60, actor: "guest" });
    is("scope", link.scope, "read");
    is("link", await (await fetch(link.url("csv"))).text(), "a,b\n1,x\n2,y\n");
    const query = { columns: ["b"], where: { column: "a", cmp: "gt", value: 1 }, sort: ["-a"] };
    is("link of a query", await (await fetch(link.url("csv", query))).text(), "b\ny\n");
    const guest = edgeframe(server, { token: link.token }).open(session.id);
    is("guest", (await guest.page()).totalRows, 2);
    await refused("an edit by a reader", () => guest.undo(), "insufficient_scope");
    is("export", await (await session.export("tsv", query)).text(), "b\ny\n");
    is("arrow", await session.arrow((bytes) => bytes[0], query), 255); // the mark of a message
    await session.touch({ ttlSeconds: 900 });
    is("ttl", (await session.get({ touch: false })).ttl_seconds, 900);
    await session.delete();
    const { token } = await s.share({ scope: "read" });
    await s.revoke();
    await s.revoke(); // the token of s itself is revoked too
    await refused("a revoked token", () => edgeframe(server, { token }).open(s.id).get(), "token_revoked");
  });

  return { done, failures };
}

/** Runs it, and fails if a promise was rejected and nobody has looked. */
export async function runWatched(client, where, listen) {
  const unhandled = [];
  listen((reason) => unhandled.push(`not handled: ${reason}`));
  const { done, failures } = await run(client, where);
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { done, failures: [...failures, ...unhandled] };
}
