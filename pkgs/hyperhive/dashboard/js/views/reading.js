// Views of texts that were read by the worker: until it has read them, and where it cannot, they are plain.
import { useEffect, useState } from "../ui.js";
import { knownReading, requestReading } from "../reading/desk.js";

/** Undefined while it is read, null when it cannot be, else what `kind` of reading makes of the texts. */
export function useReading(kind, ...texts) {
  const [, redraw] = useState(0);
  const value = knownReading(kind, texts);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (value !== undefined) return undefined;
    setLost(false);
    return requestReading(kind, texts, (read) => {
      setLost(read === null);
      redraw((count) => count + 1);
    });
  }, [kind, ...texts]);
  return value === undefined && lost ? null : value;
}
