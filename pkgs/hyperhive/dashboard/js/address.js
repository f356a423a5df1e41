// Owns the page's addresses: which agent is open, and which part of its page. Pure.

const AGENT = /^#\/agent\/([^/]+)(?:\/([a-z-]+))?$/;

/** {agent, tab} of a location's hash; both null on the hive's own page, `tab` null where none is named. */
export function parseAddress(hash) {
  const [, name, tab = null] = hash.match(AGENT) ?? [];
  if (name === undefined) return { agent: null, tab: null };
  try {
    return { agent: decodeURIComponent(name), tab };
  } catch {
    return { agent: null, tab: null };
  }
}

/** The hash of an agent's page, or of one part of it. */
export function agentAddress(name, tab = null) {
  const page = `#/agent/${encodeURIComponent(name)}`;
  return tab === null ? page : `${page}/${tab}`;
}
