// One chart's drawing: uPlot on a canvas, in the colours of the page, with a cursor that all charts share.
import uPlot from "../../vendor/uplot.module.js";
import { html, useEffect, useLayoutEffect, useRef } from "../ui.js";
import { columns, points, tick, timeTicks, tickSteps } from "../chart_data.js";

const HEIGHT = 138;
const LEFT = 50;
const FONT = "11px system-ui, sans-serif";
/** A drag that is shorter, in pixels, is a click with an unsteady hand. */
const SHORTEST_DRAG = 6;
const SCHEME = matchMedia("(prefers-color-scheme: dark)");

// A canvas takes no CSS variables: an element is asked what the variable means in this colour scheme.
function inks(element) {
  const known = new Map();
  const probe = element.appendChild(document.createElement("i"));
  probe.hidden = true;
  return {
    of(name) {
      if (!known.has(name)) {
        probe.style.color = `var(${name})`;
        known.set(name, getComputedStyle(probe).color);
      }
      return known.get(name);
    },
    forget: () => known.clear(),
  };
}

const BARS = uPlot.paths.bars({ size: [0.9, 28, 1], gap: 1 });
const PATHS = {
  bars: BARS,
  stack: BARS,
  steps: uPlot.paths.stepped({ align: 0 }),
  lines: uPlot.paths.linear(),
};

function lineOf({ kind }, series, ink) {
  const colour = () => ink.of(series.ink);
  const drawn = PATHS[kind] === BARS ? { fill: colour, width: 0 } : { stroke: colour, width: 1.5 };
  const filter = (plot, index) => (kind === "lines" ? points(plot.data[index]) : null);
  return { ...drawn, paths: PATHS[kind], points: { show: false, filter, size: 4, fill: colour } };
}

function axes(chart, ink) {
  const shared = { stroke: () => ink.of("--soft"), font: FONT, ticks: { show: false } };
  const line = { stroke: () => ink.of("--line"), width: 1 };
  return [
    {
      ...shared,
      size: 24,
      gap: 4,
      space: 64,
      grid: { show: false },
      border: { show: true, ...line },
      values: (_, ticks, __, ___, step) => timeTicks(ticks, step),
    },
    {
      ...shared,
      size: LEFT,
      gap: 6,
      space: 30,
      grid: line,
      incrs: tickSteps(chart),
      values: (_, ticks) => ticks.map((value) => tick(chart, value)),
    },
  ];
}

// The last series of a stack is the highest, and the first one is what matters most: it is drawn on top.
const lastFirst = (list) => [...list].reverse();

const fromZero = (_, __, most) => [0, most > 0 ? most * 1.08 : 1];

function options({ chart, group, width, ink, seen }) {
  return {
    width,
    height: HEIGHT,
    padding: [6, 18, 0, 0],
    legend: { show: false },
    series: [{}, ...lastFirst(chart.series).map((series) => lineOf(chart, series, ink))],
    scales: { x: { time: true, range: () => seen().range }, y: { range: fromZero } },
    axes: axes(chart, ink),
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      // Of a drag only where it is: the others would take it for one of their own.
      sync: { key: group, setSeries: false, filters: { pub: (type) => type.startsWith("mouse") && !/up|down/.test(type) } },
      bind: { dblclick: () => () => seen().onWhole() },
    },
    hooks: {
      setCursor: [(plot) => seen().onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => takeDrag(plot, seen())],
    },
  };
}

function takeDrag(plot, { onDrag }) {
  const { left, width } = plot.select;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (width >= SHORTEST_DRAG) onDrag(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
}

function drawnColumns(chart, report) {
  const [middles, ...rows] = columns(chart, report);
  return [middles, ...lastFirst(rows)];
}

/**
 * Props: `chart` and `report`; `group` names the charts that share a cursor; `label` says it in words;
 * `onCursor(index or null)`, `onDrag(from, to)` in seconds, `onWhole()` after a double click.
 */
export function Plot({ chart, report, group, label, onCursor, onDrag, onWhole }) {
  const box = useRef(null);
  const plot = useRef(null);
  const latest = useRef(null);
  latest.current = { range: [report.since, report.until], onCursor, onDrag, onWhole };

  useLayoutEffect(() => {
    const ink = inks(box.current);
    const width = () => Math.max(120, box.current.clientWidth);
    const made = options({ chart, group, width: width(), ink, seen: () => latest.current });
    const drawing = new uPlot(made, drawnColumns(chart, report), box.current);
    plot.current = drawing;
    const resized = new ResizeObserver(() => drawing.setSize({ width: width(), height: HEIGHT }));
    resized.observe(box.current);
    function recolour() {
      ink.forget();
      // With the paths, since the colours are kept with them.
      drawing.redraw(true, true);
    }
    SCHEME.addEventListener("change", recolour);
    return () => {
      SCHEME.removeEventListener("change", recolour);
      resized.disconnect();
      drawing.destroy();
    };
  }, [chart, group]);

  useEffect(() => plot.current.setData(drawnColumns(chart, report)), [report]);

  return html`<div class="plot" role="img" aria-label=${label} ref=${box}></div>`;
}
