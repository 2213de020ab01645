// The table of experiments: narrowing down, sorting and paging in place, choosing several, doing something with them,
// and following what runs.

import { act, confirm, localTimes, notice, twin } from "./frame.js";
import { follow } from "./live.js";
import { fetched, go, morph } from "./morph.js";
import { queueField, nameField, QUESTIONS } from "./questions.js";

const COLUMNS = "columns of experiments"; // in localStorage
const main = document.querySelector("main");
const chosen = new Map(); // id -> name, over all pages of the table
let current = ""; // id of the row that the keyboard is at

const rows = () => [...main.querySelectorAll("table.experiments tbody tr")];

// the address

function filterAddress() {
  const form = main.querySelector("form.filters");
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && name !== "columns") query.append(name, value);
  if (query.get("sort") === "-created") query.delete("sort");
  const columns = localStorage.getItem(COLUMNS);
  if (columns) query.set("columns", columns);
  const text = query.toString();
  return location.pathname + (text ? `?${text}` : "");
}

let typing = 0;
main.addEventListener("input", (event) => {
  if (!event.target.closest("form.filters")) return;
  if (event.target.name === "columns") {
    const ticked = [...main.querySelectorAll("input[name=columns]:checked")].map((box) => box.value);
    const known = (new URLSearchParams(location.search).get("columns") ?? "").split(",").filter((key) => ticked.includes(key));
    localStorage.setItem(COLUMNS, [...new Set([...known, ...ticked])].join(","));
  }
  clearTimeout(typing);
  typing = setTimeout(() => go(filterAddress(), { push: event.target.name !== "q" }), event.target.name === "q" ? 200 : 0);
});
main.addEventListener("submit", (event) => {
  event.preventDefault();
  go(filterAddress());
});
main.addEventListener("click", (event) => {
  const link = event.target.closest("a.sort, a[rel], .projects a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const columns = localStorage.getItem(COLUMNS);
  const address = new URL(link.href);
  if (columns && !address.searchParams.has("columns")) address.searchParams.set("columns", columns);
  go(address.pathname + address.search);
  if (link.rel) scrollTo({ top: 0 });
});
main.addEventListener("click", (event) => {
  if (!event.target.closest("[data-usual-columns]")) return;
  localStorage.removeItem(COLUMNS);
  go(filterAddress());
});
addEventListener("popstate", () => go(location.pathname + location.search, { push: false }));

// choosing

function showChosen() {
  for (const row of rows()) {
    const is = chosen.has(row.dataset.key);
    row.querySelector(".tick input").checked = is;
    row.setAttribute("aria-selected", String(is));
    row.classList.toggle("current", row.dataset.key === current);
  }
  const all = main.querySelector("[data-all]");
  if (all) {
    const here = rows().filter((row) => chosen.has(row.dataset.key)).length;
    all.checked = here > 0 && here === rows().length;
    all.indeterminate = here > 0 && here < rows().length;
  }
  const bar = document.getElementById("selection");
  bar.hidden = chosen.size === 0;
  bar.querySelector("[data-selected]").textContent = `${chosen.size} chosen`;
  bar.querySelector("[data-do=compare]").disabled = chosen.size < 2 || chosen.size > 10;
  bar.querySelector("[data-archive-word]").textContent = isArchive() ? "Bring back" : "Archive";
}

const isArchive = () => main.querySelector("table.experiments")?.dataset.archived === "yes";

function choose(row, is) {
  if (is) chosen.set(row.dataset.key, row.dataset.name);
  else chosen.delete(row.dataset.key);
}

let last = null;
main.addEventListener("click", (event) => {
  const box = event.target.closest(".tick input[value]");
  if (!box) return;
  const there = rows();
  const row = box.closest("tr");
  if (event.shiftKey && last && there.includes(last)) {
    const [from, to] = [there.indexOf(last), there.indexOf(row)].sort((a, b) => a - b);
    for (const each of there.slice(from, to + 1)) choose(each, box.checked);
  }
  choose(row, box.checked);
  last = row;
  showChosen();
});
main.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  for (const row of rows()) choose(row, event.target.checked);
  showChosen();
});

// doing

main.addEventListener("click", async (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what) await perform(what);
});

async function perform(what) {
  const ids = [...chosen.keys()];
  if (what === "none") return chosen.clear(), showChosen();
  if (!ids.length) return;
  if (what === "compare") return location.assign(`/compare?ids=${ids.join(",")}`);
  if (what === "archive" && isArchive()) what = "unarchive";
  const whom = ids.length === 1 ? `“${chosen.get(ids[0])}”` : `${ids.length} experiments`;
  const fields = what === "enqueue" ? [await queueField()] : what === "clone" && ids.length === 1 ? [nameField(`${chosen.get(ids[0])} again`)] : [];
  const answer = await confirm({ ...QUESTIONS[what](whom), fields });
  if (answer === null) return;
  const done = await act(what, ids, answer);
  if (!done) return;
  if (done.done.length) notice(`${QUESTIONS[what](whom).done}`);
  if (what !== "enqueue") chosen.clear();
  await refresh();
}

// following what runs

async function refresh() {
  const { main: fresh, isFine } = await fetched(location.href);
  if (fresh && isFine) {
    morph(main, fresh);
    dispatchEvent(new Event("shown"));
  }
}

let before = "";
follow(
  () => twin(),
  async (data) => {
    const now = JSON.stringify([data.rows, data.total, data.statuses, data.projects]);
    if (before && now !== before) await refresh();
    before = now;
    return data.is_live;
  },
);

addEventListener("shown", () => {
  before = "";
  localTimes(main);
  showChosen();
});

// the keyboard

addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const there = rows();
  const at = there.findIndex((row) => row.dataset.key === current);
  if (event.key === "/") main.querySelector("input[name=q]").focus();
  else if (event.key === "j" || event.key === "k") {
    const row = there[Math.min(there.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
    current = row?.dataset.key ?? "";
    row?.scrollIntoView({ block: "nearest" });
    showChosen();
  } else if (event.key === "x" && at >= 0) {
    choose(there[at], !chosen.has(current));
    showChosen();
  } else if (event.key === "Enter" && at >= 0 && event.target === document.body) there[at].querySelector("a.name").click();
  else if (event.key === "c" && chosen.size > 1) perform("compare");
  else return;
  event.preventDefault();
});

// the columns that were chosen last, where the address does not say which
if (localStorage.getItem(COLUMNS) && !new URLSearchParams(location.search).has("columns")) go(filterAddress(), { push: false });
if (matchMedia("(max-width: 900px)").matches) main.querySelector(".projects").open = false;
showChosen();
