// An agent's inbox: what waits for it and what it got, whole although it changes while it is fetched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentInboxRows, recent, waiting } from "../../dashboard/js/state/agent_inbox.js";
import { hiveReducer, initial } from "../../dashboard/js/state/hive.js";
import { change, ids, message, snapshot } from "./samples.mjs";

const after = (...actions) => actions.reduce(hiveReducer, initial);
const open = { type: "agentInbox/open", agent: "alice" };
const mail = (id, state, fields = {}) => message(id, { recipient: "alice", state, ...fields });
const frame = (data, seq = data.id) => ({ type: "message", seq, data });
const shown = (state) => [waiting, recent].map((part) => ids(part(agentInboxRows(state))));
const answer = (type, opened, fields) => ({ type, list: "agentInbox", opened, ...fields });

function first(messages, { before = null, queued = [], leased = [], opened = 1 } = {}) {
  const page = { messages: [...messages].reverse(), next_before: before };
  const waits = [queued, leased].map((one) => ({ messages: one, next_before: null }));
  return answer("agentInbox/first", opened, { page, waits });
}

test("what waits stands oldest first, also from far back, and what is done newest first", () => {
  const known = after(
    open,
    first([mail(90, "acked"), mail(91, "refused"), mail(92, "queued")], {
      before: 90,
      queued: [mail(92, "queued"), mail(7, "queued")],
      leased: [mail(5, "leased")],
    }),
  );
  assert.deepEqual(shown(known), [[5, 7, 92], [91, 90]]);
});

test("a change that arrives while the pages are fetched wins over them", () => {
  const known = after(open, frame(mail(7, "acked")), frame(mail(8, "queued")), first([mail(7, "queued")]));
  assert.deepEqual(shown(known), [[8], [7]]);
});

test("so does one that has no text, and the text comes with the pages", () => {
  const known = after(open, frame(change(7, { recipient: "alice", state: "acked" })), first([mail(7, "queued")]));
  assert.deepEqual(agentInboxRows(known), [mail(7, "acked")]);
});

test("mail of others stays out, and a message that is done moves over", () => {
  const known = after(open, first([mail(7, "leased")]), frame(message(8, { recipient: "bob" })), frame(mail(7, "acked"), 9));
  assert.deepEqual(shown(known), [[], [7]]);
});

test("older mail comes page by page", () => {
  const page = { messages: [mail(3, "acked")], next_before: null };
  const [asked, came] = ["page/asked", "page/came"].map((type) => answer(type, 1, { cursor: "before", page }));
  const known = after(open, first([mail(7, "acked")], { before: 7 }), frame(mail(2, "acked"), 1));
  assert.deepEqual(shown(known), [[], [7]]);
  const whole = [asked, came].reduce(hiveReducer, known);
  assert.deepEqual(shown(whole), [[], [7, 3, 2]]);
  assert.deepEqual([whole.agentInbox.before, whole.agentInbox.status], [null, "ready"]);
});

test("after a new connection what is shown stays until the pages replace it", () => {
  const connected = { type: "snapshot", snapshot: snapshot() };
  const stale = after(open, first([mail(7, "queued")]), connected);
  assert.equal(stale.agentInbox.status, "stale");
  const again = [open, frame(mail(9, "queued"), 101)].reduce(hiveReducer, stale);
  assert.deepEqual(shown(again), [[7, 9], []]);
  const late = hiveReducer(again, first([mail(5, "queued")], { opened: 2 }));
  assert.equal(late, again);
  const loaded = hiveReducer(again, first([mail(7, "acked"), mail(8, "queued")], { opened: 3 }));
  assert.deepEqual(shown(loaded), [[8, 9], [7]]);
  assert.equal(after(connected).agentInbox, initial.agentInbox);
});

test("a failure is said once there is nothing to show, and beside what there is", () => {
  const failed = (opened) => answer("page/failed", opened, { error: "no" });
  const known = after(open, first([mail(7, "queued")]), { type: "snapshot", snapshot: snapshot() }, open);
  const states = [after(open, failed(1)), hiveReducer(known, failed(3))];
  assert.deepEqual(states.map(({ agentInbox }) => [agentInbox.status, agentInbox.error]), [["failed", "no"], ["ready", "no"]]);
});
