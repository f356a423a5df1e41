// An agent's live log: a window onto its events that moves without a hole and without growing for ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { KEPT, logReducer, MOST, MOST_LENGTH } from "../../dashboard/js/state/log.js";
import { event, ids, range } from "./samples.mjs";

const after = (...actions) => actions.reduce(hiveReducer, initial).log;
const open = { type: "log/open", agent: "alice" };
const notes = (from, to) => range(from, to).map((id) => event(id, "note"));

function page(events, cursors = {}) {
  return { events: [...events].reverse(), next_before: null, next_after: null, ...cursors };
}

const answer = (type, fields) => ({ type, list: "log", opened: 1, ...fields });
const first = (events, before = null, more = []) =>
  answer("log/first", { page: page(events, { next_before: before }), more });
const came = (cursor, events, next) =>
  answer("page/came", { cursor, page: page(events, { [`next_${cursor}`]: next }) });
const older = (events, next = null) => came("before", events, next);
const newer = (events, next = null) => came("after", events, next);
const live = (events) => answer("log/events", { events });
const loading = answer("page/asked", { cursor: "before" });
const forward = answer("page/asked", { cursor: "after" });

test("what came between opening the stream and the page is there once", () => {
  const log = after(open, first(notes(5, 9), 5, notes(9, 11)), live(notes(11, 12)));
  assert.deepEqual([ids(log.rows), log.before, log.after, log.status, log.live], [range(5, 12), 5, null, "ready", true]);
});

test("after a lost connection what was missed joins what is known, once", () => {
  const lost = { type: "log/lost" };
  const caughtUp = answer("log/caught-up", { events: notes(9, 20) });
  const log = after(open, first(notes(5, 9), 5), lost, caughtUp);
  assert.deepEqual([ids(log.rows), log.before, log.live], [range(5, 20), 5, true]);
  const startsOver = after(open, first(notes(5, 9), 5), lost, first(notes(300, 310), 300));
  assert.deepEqual([ids(startsOver.rows), startsOver.before], [range(300, 310), 300]);
});

test("an older page comes before what is known, once, and only where the log was not opened anew", () => {
  const known = [open, first(notes(5, 9), 5), loading];
  const log = after(...known, older(notes(1, 4)));
  assert.deepEqual([ids(log.rows), log.before, log.status], [range(1, 9), null, "ready"]);
  assert.deepEqual(ids(after(...known, older(notes(1, 4)), older(notes(1, 4))).rows), range(1, 9));
  assert.deepEqual(ids(after(...known, { ...older(notes(1, 4)), opened: 0 }).rows), range(5, 9));
});

test("paging back lets go of the newest events, and paging forward finds them and the live ones again", () => {
  let log = after(open, first(notes(MOST + 1, MOST + 300), MOST + 1));
  for (let id = MOST; id > 1; id -= 500) log = [loading, older(notes(id - 499, id), id - 499)].reduce(logReducer, log);
  assert.equal(log.rows.length, MOST);
  assert.deepEqual([log.rows[0].id, log.after, log.missed], [1, MOST, 0]);

  log = logReducer(log, live(notes(MOST + 301, MOST + 302)));
  assert.deepEqual([log.rows.length, log.missed], [MOST, 2]);

  log = [forward, newer(notes(MOST + 1, MOST + 200), MOST + 200)].reduce(logReducer, log);
  assert.deepEqual([log.rows.length, log.before, log.after], [MOST, 201, MOST + 200]);
  log = [forward, newer(notes(MOST + 201, MOST + 301))].reduce(logReducer, log);
  assert.deepEqual([log.rows.at(-1).id, log.after, log.missed], [MOST + 302, null, 0]);
  assert.deepEqual(ids(log.rows), range(log.rows[0].id, MOST + 302));
});

test("live events that were let go of are fetched before the window counts as live again", () => {
  let log = after(open, { type: "log/show", show: "all", from: 5 });
  log = logReducer(log, answer("log/first", { page: page(notes(5, 9), { next_after: 9 }), more: [] }));
  log = logReducer(log, live(notes(10, 700)));
  assert.deepEqual([ids(log.rows), log.before, log.missed], [range(5, 9), 5, 691]);
  log = [forward, newer(notes(10, 100))].reduce(logReducer, log);
  assert.equal(log.after, 100);
  log = [forward, newer(notes(101, 400))].reduce(logReducer, log);
  assert.deepEqual([ids(log.rows), log.after], [range(5, 700), null]);
});

test("a flood while somebody reads further up is counted and not held", () => {
  const log = after(open, first(notes(1, 100)), live(notes(101, MOST + 500)), live(notes(MOST + 501, MOST + 510)));
  assert.deepEqual([log.rows.length, log.after, log.missed], [MOST, MOST, 510]);
});

test("at the live end only the newest are kept, and what was let go of can be paged back to", () => {
  const log = after(open, first(notes(1, KEPT + 50)), { type: "log/trim" });
  assert.deepEqual([ids(log.rows), log.before], [range(51, KEPT + 50), 51]);
});

test("large events count by their size", () => {
  const large = range(1, 20).map((id) => event(id, "text", { text: "x".repeat(MOST_LENGTH / 8) }));
  const log = after(open, first(large), loading, older([]));
  assert.ok(log.rows.length <= 9);
  assert.equal(log.after, log.rows.at(-1).id);
});

test("a choice of kinds starts over, and live events of other kinds stay out", () => {
  const again = (action) => ({ ...action, opened: 2 });
  const log = after(
    open,
    first(notes(1, 5)),
    { type: "log/show", show: "refusals" },
    again(live(notes(6, 6))),
    again(first([event(7, "refused")])),
    again(live([event(8, "note"), event(9, "refused")])),
    first(notes(1, 5)),
  );
  assert.deepEqual([ids(log.rows), log.opened], [[7, 9], 2]);
});

test("a failure is said once there is nothing to show, and beside what there is", () => {
  const failed = answer("page/failed", { error: "The broker does not answer." });
  assert.deepEqual([after(open, failed).status, after(open, first(notes(1, 2)), failed).status], ["failed", "ready"]);
});
