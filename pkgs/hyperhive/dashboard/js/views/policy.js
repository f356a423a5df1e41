// What an agent may do, how its MCP servers are, and what its Bash rules make of a command.
import { html, memo, useId, useState } from "../ui.js";
import { counted, money } from "../format.js";
import { nextModel } from "../state/agents.js";
import { useActions, useDraft, useTask } from "./context.js";
import { Problem } from "./controls.js";

function Command({ command }) {
  const { text, allowed, pattern, reason } = command;
  return html`
    <li data-allowed=${allowed}>
      <code>${text}</code>
      <span>${allowed && pattern !== null ? html`matches <code>${pattern}</code>` : reason}</span>
    </li>
  `;
}

function Text({ title, text }) {
  return html`
    <figure class="verdict-text">
      <figcaption>${title}</figcaption>
      <pre class="mono">${text}</pre>
    </figure>
  `;
}

function Verdict({ verdict }) {
  const { allowed, rule, reason, commands, runs, changed, instead, notes } = verdict;
  return html`
    <div class="verdict-box" data-allowed=${allowed}>
      <p>
        <strong>${allowed ? "It would run." : "It would be refused."}</strong> ${reason}
        <code class="aside"> ${rule}</code>
      </p>
      <ul>${commands.map((command, index) => html`<${Command} key=${index} command=${command} />`)}</ul>
      ${changed && html`<${Text} title="Runs" text=${runs} />`}
      ${instead !== null && html`<${Text} title="Write instead" text=${instead} />`}
      ${notes.map((note) => html`<p class="aside" key=${note}>${note}</p>`)}
    </div>
  `;
}

const STATES = {
  unknown: "not known: no harness is connected",
  not_started: "not started yet",
  starting: "starting…",
  listing: "runs, but does not list its tools",
  running: "running",
  failed: "failed",
};

const ADVICE = {
  failed: "Mend what it says; it is started again at the next call of one of its tools, or with the agent.",
  listing: "If it stays so, look for what the server waits for, and restart the agent.",
};

function Offered({ server }) {
  const { tools, offered, state, remarks } = server;
  if (!offered) {
    const none = remarks.length ? "the session has none of its tools" : "offers no tool that is allowed";
    return state === "running" && html`<span class="aside">${none}</span>`;
  }
  const more = offered - tools.length;
  return html`
    <ul class="names">
      ${tools.map((tool) => html`<li key=${tool}><code>${tool}</code></li>`)}
      ${more > 0 && html`<li class="aside">and ${more} more</li>`}
    </ul>
  `;
}

// Names that are allowed and that a server, which was asked, does not have; as `mcp_names.py` has it, a tool
// can also be allowed by the name it gets in a session.
function missing(allowed, { state, tools, offered }) {
  if (state !== "running" || tools.length < offered) return [];
  const had = new Set([...tools, ...tools.map((tool) => tool.replace(/[^A-Za-z0-9_-]/g, "_"))]);
  return allowed.filter((tool) => tool !== "*" && !had.has(tool));
}

function allowedLabel(allowed) {
  if (allowed.includes("*")) return "all of its tools are allowed";
  return allowed.length ? `${counted(allowed.length, "tool")} allowed` : "none of its tools is allowed";
}

function Server({ server, allowed }) {
  const { name, state, reason, remarks } = server;
  const lacks = missing(allowed, server);
  return html`
    <li class="server">
      <p>
        <code>${name}</code>
        <span class="server-state" data-state=${state}>${STATES[state] ?? state}</span>
        <span class="aside">${allowedLabel(allowed)}</span>
      </p>
      ${reason && html`<p class="problem" dir="auto">${reason}</p>`}
      ${ADVICE[state] && html`<p class="aside">${ADVICE[state]}</p>`}
      <${Offered} server=${server} />
      ${
        remarks.length > 0 &&
        html`<ul class="remarks">${remarks.map((text, at) => html`<li key=${at} dir="auto">${text}</li>`)}</ul>`
      }
      ${lacks.length > 0 && html`<p class="aside">Allowed, but not offered: ${lacks.join(", ")}</p>`}
    </li>
  `;
}

