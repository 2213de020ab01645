// Plots as an experiment reported them; those of several iterations with a slider.

import { draw } from "./charts.js";

const figures = new Map(); // address -> promise of the figure
const ranges = new WeakMap(); // element -> axes of its last iteration, so that sliding does not make them jump
const begun = new WeakSet(); // cards that have come into sight
let id = "";

const fetchFigure = (series, iteration) => {
  const address = `/tasks/${id}/plots/${series}/${iteration}`;
  if (!figures.has(address)) {
    const found = fetch(address).then((response) => (response.ok ? response.json() : Promise.reject(new Error(address))));
    figures.set(address, found);
    found.catch(() => figures.delete(address));
    if (figures.size > 200) figures.delete(figures.keys().next().value);
  }
  return figures.get(address);
};

const watcher = new IntersectionObserver(
  (entries) => entries.forEach(({ isIntersecting, target }) => isIntersecting && (watcher.unobserve(target), begin(target))),
  { rootMargin: "300px" },
);

/** Draws the plots of a tab as they come into sight; called again, those that have new iterations. */
export function show(tab, experiment) {
  id = experiment.id;
  for (const card of tab.querySelectorAll("[data-plot]")) {
    if (!begun.has(card)) watcher.observe(card);
    else update(card);
  }
}

const iterationsOf = (card) => card.dataset.iterations.split(",").map(Number);

function begin(card) {
  begun.add(card);
  update(card);
}

function update(card) {
  const iterations = iterationsOf(card);
  const box = card.querySelector(".slider");
  let range = box.querySelector("input");
  const isAtEnd = !range || Number(range.value) === Number(range.max);
  if (iterations.length > 1) {
    range ??= slider(card, box);
    range.max = iterations.length - 1;
    if (isAtEnd) range.value = range.max;
  }
  if (isAtEnd && card.drawn !== iterations.at(-1)) drawAt(card, iterations.length - 1, true);
}

function slider(card, box) {
  const play = document.createElement("button");
  play.type = "button";
  play.className = "button small";
  play.textContent = "Play";
  const range = document.createElement("input");
  range.type = "range";
  range.min = 0;
  range.setAttribute("aria-label", `Iteration of ${card.getAttribute("aria-label")}`);
  range.addEventListener("input", () => drawAt(card, Number(range.value)));
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = "Stop";
    if (range.value === range.max) range.value = 0;
    timer = setInterval(() => {
      if (range.value === range.max) return stop();
      range.value = Number(range.value) + 1;
      drawAt(card, Number(range.value));
    }, 350);
  });
  box.append(play, range);
  return range;
}

async function drawAt(card, place, isLast = false) {
  const iterations = iterationsOf(card);
  const iteration = iterations[place];
  card.querySelector("[data-iteration]").textContent = iterations.length > 1 ? `iteration ${iteration}` : "";
  card.querySelector("input[type=range]")?.setAttribute("aria-valuetext", `iteration ${iteration}`);
  card.drawn = iteration;
  const element = card.querySelector("figure");
  let figure;
  try {
    figure = await fetchFigure(card.dataset.plot, iteration);
  } catch {
    element.textContent = "This plot cannot be loaded.";
    return;
  }
  if (card.drawn !== iteration) return; // the slider has moved on meanwhile
  if (figure.table) return tabulate(element, figure.table, card.getAttribute("aria-label"));
  element.setAttribute("aria-label", `${card.getAttribute("aria-label")}${iterations.length > 1 ? `, iteration ${iteration}` : ""}`);
  const kept = ranges.get(element);
  const layout = { ...figure.layout };
  if (kept && !isLast) for (const [axis, range] of Object.entries(kept)) layout[axis] = { ...layout[axis], range: [...range], autorange: false };
  layout.uirevision = isLast ? `${iteration}` : `${iteration} of several`;
  await draw(element, { data: figure.data, layout }, { height: layout.height ?? 380 });
  if (isLast && element._fullLayout) {
    const all = Object.entries(element._fullLayout).filter(([key, axis]) => /^[xy]axis\d*$/.test(key) && axis.range && axis.type !== "category");
    ranges.set(element, Object.fromEntries(all.map(([key, axis]) => [key, axis.range])));
  }
}

function tabulate(element, table, label) {
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  const html = document.createElement("table");
  const headings = html.createTHead().insertRow();
  for (const heading of table.headings) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = heading.replaceAll(/<\/?b>/g, "");
    headings.append(cell);
  }
  const rows = html.createTBody();
  for (const row of table.rows) {
    const line = rows.insertRow();
    for (const value of row) line.insertCell().textContent = value;
  }
  box.append(html);
  element.replaceChildren(box);
}
