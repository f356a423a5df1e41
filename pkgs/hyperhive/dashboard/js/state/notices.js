// Owns the notices: sentences of the broker that the operator should see once.

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
    case "notice/dismiss":
      return notices.filter((notice) => notice.key !== action.key);
    default:
      return notices;
  }
}
