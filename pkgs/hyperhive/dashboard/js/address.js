// Owns the page's addresses: what stands beside the hive, which part of an agent's page, which item is looked for.
// Pure.

const SIDE = /^#\/([a-z-]+)$/;
const AGENT = /^#\/agent\/([^/]+)(?:\/([a-z-]+))?$/;
const HIVE = { page: "hive", agent: null, tab: null };

export const HIVE_ADDRESS = "#/";

/**
 * {page, agent, tab} of a location's hash: `page` is hive, agent or the name of a side page, of which there may
 * be none; `tab` is null where none is named.
 */
export function parseAddress(hash) {
  const [, side = null] = hash.match(SIDE) ?? [];
  if (side !== null) return { ...HIVE, page: side };
  const [, name, tab = null] = hash.match(AGENT) ?? [];
  if (name === undefined) return HIVE;
  try {
    return { page: "agent", agent: decodeURIComponent(name), tab };
  } catch {
    return HIVE;
  }
}

/** The hash of a side page. */
export function sideAddress(id) {
  return `#/${id}`;
}

/** The hash of an agent's page, or of one part of it. */
export function agentAddress(name, tab = null) {
  const page = `#/agent/${encodeURIComponent(name)}`;
  return tab === null ? page : `${page}/${tab}`;
}

const ITEM = /^#\/(question|message|parked)\/(\d{1,15})$/;

/** {kind, id} of the question, message or parked mail that a location's hash names, or null. */
export function parseItem(hash) {
  const [, kind, id] = hash.match(ITEM) ?? [];
  return kind === undefined ? null : { kind, id: Number(id) };
}

/** The hash of a question, a message or an agent's page. */
export function itemAddress(kind, id) {
  return kind === "agent" ? agentAddress(id) : `#/${kind}/${id}`;
}
