// Draws plotly figures in the page's theme. Plotly is loaded when the first one is drawn.

import { isDark, onTheme } from "./frame.js";

/** Colours of series, for both themes; neighbours differ in lightness, too, for people who see colours otherwise. */
export const COLOURS = ["#3b6fd4", "#e0812b", "#2a9d74", "#c2467f", "#8a63d2", "#b58900", "#1f9bb8", "#d1495b", "#6b8e23", "#7d6b5d"];

const drawn = new Map(); // element -> [figure, options]
let loading = null;

/**
 * Lets plotly live under a policy that forbids styles written as text. A style attribute is set through the object model
 * instead, which the policy allows. The sheet that its part for maps writes while it is loaded goes nowhere: no chart
 * here is a map.
 *
 * @returns {() => void} to be called when plotly is loaded
 */
function allowStyles() {
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  const { createElement } = Document.prototype;
  document.createElement = (name, options) => createElement.call(document, name === "style" ? "meta" : name, options);
  return () => delete document.createElement;
}

function load() {
  loading ??= new Promise((resolve, reject) => {
    // Plotly writes its rules into a style element of its own, which the page's policy forbids; into this, which is
    // ours, it may.
    const sheet = document.createElement("link");
    sheet.id = "plotly.js-style-global";
    sheet.rel = "stylesheet";
    sheet.href = new URL("charts.css", import.meta.url);
    sheet.onload = () => {
      const script = document.createElement("script");
      const loaded = allowStyles();
      script.src = new URL("plotly.min.js", import.meta.url);
      script.onload = () => {
        loaded();
        resolve(window.Plotly);
      };
      script.onerror = () => reject(new Error("plotly cannot be loaded"));
      document.head.append(script);
    };
    document.head.append(sheet);
  });
  return loading;
}

/** What a custom property of the style sheet stands for in the present theme. */
export function colour(name) {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** A colour of COLOURS as rgba. */
export function faded(hex, opacity) {
  const value = parseInt(hex.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${opacity})`;
}

function themed(layout) {
  const ink = colour("ink");
  const faint = colour("faint");
  const line = colour("line");
  const axis = (own = {}) => ({
    ...own,
    gridcolor: line,
    linecolor: line,
    zerolinecolor: line,
    tickfont: { ...own.tickfont, color: faint },
    title: { standoff: 12, ...(typeof own.title === "string" ? { text: own.title } : own.title), font: { size: 12, color: faint } },
    automargin: true,
  });
  const axes = Object.fromEntries(
    ["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))].map((name) => [name, axis(layout[name])]),
  );
  for (const [name, { title }] of Object.entries(axes)) {
    if (name.startsWith("y") && title.text?.length > 36) title.text = title.text.replace(" (", "<br>("); // it is as high as the chart
  }
  return {
    ...layout,
    ...axes,
    template: undefined,
    colorway: layout.colorway ?? COLOURS,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { ...layout.font, color: ink, family: getComputedStyle(document.body).fontFamily, size: layout.font?.size ?? 12 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", ...layout.legend, bgcolor: "rgba(0,0,0,0)", font: { ...layout.legend?.font, color: ink } },
    hoverlabel: { align: "left", ...layout.hoverlabel, bgcolor: colour("raised"), bordercolor: line, font: { color: ink, size: 12 } },
    annotations: layout.annotations?.map((each) => ({ ...each, font: { ...each.font, color: isDark() && !isLight(each.font?.color) ? ink : (each.font?.color ?? ink) } })),
    shapes: layout.shapes?.map((each) => ({ ...each, line: { ...each.line, color: isDark() ? faint : each.line?.color } })),
    margin: { l: 56, r: 16, ...layout.margin, t: Math.min(layout.margin?.t ?? 24, 48), b: Math.min(layout.margin?.b ?? 44, 56) },
    autosize: true,
    width: undefined,
  };
}

const isLight = (name) => /^(white|#fff)/i.test(name ?? "");

function tabled(trace) {
  if (trace.type !== "table") return trace;
  const ink = colour("ink");
  const line = { color: colour("line") };
  return {
    ...trace,
    header: { ...trace.header, fill: { color: colour("hover") }, font: { color: ink, size: 12 }, line, align: "left" },
    cells: { ...trace.cells, fill: { color: colour("card") }, font: { color: ink, size: 12 }, line, align: "left" },
  };
}

/**
 * Draws a figure into an element, or brings what is drawn there up to date without flicker.
 *
 * @param {HTMLElement} element
 * @param {{data: object[], layout?: object}} figure as plotly takes it; colours of ground, axes and text are the page's
 * @param {{height?: number, bar?: boolean}} options height in pixels; whether to show plotly's buttons
 */
export async function draw(element, figure, options = {}) {
  const Plotly = await load();
  if (!element.isConnected) return;
  drawn.set(element, [figure, options]);
  element.removeAttribute("role"); // with plotly's buttons in it, it is more than a picture
  const layout = { ...themed(figure.layout ?? {}), uirevision: figure.layout?.uirevision ?? "kept" };
  if (options.height) layout.height = options.height;
  await Plotly.react(element, (figure.data ?? []).map(tabled), layout, {
    responsive: true,
    displaylogo: false,
    displayModeBar: options.bar === false ? false : "hover",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  });
}

/** Takes a figure out of an element, and what it holds in memory. */
export function erase(element) {
  if (drawn.delete(element)) window.Plotly?.purge(element);
}

onTheme(() => {
  for (const [element, [figure, options]] of drawn) element.isConnected ? draw(element, figure, options) : erase(element);
});
