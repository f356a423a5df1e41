// What the stats of an agent or of the hive show: a window that moves with time, or a part of the past, and
// the last report, which is drawn until the next one arrives. `shown` names what it is of.

export const WINDOWS = [
  { id: "hour", label: "Hour", seconds: 3600 },
  { id: "day", label: "Day", seconds: 86_400 },
  { id: "week", label: "Week", seconds: 7 * 86_400 },
  { id: "month", label: "Month", seconds: 30 * 86_400 },
];

/** No part of the past that is shorter is shown, in seconds: there are no finer numbers. */
export const SHORTEST = 300;

export function windowNamed(id) {
  return WINDOWS.find((one) => one.id === id) ?? WINDOWS[1];
}

export function noStats(id) {
  return { window: windowNamed(id).id, zoom: null, report: null, shown: null, seenAt: null, error: null };
}

/** Names what is to be shown; another name is another question. */
export function viewKey({ window, zoom }) {
  return zoom === null ? window : `${zoom.since} ${zoom.until}`;
}

/** Whether the report that is shown is not of what is to be shown. */
export function isStale(state) {
  return state.shown !== viewKey(state);
}

/** {since, until} to ask for. */
export function range({ window, zoom }, now) {
  return zoom ?? { since: now - windowNamed(window).seconds, until: now };
}

function within(since, until, now) {
  const length = Math.max(SHORTEST, until - since);
  const middle = (since + until) / 2;
  const end = Math.min(now, middle + length / 2);
  return { since: Math.max(0, Math.floor(end - length)), until: Math.ceil(end) };
}

/** The part of the past that a drag from `from` to `to` means. */
export function dragged(from, to, now) {
  return within(Math.min(from, to), Math.max(from, to), now);
}

/** Half a window `earlier` or `later`, or `closer`: the half in its middle; null where it reaches now again. */
export function moved(state, step, now) {
  const { since, until } = range(state, now);
  const half = (until - since) / 2;
  if (step === "earlier") return within(since - half, until - half, now);
  if (step === "closer") return within(since + half / 2, until - half / 2, now);
  return state.zoom === null || until + half >= now ? null : within(since + half, until + half, now);
}

export function statsReducer(state, action) {
  switch (action.type) {
    case "window":
      return { ...state, window: windowNamed(action.window).id, zoom: null, error: null };
    case "zoom":
      return { ...state, zoom: action.zoom, error: null };
    case "report":
      if (action.key !== viewKey(state)) return state;
      return { ...state, report: action.report, shown: action.key, seenAt: action.at, error: null };
    case "failed":
      return action.key === viewKey(state) ? { ...state, error: action.error } : state;
    default:
      return state;
  }
}
