// The live log of the agent whose page is open, and a line to it.
import { html, pure, useEffect, useMemo } from "../ui.js";
import { isShown } from "../state/cleared.js";
import { logRows } from "../state/log.js";
import { AgentComposer } from "./agent_composer.js";
import { useActions, useSlice } from "./context.js";
import { Edge } from "./edge.js";
import { LogRow } from "./log_row.js";
import { VirtualList } from "./virtual_list.js";

const EMPTY = {
  loading: "Loading…",
  failed: "The log could not be loaded.",
  ready: "No turn has been logged yet.",
};

const render = ({ event, result }) => html`<${LogRow} event=${event} result=${result} />`;

export const View = pure(function AgentLog({ name, agent }) {
  const log = useSlice((state) => state.log);
  const cleared = useSlice((state) => state.cleared);
  const { followLog, unfollowLog, olderEvents, trimLog, unclearLog } = useActions();
  useEffect(() => {
    followLog(name);
    return unfollowLog;
  }, [name]);
  const rows = useMemo(
    () =>
      logRows(log.rows)
        .filter(({ event }) => isShown(cleared, event))
        .map(({ event, result }) => ({ key: event.id, event, result })),
    [log.rows, cleared],
  );
  const lost = !log.live && log.status !== "loading";
  const hidden = Object.hasOwn(cleared, name);
  const undo = html`<p class="edge">Cleared in this window.
    <button type="button" class="quiet" onClick=${() => unclearLog(name)}>Show what was there</button></p>`;
  const edge = hidden ? undo : html`<${Edge} loading=${log.status === "paging"} error=${log.live ? log.error : null}
    more=${log.before !== null} label="Older entries" onOlder=${olderEvents} />`;
  return html`
    <link rel="stylesheet" href="/static/css/log.css" />
    <section class="log" aria-label="Live log">
      ${lost && html`<p class="log-lost" role="status">${log.error ?? "Not connected."}</p>`}
      <${VirtualList} label="Live log of ${name}" rows=${rows} render=${render} view=${name}
        before=${rows.length > 0 && edge}
        empty=${hidden ? undo : html`<p class="empty">${EMPTY[log.status] ?? "Loading…"}</p>`}
        onTop=${log.error || hidden ? null : olderEvents} onEnd=${trimLog} />
    </section>
    <${AgentComposer} agent=${agent} />
  `;
});
