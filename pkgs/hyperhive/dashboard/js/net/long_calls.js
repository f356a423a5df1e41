// Calls that the broker may take long to answer: of a browser's six connections to a host, for all tabs together,
// they get no more than three, so that nothing else ever waits for them.

const PLACES = ["hyperhive: long call 1", "hyperhive: long call 2", "hyperhive: long call 3"];

/** `call()` as soon as one of the places is free; at once where the browser cannot tell its tabs of each other. */
export async function longCall(call) {
  const locks = globalThis.navigator?.locks;
  if (!locks) return call();
  for (const place of PLACES) {
    const made = await locks.request(place, { ifAvailable: true }, async (free) => free && { result: await call() });
    if (made) return made.result;
  }
  return locks.request(PLACES[Math.floor(Math.random() * PLACES.length)], call);
}
