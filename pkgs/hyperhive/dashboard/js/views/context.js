// What every view may use without being handed it: the actions, and the page's own small state.
import { createContext, useContext, useEffect, useRef, useState } from "../ui.js";
import { now } from "../net/clock.js";

export const Actions = createContext(null);
export const useActions = () => useContext(Actions);

export const Store = createContext(null);

/** A part of the page's state, such as `(state) => state.log`; the view follows it. */
export function useSlice(select) {
  const store = useContext(Store);
  const [slice, setSlice] = useState(() => select(store.state));
  useEffect(() => {
    const take = (state) => setSlice(() => select(state));
    take(store.state);
    return store.subscribe(take);
  }, [store]);
  return slice;
}

const ticking = new Set();
setInterval(() => {
  if (!document.hidden) for (const tick of ticking) tick(now());
}, 1000);

/** Seconds since 1970 by the broker's clock, renewed every second. */
export function useNow() {
  const [time, setTime] = useState(now);
  useEffect(() => {
    ticking.add(setTime);
    return () => ticking.delete(setTime);
  }, []);
  return time;
}

/** Values that outlive their views; the oldest go first. */
const KEPT_VALUES = 2000;
const kept = new Map();

/**
 * A state that outlives the view until the page is left, such as that a row was unfolded that has scrolled
 * away. With the key null it does not.
 */
export function useKept(key, initial) {
  const [value, setValue] = useState(() => kept.get(key) ?? initial);
  function keep(next) {
    setValue(next);
    if (key === null) return;
    kept.delete(key);
    if (next !== initial) kept.set(key, next);
    if (kept.size > KEPT_VALUES) kept.delete(kept.keys().next().value);
  }
  return [value, keep];
}

/** A text that survives updates and reloads until it is set to "". */
export function useDraft(key) {
  const place = `draft:${key}`;
  const [text, setText] = useState(() => sessionStorage.getItem(place) ?? "");
  function write(value) {
    setText(value);
    if (value) sessionStorage.setItem(place, value);
    else sessionStorage.removeItem(place);
  }
  return [text, write];
}

/** {busy, error, run}: `run(work)` awaits one call at a time and answers whether it went well. */
export function useTask() {
  const [state, setState] = useState({ busy: false, error: null });
  const running = useRef(false);
  async function run(work) {
    if (running.current) return false;
    running.current = true;
    setState({ busy: true, error: null });
    try {
      await work();
      setState({ busy: false, error: null });
      return true;
    } catch (error) {
      setState({ busy: false, error: error.message });
      return false;
    } finally {
      running.current = false;
    }
  }
  return { ...state, run };
}

/** Moves the keyboard to a section's heading, and the section into view. */
export function focusSection(id) {
  const heading = document.getElementById(`${id}-title`);
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "start" });
}
