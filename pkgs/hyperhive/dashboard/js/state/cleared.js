// Owns what the operator cleared from view in this window: per agent the newest event that is hidden.

export const nothingCleared = {};

export function clearedReducer(cleared, action) {
  switch (action.type) {
    case "cleared/upTo":
      return { ...cleared, [action.agent]: action.id };
    case "cleared/undo": {
      const { [action.agent]: _, ...others } = cleared;
      return others;
    }
    default:
      return cleared;
  }
}

/** Whether an event of the agent is in view. */
export function isShown(cleared, event) {
  return !(event.id <= cleared[event.agent]);
}
