// Parked mail: what the page knows of it, whom it is shown for, and that the operator is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { needLabel } from "../../dashboard/js/labels.js";
import { recent } from "../../dashboard/js/state/agent_inbox.js";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { needs } from "../../dashboard/js/state/needs.js";
import { notice, toShow } from "../../dashboard/js/state/notify.js";
import { parkedFor } from "../../dashboard/js/state/parked.js";
import { change, ids, message, snapshot } from "./samples.mjs";

const poison = (id, fields) => message(id, { state: "parked", failures: 3, error: "API Error: 400", ...fields });
const loaded = (fields) => hiveReducer(initial, { type: "snapshot", snapshot: snapshot(fields) });
let seq = 100;
const changed = (state, data) => hiveReducer(state, { type: "message", seq: (seq += 1), data, unread: 0 });

test("what is parked is known from the snapshot on, oldest first, until it is decided", () => {
  let state = loaded({ parked: [poison(7), poison(3, { recipient: "carol" })], parked_before: 3 });
  assert.deepEqual([ids(state.parked.rows), state.parked.more], [[3, 7], true]);
  state = changed(state, poison(5));
  assert.deepEqual(ids(state.parked.rows), [3, 5, 7]);
  assert.deepEqual(ids(parkedFor(state.parked, "bob")), [5, 7]);
  state = changed(state, message(5, { state: "queued" }));
  state = changed(state, change(7, { state: "undeliverable" }));
  assert.deepEqual(ids(state.parked.rows), [3]);
});

test("a message that is not parked changes nothing of what is", () => {
  const state = loaded({ parked: [poison(3)] });
  assert.equal(changed(state, message(9)).parked, state.parked);
});

test("the top line counts it", () => {
  const line = (parked) => needs(loaded({ parked })).map((need) => needLabel(need).join(" "));
  assert.deepEqual(line([poison(1)]), ["1 parked message"]);
  assert.deepEqual(line([poison(1), poison(2)]), ["2 parked messages"]);
});

test("what is parked is no recent mail", () => {
  assert.deepEqual(ids(recent([poison(1), message(2, { state: "acked" })])), [2]);
});

test("the operator is notified each time that a message is parked, also of one with a lower number", () => {
  const first = loaded({ parked: [poison(9)] });
  let { memory } = notice(first, null);
  const parked = changed(first, poison(4));
  const found = notice(parked, memory);
  assert.deepEqual(
    toShow(found.fresh).map(({ tag, title, body, place, id }) => ({ tag, title, body, place, id })),
    [{ tag: "parked:4", title: "Mail to bob is parked", body: "From alice: API Error: 400", place: "parked", id: 4 }],
  );
  ({ memory } = notice(parked, found.memory));
  const retried = changed(parked, message(4));
  ({ memory } = notice(retried, memory));
  assert.deepEqual(notice(changed(retried, poison(4)), memory).fresh.map(({ tag }) => tag), ["parked:4"]);
});
