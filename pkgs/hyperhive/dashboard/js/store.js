// Owns the one state object: actions go through the reducer, views hear of it once per frame.

/** `schedule(notify)` runs `notify` once, later; it is called for the first change after a notification. */
export function createStore(reducer, initial, schedule) {
  let state = initial;
  let pending = false;
  const listeners = new Set();

  function notify() {
    pending = false;
    for (const listener of listeners) listener(state);
  }

  return {
    get state() {
      return state;
    },
    dispatch(action) {
      const next = reducer(state, action);
      if (next === state) return;
      state = next;
      if (pending) return;
      pending = true;
      schedule(notify);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
