// Owns the message flow: how far back it is complete, its filter, and its rows: a row for each message, and one
// wherever another day begins.
import { anew, noPages, pagedReducer, position, reaches } from "./paged.js";

export const NO_FILTER = { agent: "", state: "", text: "" };

/**
 * Rows that stay when the flow is trimmed at its live end, and most that come on top of what was paged back
 * while nobody is at that end; then so many of the oldest go at a time.
 */
export const KEPT = 400;
export const MOST = 5000;
const CUT = 1000;

/**
 * The messages that match `filter` are known from `before` on, all messages from `whole` on, null for the
 * beginning. `most` messages at a time are kept.
 */
export const noFlow = { ...noPages, filter: NO_FILTER, whole: null, most: MOST };

export function isFiltered(filter) {
  return Boolean(filter.agent || filter.state || filter.text);
}

function matches(message, { agent, state, text }) {
  if (agent && message.sender !== agent && message.recipient !== agent) return false;
  if (state && message.state !== state) return false;
  return !text || message.body.toLowerCase().includes(text.toLowerCase());
}

export function shown(messages, flow) {
  return messages.filter((message) => reaches(flow, message.id) && matches(message, flow.filter));
}

/** Whether the flow needs the message, now or without its filter. */
export function isInFlow(flow, message) {
  return message.id >= (flow.whole ?? 0) || (reaches(flow, message.id) && matches(message, flow.filter));
}

function countOf(messages, whole) {
  return messages.length - position(messages, whole ?? 0);
}

// After a snapshot the flow reaches as far back as the pages that were fetched again with it.
function fromSnapshot(flow, { snapshot, older, olderBefore }, messages) {
  const before = older ? olderBefore : snapshot.messages_before;
  return anew(flow, { before, whole: before, most: MOST + countOf(messages, before) });
}

function latest(flow, messages, count) {
  const before = messages.at(-count).id;
  return anew(flow, { before, whole: before });
}

function withPages(flow, action) {
  const next = pagedReducer("flow", flow, action);
  if (action.type !== "page/came" || next === flow || isFiltered(flow.filter)) return next;
  return { ...next, whole: next.before, most: flow.most + action.page.messages.length };
}

/** `messages` are those after the action. */
export function flowReducer(flow, action, messages) {
  switch (action.type) {
    case "snapshot":
      return fromSnapshot(flow, action, messages);
    case "message":
      return countOf(messages, flow.whole) > flow.most ? latest(flow, messages, flow.most - CUT) : flow;
    case "flow/filter":
      return anew(flow, { filter: action.filter, before: flow.whole });
    case "flow/trim":
      if (isFiltered(flow.filter) || countOf(messages, flow.whole) <= KEPT) return flow;
      return { ...latest(flow, messages, KEPT), most: MOST };
    default:
      return withPages(flow, action);
  }
}
const ofMessages = new WeakMap();
const ofDays = new Map();

// The same object every time, so that a list knows it again and draws nothing twice.
function kept(store, key, make) {
  if (!store.has(key)) store.set(key, make());
  return store.get(key);
}

/** Days begin at a multiple of this, in seconds, in every time zone. */
const QUARTER = 900;
let named = { quarter: null, day: "" };

// A day's name costs more than all else of a row, and neighbours share it.
function dayOf(at) {
  const quarter = Math.floor(at / QUARTER);
  if (quarter !== named.quarter) named = { quarter, day: new Date(at * 1000).toDateString() };
  return named.day;
}

/**
 * {key, message, day} for each message and each day, one of both null; `day` is a time of that day in seconds.
 * Above the first message there is no day when that is the day of `now`.
 */
export function withDays(messages, now) {
  let day = dayOf(now);
  const rows = [];
  for (const message of messages) {
    const at = message.sent_at;
    const its = dayOf(at);
    if (its !== day) rows.push(kept(ofDays, its, () => ({ key: `day-${its}`, message: null, day: at })));
    day = its;
    rows.push(kept(ofMessages, message, () => ({ key: message.id, message, day: null })));
  }
  return rows;
}
