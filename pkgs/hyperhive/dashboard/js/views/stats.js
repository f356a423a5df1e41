// Charts of an agent or of the hive: asks for the report, again when something happened, and draws it.
import { html, useCallback, useEffect, useId, useRef, useState } from "../ui.js";
import { AGENT_CHARTS, HIVE_CHARTS } from "../charts.js";
import { clock } from "../format.js";
import { now } from "../net/clock.js";
import { throttled } from "../net/throttle.js";
import { dragged, isStale, moved, noStats, range, statsReducer, viewKey, windowNamed, WINDOWS } from "../state/stats.js";
import { Chart, ToolCounts } from "./chart.js";
import { useActions, useSlice } from "./context.js";

function Windows({ window, zoomed, onWindow }) {
  const group = useId();
  return html`
    <fieldset class="windows">
      <legend class="hidden">Window</legend>
      ${WINDOWS.map(
        ({ id, label }) => html`
        <label key=${id} data-chosen=${id === window && !zoomed}>
          <input type="radio" class="hidden" name=${group} value=${id} checked=${id === window}
            onChange=${() => onWindow(id)} onClick=${() => zoomed && onWindow(id)} />
          ${label}
        </label>`,
      )}
    </fieldset>
  `;
}

function span({ since, until }, now) {
  const from = clock(since, now, { seconds: false });
  const to = clock(until, now, { seconds: false });
  return `${from} – ${from.slice(0, 10) === to.slice(0, 10) && to.length > 5 ? to.slice(11) : to}`;
}

function Step({ label, sign, onClick, disabled = false }) {
  return html`
    <button type="button" class="quiet" aria-label=${label} title=${label} aria-disabled=${disabled}
      onClick=${() => disabled || onClick()}>${sign}</button>
  `;
}

/** Props: `state` of the stats, `now`, `asTable`, and what the buttons do. */
function StatsBar({ state, now, asTable, onWindow, onStep, onWhole, onTable }) {
  const { window, zoom } = state;
  return html`
    <div class="stats-bar">
      <${Windows} window=${window} zoomed=${zoom !== null} onWindow=${onWindow} />
      <div class="steps" role="group" aria-label="Steps through the past">
        <${Step} label="Earlier" sign="‹" onClick=${() => onStep("earlier")} />
        <${Step} label="Closer" sign="+" onClick=${() => onStep("closer")} />
        <${Step} label="Later" sign="›" disabled=${zoom === null} onClick=${() => onStep("later")} />
      </div>
      ${
        zoom !== null &&
        html`
        <span class="zoomed number">${span(zoom, now)}</span>
        <button type="button" class="quiet whole" onClick=${onWhole}>
          Back to the ${windowNamed(window).label.toLowerCase()}
        </button>`
      }
      <span class="spacer"></span>
      <button type="button" class="quiet" aria-pressed=${asTable} onClick=${onTable}>As tables</button>
    </div>
  `;
}

const PLACE = "stats-window";
/** Milliseconds between two reports: of what happens quickly, and of time that passes. */
const PAUSE = { hour: 2000, day: 4000, week: 8000, month: 8000 };
const SLIDE = 60_000;

function useView() {
  const [state, setState] = useState(() => noStats(localStorage.getItem(PLACE)));
  const dispatch = useCallback((action) => setState((before) => statsReducer(before, action)), []);
  return [state, dispatch];
}

// A question for each view; the same again when `pulse` changes, and once a minute while it moves with time.
function useReport(agent, pulse, state, dispatch) {
  const { stats } = useActions();
  const key = viewKey(state);
  const feed = useRef(null);
  useEffect(() => {
    async function ask() {
      try {
        const report = await stats({ agent, ...range(state, now()) });
        dispatch({ type: "report", key, report, at: now() });
      } catch (error) {
        dispatch({ type: "failed", key, error: error.message });
      }
    }
    const asking = throttled(ask, PAUSE[state.window]);
    const moving = () => state.zoom === null && !document.hidden && asking.ask();
    const timer = setInterval(moving, SLIDE);
    document.addEventListener("visibilitychange", moving);
    feed.current = asking;
    asking.ask();
    return () => {
      asking.stop();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", moving);
    };
  }, [agent, key]);
  useEffect(() => {
    if ((state.zoom === null || state.error) && !document.hidden) feed.current.ask();
  }, [pulse]);
}

function Trouble({ state, live }) {
  const { error, report, seenAt } = state;
  if (error && !report) return html`<p class="problem" role="alert">${error}</p>`;
  if (!report) return html`<p class="empty" role="status">Loading…</p>`;
  if (!error && live) return null;
  const reason = error ?? "The connection to the broker is lost.";
  return html`<p class="problem" role="alert">As of ${clock(seenAt, now())}. ${reason}</p>`;
}

/**
 * Props: `agent` is a name, or empty for the hive; `pulse` changes when there is something new;
 * `charts` are those of charts.js.
 */
function Stats({ agent, pulse, charts }) {
  const [state, dispatch] = useView();
  const [asTable, setAsTable] = useState(false);
  const live = useSlice((page) => page.link.state) !== "lost";
  useReport(agent, `${pulse} ${live}`, state, dispatch);
  const { report } = state;

  function choose(window) {
    localStorage.setItem(PLACE, window);
    dispatch({ type: "window", window });
  }
  const zoom = useCallback((part) => dispatch({ type: "zoom", zoom: part }), []);
  const whole = useCallback(() => zoom(null), []);
  const drag = useCallback((from, to) => zoom(dragged(from, to, now())), []);
  function keyDown(event) {
    if (event.key !== "Escape" || state.zoom === null) return;
    event.preventDefault();
    whole();
  }
  const old = isStale(state) || state.error !== null || !live;
  return html`
    <link rel="stylesheet" href="/static/vendor/uplot.css" />
    <link rel="stylesheet" href="/static/css/stats.css" />
    <div class="tab-part stats" onKeyDown=${keyDown}>
      <${StatsBar} state=${state} now=${now()} asTable=${asTable} onWindow=${choose} onWhole=${whole}
        onStep=${(step) => zoom(moved(state, step, now()))} onTable=${() => setAsTable(!asTable)} />
      <${Trouble} state=${state} live=${live} />
      <div class="charts" data-old=${old} aria-busy=${isStale(state) && !state.error}>
        ${
          report &&
          charts.map(
            (chart) => html`
            <${Chart} key=${chart.id} chart=${chart} report=${report} asTable=${asTable}
              group=${`stats ${agent}`} onDrag=${drag} onWhole=${whole} />
            ${chart.id === "calls" && html`<${ToolCounts} key="tools" report=${report} />`}`,
          )
        }
      </div>
    </div>
  `;
}

/** The stats on an agent's page. */
export function AgentStats({ agent, name }) {
  const pulse = `${agent.last_turn_at} ${agent.turns_today} ${agent.inbox_depth}`;
  return html`<${Stats} agent=${name} pulse=${pulse} charts=${AGENT_CHARTS} />`;
}

/** The stats of the whole hive. */
export function HiveStats({ agents }) {
  const pulse = agents.map((agent) => `${agent.last_turn_at} ${agent.turns_today} ${agent.inbox_depth}`).join();
  return html`<${Stats} agent="" pulse=${pulse} charts=${HIVE_CHARTS} />`;
}
