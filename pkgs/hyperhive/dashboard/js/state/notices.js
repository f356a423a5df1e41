// Owns the notices: sentences of the broker, and of the page itself, that the operator should see once.

const KEPT = 5;

/** {key, level, text, at}, oldest first; `at` in seconds. */
export const noNotices = [];

export function noticesReducer(notices, action) {
  switch (action.type) {
    case "notice":
      return [
        ...notices,
        { key: `${action.boot}-${action.seq}`, level: action.level, text: action.text, at: action.at },
      ].slice(-KEPT);
    case "notice/own":
      return [...notices, { key: `own-${action.at}`, level: "warning", text: action.text, at: action.at }].slice(-KEPT);
    case "notice/dismiss":
      return notices.filter((notice) => notice.key !== action.key);
    default:
      return notices;
  }
}
