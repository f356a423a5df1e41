// Owns the page's addresses: what stands beside the hive, which agent it is, and which part of its page. Pure.

const AGENT = /^#\/agent\/([^/]+)(?:\/([a-z-]+))?$/;
const HIVE = { page: "hive", agent: null, tab: null };

export const HIVE_ADDRESS = "#/";
export const DOCTOR_ADDRESS = "#/doctor";

/** {page, agent, tab} of a location's hash: `page` is hive, agent or doctor, `tab` null where none is named. */
export function parseAddress(hash) {
  if (hash === DOCTOR_ADDRESS) return { ...HIVE, page: "doctor" };
  const [, name, tab = null] = hash.match(AGENT) ?? [];
  if (name === undefined) return HIVE;
  try {
    return { page: "agent", agent: decodeURIComponent(name), tab };
  } catch {
    return HIVE;
  }
}

/** The hash of an agent's page, or of one part of it. */
export function agentAddress(name, tab = null) {
  const page = `#/agent/${encodeURIComponent(name)}`;
  return tab === null ? page : `${page}/${tab}`;
}
