// The extra MCP servers of an agent: what is allowed of each, how it is, and what it offers.
import { html } from "../ui.js";
import { counted } from "../format.js";

const STATES = {
  unknown: "not known: no harness is connected",
  not_started: "not started yet",
  starting: "starting…",
  running: "running",
  failed: "failed",
};

function Offered({ server }) {
  const { tools, offered, state } = server;
  if (!offered) return state === "running" && html`<span class="aside">offers no tool that is allowed</span>`;
  const more = offered - tools.length;
  return html`
    <ul class="names">
      ${tools.map((tool) => html`<li key=${tool}><code>${tool}</code></li>`)}
      ${more > 0 && html`<li class="aside">and ${more} more</li>`}
    </ul>
  `;
}

// Names that are allowed and that a server, which was asked, does not have.
function missing(allowed, { state, tools, offered }) {
  if (state !== "running" || tools.length < offered) return [];
  return allowed.filter((tool) => tool !== "*" && !tools.includes(tool));
}

function allowedWords(allowed) {
  if (allowed.includes("*")) return "all of its tools are allowed";
  return allowed.length ? `${counted(allowed.length, "tool")} allowed` : "none of its tools is allowed";
}

function Server({ server, allowed }) {
  const { name, state, reason } = server;
  const lacks = missing(allowed, server);
  return html`
    <li class="server">
      <p>
        <code>${name}</code>
        <span class="server-state" data-state=${state}>${STATES[state] ?? state}</span>
        <span class="aside">${allowedWords(allowed)}</span>
      </p>
      ${reason && html`<p class="problem" dir="auto">${reason}</p>`}
      <${Offered} server=${server} />
      ${lacks.length > 0 && html`<p class="aside">Allowed, but not offered: ${lacks.join(", ")}</p>`}
    </li>
  `;
}

/** Props: `agent`, its view. */
export function McpServers({ agent }) {
  const { mcp_servers: servers, policy } = agent;
  if (!servers.length) return html`<span>none</span>`;
  return html`
    <ul class="servers">
      ${servers.map(
        (server) => html`
        <${Server} key=${server.name} server=${server} allowed=${policy.mcp_servers[server.name] ?? []} />`,
      )}
    </ul>
  `;
}
