// The configuration: changed in place, then run as a clone.

import { act, confirm, notice } from "./frame.js";
import { QUESTIONS, nameField, queueField } from "./questions.js";

let hasBegun = false;

/** Makes the settings of a tab a form for a clone. */
export function show(tab, { id, name }) {
  const form = tab.querySelector("#configuration");
  if (hasBegun || !form) return;
  hasBegun = true;
  const fields = () => [...form.querySelectorAll("[data-before]")];
  const isChanged = (field) => field.value !== field.dataset.before;
  const undo = form.querySelector("[data-undo]");

  const count = () => {
    const changed = fields().filter(isChanged);
    for (const field of fields()) (field.closest("tr") ?? field.closest("section")).classList.toggle("changed", isChanged(field));
    form.querySelector("[data-changes]").textContent = changed.length ? `${changed.length} changed` : "";
    undo.hidden = !changed.length;
  };
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-filter]")) return count();
    const text = event.target.value.toLowerCase();
    for (const row of form.querySelectorAll("[data-setting]")) {
      const field = row.querySelector("input");
      row.hidden = !`${row.closest("section").dataset.section} ${field.name} ${field.value}`.toLowerCase().includes(text);
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  undo.addEventListener("click", () => {
    for (const field of fields()) field.value = field.dataset.before;
    count();
  });

  for (const button of form.querySelectorAll("[data-save]")) {
    button.addEventListener("click", async () => {
      const isEnqueued = button.dataset.save !== "";
      const answer = isEnqueued ? await confirm({ ...QUESTIONS.enqueue(`“${name}”`), fields: [await queueField()] }) : {};
      if (!answer || !(await act("configure", [id], { ...answer, ...edited(form) }))) return;
      if (isEnqueued) return location.assign(`/tasks/${id}`);
      for (const field of fields()) field.dataset.before = field.value;
      count();
      notice("Saved");
    });
  }

  form.querySelector("[data-run]")?.addEventListener("click", async () => {
    const queue = await queueField();
    const none = new Option("none: leave it as a draft", "");
    queue.querySelector("select").append(none);
    const changed = fields().filter(isChanged);
    const text = changed.length ? `With ${changed.length} changed: ${changed.map((field) => field.name || "configuration").join(", ")}.` : "With the same configuration.";
    const answer = await confirm({ title: "Run a clone?", text, yes: "Run", fields: [nameField(`${name} again`), queue] });
    if (!answer) return;
    const done = await act("clone", [id], { name: answer.name, ...(answer.queue && { queue: answer.queue }), ...edited(form) });
    if (done) location.assign(`/tasks/${done.done[0]}${answer.queue ? "" : "/configuration"}`);
  });
}

/** The whole configuration as the API takes it. */
function edited(form) {
  const hyperparams = {};
  for (const section of form.querySelectorAll("[data-section]")) {
    const items = (hyperparams[section.dataset.section] = {});
    for (const field of section.querySelectorAll("input")) {
      items[field.name] = { section: section.dataset.section, name: field.name, value: field.value, type: field.dataset.type, description: field.dataset.description };
    }
  }
  const configuration = {};
  for (const object of form.querySelectorAll("[data-object]")) {
    configuration[object.dataset.object] = { name: object.dataset.object, value: object.querySelector("textarea").value, type: object.dataset.type };
  }
  return { ...(Object.keys(hyperparams).length && { hyperparams }), ...(Object.keys(configuration).length && { configuration }) };
}
