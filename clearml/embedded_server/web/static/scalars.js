// Curves of scalars: grouped, smoothed, over iterations or time; while the experiment runs only new points are fetched.

import { COLOURS, draw, erase, faded } from "./charts.js";
import { follow } from "./live.js";

const APART = 3; // how many times greater a curve's values are than another's, so that they need axes of their own
const MOST_POINTS = 1500; // of a curve, before it is sampled anew
const curves = new Map(); // id of the series -> {title, series, x, y, last}
let id = "";
let tab = null;
let hasBegun = false;

/** Begins to follow the curves of a tab, or shows what is there already in a tab that has changed. */
export function show(element, experiment) {
  ({ id } = experiment);
  tab = element;
  if (hasBegun) return redraw();
  if (!tab.querySelector("#scalars, [data-curves], [data-curves-all]")) return;
  hasBegun = true;
  controls()?.addEventListener("input", (event) => {
    if (event.target.name === "smoothing") controls().querySelector("output").textContent = event.target.value;
    if (event.target.name === "axis") {
      curves.clear();
      look();
    } else redraw();
  });
  controls()?.addEventListener("submit", (event) => event.preventDefault());
  const look = follow(address, take, 2500);
  look();
}

const controls = () => document.getElementById("scalar-controls");
const setting = (name) => {
  const field = controls()?.elements[name];
  return field?.type === "checkbox" ? field.checked : field?.value;
};

function address() {
  const query = new URLSearchParams();
  if (setting("axis") && setting("axis") !== "iteration") query.set("axis", "timestamp");
  const seen = [...curves].filter(([, curve]) => !curve.isStale).map(([series, curve]) => `${series}:${curve.last}`).join(",");
  if (seen) query.set("after", seen);
  for (const element of tab.querySelectorAll("[data-curves]")) if (!tab.querySelector("[data-curves-all]")) query.append("titles", element.dataset.curves);
  return `/tasks/${id}/curves?${query}`;
}

function take(data) {
  let isNew = false;
  for (const fresh of data.curves) {
    const known = curves.get(fresh.id);
    if (!known || fresh.is_whole) curves.set(fresh.id, fresh);
    else {
      // the last iteration may have been reported once more: from there on everything is taken anew
      const kept = known.x.findIndex((x) => x >= fresh.x[0]);
      if (kept >= 0 && known.x.length - kept === fresh.x.length && known.y.at(-1) === fresh.y.at(-1)) continue;
      // new lists: plotly does not look into those that it has
      const end = kept >= 0 ? kept : known.x.length;
      known.x = [...known.x.slice(0, end), ...fresh.x];
      known.y = [...known.y.slice(0, end), ...fresh.y];
      known.last = fresh.last;
      // once more than twice the points that a curve needs have come together, it is sampled anew
      if (known.x.length > MOST_POINTS) known.isStale = true;
    }
    isNew = true;
  }
  if (isNew) redraw();
  return data.is_live;
}

// charts

function redraw() {
  const all = [...curves.values()];
  for (const figure of tab.querySelectorAll("figure[data-curves]")) {
    const begins = new RegExp(`^(${figure.dataset.matching ?? ""})`);
    drawCurves(figure, all.filter((one) => one.title === figure.dataset.curves && begins.test(one.series)), 420);
  }
  const grid = tab.querySelector("#scalars, [data-curves-all]");
  if (grid) arrange(grid, groups(all));
}

function groups(all) {
  const wanted = (setting("wanted") ?? "").toLowerCase();
  const shown = all.filter((one) => `${one.title} ${one.series}`.toLowerCase().includes(wanted));
  if (setting("group") === "series") return shown.map((one) => [`${one.title}: ${one.series}`, [one]]);
  const titles = new Map();
  for (const one of shown) titles.set(one.title, [...(titles.get(one.title) ?? []), one]);
  const found = [];
  for (const [title, members] of titles) {
    const parts = bySize(members);
    for (const part of parts) found.push([parts.length > 1 ? `${title}: ${part.map((one) => one.series).join(", ")}` : title, part]);
  }
  // what a search is judged by comes first
  return found.sort(([, [a]], [, [b]]) => (b.title === "Search") - (a.title === "Search"));
}

/** Curves whose values differ much in size would hide each other in one chart. */
function bySize(members) {
  const size = (one) => Math.max(...one.y.map(Math.abs), 1e-12);
  const sorted = [...members].sort((a, b) => size(a) - size(b));
  const parts = [];
  for (const one of sorted) {
    const part = parts.at(-1);
    if (part && size(one) / size(part[0]) < APART) part.push(one);
    else parts.push([one]);
  }
  return parts;
}

function arrange(grid, found) {
  const known = new Map([...grid.querySelectorAll("section[data-group]")].map((section) => [section.dataset.group, section]));
  for (const old of [...grid.children]) {
    if (found.some(([name]) => name === old.dataset.group)) continue;
    for (const figure of old.querySelectorAll("figure")) erase(figure);
    old.remove();
  }
  for (const [name, members] of found) {
    let section = known.get(name);
    if (!section) {
      section = document.createElement("section");
      section.className = "card";
      section.dataset.group = name;
      const heading = document.createElement("h2");
      const more = document.createElement("small");
      more.textContent = name === members[0].title ? "" : members.map((one) => one.series).join(", ");
      heading.append(`${members[0].title} `, more);
      const figure = document.createElement("figure");
      figure.className = "chart";
      section.append(heading, figure);
    }
    if (section !== grid.children[found.findIndex(([each]) => each === name)]) grid.append(section);
    drawCurves(section.querySelector("figure"), members);
  }
}

function drawCurves(element, members, height = 300) {
  if (!members.length) return;
  const weight = Number(setting("smoothing") ?? 0);
  const axis = setting("axis") ?? "iteration";
  const begin = Math.min(...members.map((one) => one.x[0]));
  const data = members.flatMap((one, place) => {
    const colour = COLOURS[place % COLOURS.length];
    const x = axis === "iteration" ? one.x : one.x.map((moment) => (axis === "elapsed" ? (moment - begin) / 1000 : new Date(moment)));
    const mode = one.x.length < 40 ? "lines+markers" : "lines";
    const line = { type: "scatter", mode, name: one.series, x, y: smoothed(one.y, weight), line: { color: colour, width: 2 }, marker: { size: 5, color: colour } };
    if (!weight) return [line];
    return [{ ...line, y: one.y, mode: "lines", line: { color: faded(colour, 0.25), width: 1 }, showlegend: false, hoverinfo: "skip" }, line];
  });
  const titles = { iteration: "iteration", timestamp: "", elapsed: "seconds" };
  const layout = {
    xaxis: { title: { text: titles[axis] } },
    yaxis: { type: setting("log") ? "log" : "linear" },
    hovermode: "x unified",
    showlegend: members.length > 1,
    margin: { t: 8 },
    uirevision: `${axis} ${setting("log")}`,
  };
  element.setAttribute("aria-label", members.map((one) => `${one.series}, now ${one.y.at(-1)}`).join("; "));
  draw(element, { data, layout }, { height });
}

/** An exponential moving average, corrected for its beginning. */
function smoothed(values, weight) {
  if (!weight) return values;
  let mean = 0;
  let whole = 0;
  return values.map((value) => {
    mean = mean * weight + (1 - weight) * value;
    whole = whole * weight + (1 - weight);
    return mean / whole;
  });
}
