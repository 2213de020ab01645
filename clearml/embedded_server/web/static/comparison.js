// Compare: draws what the page's JSON twin holds, as far as it is in sight, and follows experiments that run.

import { COLOURS, colour as colourOf, draw, erase, faded } from "./charts.js";
import { onTheme, twin } from "./frame.js";
import { follow } from "./live.js";
import { go } from "./morph.js";

const PAUSE = 5000; // ms between two looks while an experiment runs
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"]; // beside the colour, for who does not see it
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x"];
const FEW = 60; // points of a curve, up to which each has a mark

let data = null;

/** How an experiment looks in every chart. */
function looks(id) {
  const place = data.selection.indexOf(id);
  const one = data.experiments[place];
  return {
    name: one.label,
    colour: COLOURS[place % COLOURS.length],
    dash: DASHES[Math.floor(place / 2) % DASHES.length],
    symbol: SYMBOLS[place % SYMBOLS.length],
  };
}

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
/** A long name without its middle: both ends tell names apart. */
function shortened(name) {
  const length = innerWidth < 720 ? 16 : 34;
  const half = length / 2;
  return name.length > length ? `${name.slice(0, half)}…${name.slice(1 - half)}` : name;
}

function scalar({ dataset }) {
  const group = data.scalars.find((one) => one.title === dataset.title);
  const chart = group?.charts.find((one) => one.series === dataset.series);
  if (!chart) return null;
  const traces = chart.curves.map(({ experiment, x, y }) => {
    const { name, colour, dash, symbol } = looks(experiment);
    return {
      x, y, name: escaped(name), mode: x.length <= FEW ? "lines+markers" : "lines",
      line: { color: colour, width: 2, dash }, marker: { color: colour, symbol, size: 6 },
      hovertemplate: "%{y:.6g}",
    };
  });
  const layout = { showlegend: false, hovermode: "x unified", xaxis: { title: { text: "iteration" } }, margin: { t: 8, b: 40 } };
  return [{ data: traces, layout }, { height: 240 }];
}

function front({ dataset }) {
  const group = data.fronts[dataset.number];
  if (!group) return null;
  const traces = group.experiments.map(({ experiment, x, y, text, connected }) => {
    const { name, colour, dash, symbol } = looks(experiment);
    return {
      x, y, text, name: escaped(name), mode: connected ? "lines+markers" : "markers",
      line: { color: colour, width: 2, dash, shape: "hv" }, marker: { color: colour, symbol, size: 9 },
      hovertemplate: text.length ? "%{text}" : "%{x}, %{y:.4f}",
    };
  });
  const xaxis = { title: { text: group.x_title }, ...(group.logarithmic ? { type: "log" } : {}) };
  return [{ data: traces, layout: { xaxis, yaxis: { title: { text: group.y_title } }, hovermode: "closest", showlegend: true } }, { height: 440 }];
}

function holdout({ dataset }) {
  const metric = data.holdout[dataset.number];
  if (!metric) return null;
  const rows = metric.rows.toReversed(); // plotly draws the first row at the bottom
  const places = rows.map((_, place) => place);
  const of = (row) => looks(row.experiment);
  const scores = {
    x: rows.map((row) => row.value), y: places, mode: "markers", name: "hold-out",
    marker: { size: 11, color: rows.map((row) => of(row).colour), symbol: rows.map((row) => of(row).symbol) },
    error_x: {
      type: "data", symmetric: false, thickness: 2, width: 5, color: faded("#7f8694", 0.9),
      array: rows.map((row) => (row.high === null ? 0 : row.high - row.value)),
      arrayminus: rows.map((row) => (row.low === null ? 0 : row.value - row.low)),
    },
    hovertemplate: "hold-out %{x:.4f}<extra></extra>",
  };
  const folds = {
    x: rows.map((row) => row.cv), y: places.map((place) => place - 0.22), mode: "markers", name: "cross-validated, ± over folds",
    marker: { size: 8, color: rows.map((row) => of(row).colour), symbol: "diamond-open" },
    error_x: { type: "data", thickness: 1, width: 3, color: faded("#7f8694", 0.6), array: rows.map((row) => row.deviation ?? 0) },
    hovertemplate: "cross-validated %{x:.4f}<extra></extra>",
  };
  const labels = rows.map((row) => escaped(shortened(of(row).name) + (row.model === "pipeline" ? "" : ` (${row.model})`)));
  const layout = {
    xaxis: { title: { text: metric.metric } }, showlegend: false, hovermode: "closest",
    yaxis: { tickvals: places, ticktext: labels, range: [-0.7, rows.length - 0.3], showgrid: false, zeroline: false },
    margin: { t: 8 },
  };
  return [{ data: [scores, folds], layout }, { height: Math.max(180, 90 + 44 * rows.length) }];
}

