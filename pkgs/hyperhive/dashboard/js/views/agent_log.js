// The live log of the agent whose page is open, what of it is shown, and a line to it.
import { html, memo, useEffect, useMemo } from "../ui.js";
import "../net/log_stream.js";
import { isShown } from "../state/log.js";
import { logRows } from "../state/log_rows.js";
import { AgentComposer } from "./agent_composer.js";
import { useActions, useSlice } from "./context.js";
import { LogRow } from "./log_row.js";
import { Edge, VirtualList } from "./virtual_list.js";

const CHOICES = { all: "Everything", turns: "Turns", text: "Text", tools: "Tools", refusals: "Refusals" };

function Live({ log }) {
  if (log.live) return null;
  return html`<span class="problem">${log.error ?? (log.rows.length ? "not connected" : "")}</span>`;
}

/** Props: `log`, and `onShow(choice)`. */
function LogBar({ log, onShow }) {
  return html`
    <div class="log-bar">
      <fieldset class="choice">
        <legend class="hidden">Show</legend>
        ${Object.entries(CHOICES).map(
          ([choice, label]) => html`
          <label key=${choice}>
            <input class="hidden" type="radio" name="log-show" checked=${choice === log.show}
              onChange=${() => onShow(choice)} />
            ${label}
          </label>`,
        )}
      </fieldset>
      <span role="status"><${Live} log=${log} /></span>
    </div>
  `;
}

const NOTHING = {
  all: "No turn has been logged yet.",
  turns: "No turn has been logged yet.",
  text: "It has said nothing yet.",
  tools: "No tool has been called yet.",
  refusals: "Nothing was refused.",
};

const HEIGHTS = { turn_start: 70, turn_end: 28, text: 90, thinking: 68, tool_use: 72, refused: 96, note: 28 };
const guess = ({ event }) => HEIGHTS[event.kind] ?? 48;

/** Where the log was read; it is found again on the way back from another part of the page. */
const read = { name: null, place: { current: null } };

function placeOf(name) {
  if (read.name !== name) Object.assign(read, { name, place: { current: null } });
  return read.place;
}

function Empty({ log }) {
  if (log.status === "failed") return html`<p class="empty problem">${log.error}</p>`;
  if (log.status !== "ready") return html`<p class="empty" role="status">Loading…</p>`;
  return html`<p class="empty">${NOTHING[log.show]}</p>`;
}

function Cleared({ onUndo }) {
  return html`
    <p class="edge">Cleared in this window.
      <button type="button" class="quiet" onClick=${onUndo}>Show what was there</button>
    </p>
  `;
}

function useRows(log, { name, turn, brief }) {
  const cleared = useSlice((state) => state.cleared);
  const rows = useMemo(
    () => logRows(log.rows, { current: turn, brief }).filter(({ event }) => isShown(cleared, event)),
    [log.rows, turn, brief, cleared],
  );
  return [rows, Object.hasOwn(cleared, name)];
}

export const View = memo(function AgentLog({ name, agent }) {
  const log = useSlice((state) => state.log);
  const actions = useActions();
  const { followLog, unfollowLog, showLog, fetchPage, trimLog } = actions;
  const { show, from, error } = log;
  const brief = show === "turns";
  const [rows, hides] = useRows(log, { name, turn: agent.status.turn, brief });
  useEffect(() => {
    followLog(name);
    return unfollowLog;
  }, [name]);

  const render = useMemo(() => {
    const onTurn = brief ? (id) => showLog("all", id) : null;
    return (row) => html`<${LogRow} row=${row} onTurn=${onTurn} />`;
  }, [brief]);

  const older = () => fetchPage("log", "before", log.before);
  const undo = html`<${Cleared} onUndo=${() => actions.unclearLog(name)} />`;
  const edge = html`<${Edge} loading=${log.status === "before"} error=${log.live ? error : null}
    more=${log.before !== null} label="Older entries" onOlder=${older} />`;
  return html`
    <link rel="stylesheet" href="/static/css/log.css" />
    <section class="log" aria-label="Live log">
      <${LogBar} log=${log} onShow=${showLog} />
      <${VirtualList} label="Live log of ${name}" rows=${rows} render=${render} guess=${guess}
        view=${log.opened} startAt=${from} place=${placeOf(name)}
        before=${rows.length > 0 && (hides ? undo : edge)} empty=${hides ? undo : html`<${Empty} log=${log} />`}
        beyond=${log.after === null ? null : log.missed}
        onTop=${error || hides ? null : older} onBottom=${error ? null : () => fetchPage("log", "after", log.after)}
        onLatest=${() => showLog(show)} onEnd=${trimLog} />
    </section>
    <${AgentComposer} agent=${agent} />
  `;
});
