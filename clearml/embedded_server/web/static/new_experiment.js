// A new experiment: sends a dropped table, shows what is in it, and starts the search that a person wants.

import { notice } from "./frame.js";

const $ = (id) => document.getElementById(id);
const form = $("settings");
const fields = form.elements;

let table = null; // what the server has seen in the table
let key = ""; // under which the server keeps it
let sending = null; // the upload under way

/** Shows what is wrong beside its field; beside the start button where there is no such field. */
function showProblems(problems) {
  let first = null;
  for (const box of document.querySelectorAll("[data-problem]")) {
    const name = box.dataset.problem;
    const text = problems[name] ?? "";
    box.textContent = text;
    box.hidden = !text;
    if (name === "feat_type") box.parentElement.hidden = !text;
    const field = name === "file" ? $("file") : fields[name];
    if (!(field instanceof HTMLElement)) continue;
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (text) first ??= field;
  }
  const places = new Set([...document.querySelectorAll("[data-problem]")].map((box) => box.dataset.problem));
  const rest = Object.entries(problems).filter(([name]) => !places.has(name)).map(([name, text]) => `${name}: ${text}`);
  if (rest.length) {
    $("form-problem").textContent = rest.join("; ");
    $("form-problem").hidden = false;
  }
  first?.focus();
}

function showProgress(text, share = null) {
  $("progress").hidden = !text;
  $("progress-text").textContent = text;
  const bar = $("progress").querySelector("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
}

/** Sends a file; answers what the server has seen in it. */
function send(file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far it is
    sending = request;
    request.open("POST", `/new/table?name=${encodeURIComponent(file.name)}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => showProgress(`Sending ${file.name}`, loaded / total);
    request.upload.onload = () => showProgress(`Reading ${file.name}`);
    request.onload = () => {
      if (request.status === 200 && request.response) resolve(request.response);
      else reject(new Error(request.response?.error ?? `the server answers ${request.status}`));
    };
    request.onerror = () => reject(new Error("the server does not answer, or ended the upload; is the file too large?"));
    request.onabort = () => reject(null);
    request.send(file);
  });
}

async function take(file) {
  sending?.abort();
  showProblems({});
  form.hidden = true;
  $("started").hidden = true;
  const limit = Number($("drop").dataset.limit);
  if (file.size > limit) {
    showProblems({ file: `${file.name} is larger than ${Math.round(limit / 1e6).toLocaleString("en")} MB` });
    return;
  }
  showProgress(`Sending ${file.name}`, 0);
  try {
    table = await send(file);
  } catch (error) {
    if (error) showProgress("");
    if (error) showProblems({ file: error.message });
    return;
  }
  sending = null;
  key = table.key;
  showProgress("");
  fill();
}

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

function options(select, names, chosen, word = (name) => name) {
  select.replaceChildren(...names.map((name) => new Option(word(name), name, false, name === chosen)));
}

function row(column) {
  const made = element("tr", "", { "data-column": column.name });
  const kind = element("select", "", { "aria-label": `Kind of ${column.name}` });
  options(kind, table.kinds, column.kind, (name) => (name === "drop" ? "left out" : name));
  kind.addEventListener("change", () => made.classList.toggle("left-out", kind.value === "drop"));
  made.classList.toggle("left-out", column.kind === "drop");
  const missing = element("td", "", { class: "nowrap" });
  const meter = element("meter", "", { min: 0, max: 1, value: column.missing, "aria-label": `Missing share of ${column.name}` });
  missing.append(meter, column.missing ? `${(100 * column.missing).toFixed(1)} %` : "none");
  const kinds = element("td");
  kinds.append(kind);
  made.append(
    element("th", column.name, { scope: "row" }), kinds, missing,
    element("td", column.distinct.toLocaleString("en"), { class: "number" }),
    element("td", column.examples.join(", "), { title: column.examples.join(", ") }),
  );
  return made;
}

function fill() {
  $("summary").textContent = `${table.name}: ${table.rows.toLocaleString("en")} rows, ${table.columns.length} columns`;
  $("columns").replaceChildren(...table.columns.map(row));
  options(fields.target_column, ["", ...table.columns.map(({ name }) => name)], table.target ?? "", (name) => name || "choose one");
  options(fields.search_space, table.search_spaces, table.fields.search_space);
  for (const name of ["time_left", "project", "queue"]) fields[name].value = table.fields[name];
  fields.name.value = "";
  onTarget();
  form.hidden = false;
  $("columns-title").scrollIntoView({ block: "start" });
  fields.target_column.focus({ preventScroll: true });
}

function onTarget() {
  const column = table.columns.find(({ name }) => name === fields.target_column.value);
  for (const one of $("columns").rows) one.classList.toggle("target", one.dataset.column === column?.name);
  const what = { classification: `${column?.classes} classes`, regression: "an amount" }[column?.task];
  $("target-hint").textContent = !column ? "" : column.unfit ? "" : `It holds ${what}: a ${column.task}.`;
  showProblems(column?.unfit ? { target_column: column.unfit } : {});
  const metrics = table.metrics[column?.metrics] ?? [];
  options(fields.metric, ["auto", ...metrics], "auto", (name) => (name === "auto" ? `auto${metrics[0] ? ` (${metrics[0]})` : ""}` : name));
  $("missing-labels").hidden = !column?.missing_count;
  fields.missing_labels.checked = false;
  $("missing-labels").querySelector("span").textContent =
    column?.missing_count === 1 ? "Leave out the row without a label" : `Leave out the ${column?.missing_count} rows without a label`;
}

/** What the person has chosen, as texts; kinds only where they are not as they were seen, or empty. */
function chosen() {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  const target = fields.target_column.value;
  const changed = [...$("columns").rows]
    .map((one, place) => [table.columns[place], one.querySelector("select").value])
    .filter(([column, kind]) => column.name !== target && (column.kind !== kind || column.missing === 1))
    .map(([column, kind]) => [column.name, kind]);
  if (changed.length) values.feat_type = JSON.stringify(Object.fromEntries(changed));
  return values;
}

async function start() {
  showProblems(fields.target_column.value ? {} : { target_column: "Choose the column to predict" });
  if (!fields.target_column.value) return;
  $("start").disabled = true;
  $("starting").textContent = "Checking the table, making a dataset of it, and putting the experiment into the queue …";
  try {
    const response = await fetch("/new/start", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key, fields: chosen() }),
    });
    const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
    if (response.ok) arrive(answer);
    else showProblems(answer.errors ?? { form: answer.error });
  } catch {
    showProblems({ form: "the server does not answer" });
  } finally {
    $("start").disabled = false;
    $("starting").textContent = "";
  }
}

function arrive({ page, name, note }) {
  if (!note) {
    location.assign(page);
    return;
  }
  form.hidden = true;
  $("started").hidden = false;
  $("started-link").href = page;
  $("started-link").textContent = name;
  $("started-note").textContent = note;
  $("started").focus();
}

$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) take(target.files[0]);
  target.value = ""; // the same file, mended, can be chosen again
});

// A file may be dropped anywhere: beside the field a browser would open it and leave the page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) $("drop").classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const { files } = event.dataTransfer;
  if (files.length > 1) notice("One table at a time: the first file is taken");
  if (files[0]) take(files[0]);
});

fields.target_column.addEventListener("change", onTarget);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
form.addEventListener("click", ({ target }) => {
  if (target.dataset.budget) fields.time_left.value = target.dataset.budget;
});