/** Parallel coordinates out of plain lines: plotly's own kind compiles shaders at run time, which the policy forbids. */
function parallel(element) {
  const { axes } = data.parallel;
  if (!axes.length) return null;
  element.style.minWidth = `${Math.max(320, 130 * axes.length)}px`;
  const traces = data.selection.map((id, number) => {
    const { name, colour, dash, symbol } = looks(id);
    return {
      x: axes.map((_, place) => place), y: axes.map((axis) => axis.places[number]), connectgaps: true,
      name: escaped(name), mode: "lines+markers", line: { color: colour, width: 2, dash }, marker: { color: colour, symbol, size: 8 },
      text: axes.map((axis) => escaped(axis.name)), hovertemplate: "%{text}", cliponaxis: false,
    };
  });
  const ground = colourOf("card"); // under the words, which lines cross
  const shapes = axes.map((axis, place) => ({
    type: "line", x0: place, x1: place, y0: 0, y1: 1, layer: "below",
    line: { color: "#8a94a3", width: axis.kind === "score" ? 2 : 1 },
  }));
  const annotations = axes.flatMap((axis, place) =>
    axis.ticks.map((tick) => ({
      x: place, y: tick.place, text: escaped(tick.text), showarrow: false, font: { size: 11 }, bgcolor: ground, borderpad: 1,
      ...(place === axes.length - 1 ? { xanchor: "right", xshift: -7 } : { xanchor: "left", xshift: 7 }),
    })),
  );
  const layout = {
    shapes, annotations, hovermode: "closest", showlegend: true, margin: { t: 16, l: 40, r: 40 },
    xaxis: {
      tickvals: axes.map((_, place) => place), ticktext: axes.map((axis) => escaped(axis.name).replace("/", "<br>")),
      range: [-0.15, axes.length - 0.85], showgrid: false, zeroline: false, tickangle: 0,
    },
    yaxis: { visible: false, range: [-0.06, 1.06], fixedrange: true },
    legend: { y: -0.25 },
  };
  return [{ data: traces, layout }, { height: 440 }];
}

const kinds = { scalar, front, holdout, parallel };

async function show(element) {
  const made = data && kinds[element.dataset.chart](element);
  if (made) await draw(element, ...made);
  else erase(element);
}

const inSight = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inSight.add(target);
      else inSight.delete(target);
      if (isIntersecting) show(target);
    }
  },
  { rootMargin: "400px" },
);

function watch() {
  for (const element of document.querySelectorAll("[data-chart]")) watcher.observe(element);
}

function take(fresh) {
  data = fresh;
  watch();
  for (const element of inSight) show(element);
}

async function look() {
  const response = await fetch(twin(), { headers: { Accept: "application/json" } });
  if (response.ok) take(await response.json());
}

onTheme(() => {
  for (const element of inSight) show(element);
});

// The address holds the switch as well: whoever gets it sees the same.
document.addEventListener("change", ({ target }) => {
  if (target.id !== "only-differences") return;
  const address = new URL(location.href);
  if (target.checked) address.searchParams.set("only", "differences");
  else address.searchParams.delete("only");
  go(`${address.pathname}?${decodeURIComponent(address.searchParams)}`, { push: false });
});

const page = document.getElementById("comparison");
if (page) look();
if (page?.dataset.live === "yes") {
  follow(
    () => twin(),
    async (fresh) => {
      await go(location.pathname + location.search, { push: false });
      take(fresh);
      return fresh.is_live;
    },
    PAUSE,
  );
}