/** Props: `agent`, its view. */
function McpServers({ agent }) {
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

function Names({ list, any, none }) {
  if (list === null) return html`<span>${any}</span>`;
  if (!list.length) return html`<span>${none}</span>`;
  return html`<ul class="names">${list.map((name) => html`<li key=${name}><code>${name}</code></li>`)}</ul>`;
}

function Explain({ agent }) {
  const { explain } = useActions();
  const [command, setCommand] = useDraft(`explain-${agent}`);
  const [verdict, setVerdict] = useState(null);
  const { busy, error, run } = useTask();
  const field = useId();
  function submit(event) {
    event.preventDefault();
    if (command.trim()) run(async () => setVerdict(await explain(agent, command)));
  }
  function type(event) {
    setCommand(event.currentTarget.value);
    setVerdict(null);
  }
  return html`
    <form class="explain" onSubmit=${submit}>
      <label for=${field}>Would this command run?</label>
      <div class="write">
        <input id=${field} class="mono" value=${command} onInput=${type} placeholder="git log | head"
          autocomplete="off" autocapitalize="off" spellcheck="false" />
        <button type="submit" aria-disabled=${busy || !command.trim()}>Explain</button>
      </div>
      <div role="status">
        ${error && html`<${Problem} text=${error} />`}
        ${verdict && html`<${Verdict} verdict=${verdict} />`}
      </div>
    </form>
  `;
}

function Budget({ policy, agent }) {
  const { turns_per_day: turns, usd_cents_per_day: cents } = policy;
  if (turns === null && cents === null) return html`<span>no cap per day</span>`;
  const caps = [
    turns !== null && `${agent.turns_today} of ${counted(turns, "turn")}`,
    cents !== null && `${money(agent.cost_today_usd)} of ${money(cents / 100)} (estimate)`,
  ];
  return html`<span>today ${caps.filter(Boolean).join(", ")}; a day ends at midnight UTC</span>`;
}

function limitLabel({ cpu_percent: cpu, memory_mib: memory, disk_mib: disk, tasks }) {
  return `CPU ${cpu} % of one core, memory ${memory} MiB, disk ${disk} MiB, ${tasks} processes and threads`;
}

// How each kind of load is limited, by its field, and how often it met the limit, by its kind.
const BROKER_LIMITS = [
  ["requests_per_second", "requests", "calls a second"],
  ["received_kib_per_second", "bytes_in", "KiB sent a second"],
  ["stored_mib_per_hour", "stored", "MiB stored an hour"],
  ["rows_per_hour", "rows", "messages and questions an hour"],
  ["frames_per_second", "frames", "reports a second"],
  ["events_mib_per_hour", "events", "MiB of events an hour"],
];

function BrokerLimits({ limits, met }) {
  return html`
    <ul class="broker-limits">
      ${BROKER_LIMITS.map(
        ([field, kind, words]) => html`
          <li>
            ${limits[field]} ${words}
            ${met[kind] ? html`<strong>, refused or slowed ${met[kind]}× today</strong>` : null}
          </li>
        `,
      )}
    </ul>
  `;
}

function contextLabel({ compact_above_percent: percent, compact_notes_above_bytes: bytes }) {
  return [
    percent ? `compacted above ${percent} %` : "never compacted by itself",
    bytes ? `notes.md rewritten above ${bytes} bytes` : "notes.md never rewritten",
  ].join("; ");
}

function silenceLabel({ silent_minutes: minutes }) {
  if (!minutes) return "a model that does not answer is waited for without end";
  return `shown after ${minutes} min without a word, interrupted after ${2 * minutes} min; never while a tool runs`;
}

function modelLabel({ status, linked, ...agent }) {
  const next = nextModel(agent);
  return linked && next !== status.model ? `${status.model} now, ${next} from the next turn on` : `uses ${next}`;
}

export const View = memo(function Policy({ agent }) {
  const { policy, name, role, models } = agent;
  const recipients = role === "manager" ? null : policy.allowed_recipients;
  return html`
    <link rel="stylesheet" href="/static/css/policy.css" />
    <div class="tab-part">
      <dl class="policy">
        <dt>Writes to</dt>
        <dd><${Names} list=${recipients} any="anyone" none="nobody" /></dd>
        <dt>Bash</dt>
        <dd>
          <${Names} list=${policy.bash} any="any command" none="no command" />
          <${Explain} key=${name} agent=${name} />
        </dd>
        <dt>Tools</dt>
        <dd><${Names} list=${policy.tools} any="all" none="none" /></dd>
        <dt>MCP servers</dt>
        <dd><${McpServers} agent=${agent} /></dd>
        <dt>Models</dt>
        <dd><${Names} list=${models} none="none" /><span class="aside">${modelLabel(agent)}</span></dd>
        <dt>Budget</dt>
        <dd><${Budget} policy=${policy} agent=${agent} /></dd>
        <dt>Limits</dt>
        <dd>${policy.limits ? limitLabel(policy.limits) : "none: it is a process of whoever started the hive"}</dd>
        <dt>At the broker</dt>
        <dd><${BrokerLimits} limits=${policy.broker_limits} met=${agent.limited_today} /></dd>
        <dt>Silent model</dt>
        <dd>${silenceLabel(policy)}</dd>
        <dt>Context</dt>
        <dd>${contextLabel(policy)}</dd>
      </dl>
    </div>
  `;
});
