// One model: publish it, and change its tags.

import { confirm, localTimes, notice } from "./frame.js";
import { go } from "./morph.js";

/** Sends a change of this model, and shows what became of it. */
async function change(what, body) {
  const { model } = document.querySelector("[data-model]").dataset;
  const response = await fetch(`/models/${model}/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
    notice(answer.error, true);
    return;
  }
  await go(location.pathname + location.search, { push: false });
}

document.addEventListener("click", async ({ target }) => {
  const untag = target.closest("[data-untag]");
  if (untag) await change("tags", { remove: [untag.dataset.untag] });
  if (!target.closest("[data-publish]")) return;
  const { name } = document.querySelector("[data-model]").dataset;
  const text = "Others may rely on it from then on; its file and metrics are final. The experiment stays as it is.";
  if (await confirm({ title: `Publish ${name}?`, text, yes: "Publish" })) await change("publish", {});
});

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-tags]")) return;
  event.preventDefault();
  const field = event.target.elements.tag;
  const tag = field.value.trim();
  if (!tag) return;
  await change("tags", { add: [tag] });
  field.value = "";
});

addEventListener("shown", () => localTimes());
