// Lets something that is asked for often run not too often, never twice at a time, and once more at the end.

/**
 * `run()` is asynchronous; `pause` milliseconds pass between its end and its next start.
 * `timers` is {set, clear, now}, of the browser by default.
 */
export function throttled(run, pause, timers = browserTimers) {
  let state = "resting";
  let timer = null;
  let endedAt = -Infinity;

  async function start() {
    timer = null;
    state = "running";
    try {
      await run();
    } finally {
      endedAt = timers.now();
      const again = state === "asked";
      if (state !== "stopped") state = "resting";
      if (again) ask();
    }
  }

  function ask() {
    if (state === "running") state = "asked";
    if (state !== "resting" || timer !== null) return;
    timer = timers.set(start, Math.max(0, endedAt + pause - timers.now()));
  }

  function stop() {
    state = "stopped";
    timers.clear(timer);
  }

  return { ask, stop };
}

const browserTimers = {
  set: (run, pause) => setTimeout(run, pause),
  clear: (timer) => clearTimeout(timer),
  now: () => performance.now(),
};
