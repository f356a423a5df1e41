// Keeps a connection up: connects again with growing pauses until it is stopped.

const PAUSES_MS = [300, 1000, 2000, 4000, 8000, 15_000];

function pauseAfter(failures) {
  const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1];
  return pause * (0.8 + 0.4 * Math.random());
}

/**
 * Runs `connect(signal, up)` again whenever it throws; `connect` calls `up()` once it works.
 * `onLost(error, pauseMs)` hears of every loss; a true answer ends the loop for good.
 * `hurry()` of the result skips a pause, `stop()` ends everything.
 */
export function keepConnected(connect, onLost) {
  let stopped = false;
  let failures = 0;
  let attempt = new AbortController();
  let wake = () => {};

  function pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function once() {
    attempt = new AbortController();
    try {
      await connect(attempt.signal, () => (failures = 0));
      return null;
    } catch (error) {
      return error;
    } finally {
      attempt.abort();
    }
  }

  async function run() {
    while (!stopped) {
      const error = await once();
      if (stopped) return;
      failures += 1;
      const milliseconds = pauseAfter(failures);
      if (onLost(error, milliseconds)) return;
      await pause(milliseconds);
    }
  }

  run();
  return {
    hurry() {
      failures = 0;
      wake();
    },
    stop() {
      stopped = true;
      attempt.abort();
      wake();
    },
  };
}
