// An agent's inbox: what waits for it and what it got, whole although it changes while it is fetched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mailReducer, noMail, recent, waiting } from "../../dashboard/js/state/mail.js";
import { ids, message } from "./samples.mjs";

const after = (...actions) => actions.reduce(mailReducer, noMail);
const open = { type: "mail/open", agent: "alice" };
const mail = (id, state, fields = {}) => message(id, { recipient: "alice", state, ...fields });
const frame = (data) => ({ type: "message", seq: 1, data });
const none = { messages: [], next_before: null };

function page(messages, { before = null, queued = [], leased = [] } = {}) {
  const first = { messages: [...messages].reverse(), next_before: before };
  const waits = [queued, leased].map((one) => ({ messages: one, next_before: null }));
  return { type: "mail/page", agent: "alice", page: first, waits };
}

test("what waits stands oldest first, also from far back, and what is done newest first", () => {
  const known = after(
    open,
    page([mail(90, "acked"), mail(91, "refused"), mail(92, "queued")], {
      before: 90,
      queued: [mail(92, "queued"), mail(7, "queued")],
      leased: [mail(5, "leased")],
    }),
  );
  assert.deepEqual([ids(waiting(known)), ids(recent(known))], [[5, 7, 92], [91, 90]]);
});

test("a change that arrives while the pages are fetched wins over them", () => {
  const known = after(open, frame(mail(7, "acked")), frame(mail(8, "queued")), page([mail(7, "queued")]));
  assert.deepEqual([ids(waiting(known)), ids(recent(known))], [[8], [7]]);
});

test("mail of others stays out, and a message that is done moves over", () => {
  const known = after(open, page([mail(7, "leased")]), frame(message(8, { recipient: "bob" })), frame(mail(7, "acked")));
  assert.deepEqual([ids(waiting(known)), ids(recent(known))], [[], [7]]);
});

test("older mail comes page by page", () => {
  const older = { type: "mail/older", agent: "alice", page: { ...none, messages: [mail(3, "acked")] } };
  const known = after(open, page([mail(7, "acked")], { before: 7 }), { type: "mail/loading", agent: "alice" }, older);
  assert.deepEqual([ids(recent(known)), known.floor, known.status], [[7, 3], 0, "ready"]);
});

test("after a new connection what is shown stays until the pages replace it", () => {
  const stale = after(open, page([mail(7, "queued")]), { type: "snapshot", snapshot: {} });
  assert.equal(stale.status, "stale");
  const again = [open, frame(mail(9, "queued"))].reduce(mailReducer, stale);
  assert.deepEqual(ids(waiting(again)), [7, 9]);
  const loaded = mailReducer(again, page([mail(7, "acked"), mail(8, "queued")]));
  assert.deepEqual([ids(waiting(loaded)), ids(recent(loaded))], [[8, 9], [7]]);
  assert.equal(after({ type: "snapshot", snapshot: {} }), noMail);
});
