// One experiment: its buttons, and the tab that is shown, kept up to date while it runs.

import { act, confirm, localTimes, notice, twin } from "./frame.js";
import { follow } from "./live.js";
import { fetched, morph } from "./morph.js";
import { QUESTIONS, nameField, queueField } from "./questions.js";

const main = document.querySelector("main");
const head = document.getElementById("experiment");
const { id, name, link } = head.dataset;
const tab = document.getElementById("tab").dataset.tab;

/** The scripts of the tabs; each gets the experiment's id, and is called again when the page has changed. */
const scripts = {
  "": ["./plots.js", "./scalars.js"],
  scalars: ["./scalars.js"],
  plots: ["./plots.js"],
  configuration: ["./configuration.js"],
  artifacts: ["./artifacts.js"],
  console: ["./console.js"],
  images: ["./pictures.js"],
};
const parts = await Promise.all((scripts[tab] ?? []).map((script) => import(script)));
const isLive = () => ["queued", "in_progress"].includes(head.dataset.status);
const show = () => parts.forEach((part) => part.show(document.getElementById("tab"), { id, name, isLive: isLive() }));
show();

main.addEventListener("click", async (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (!what) return;
  event.target.closest("details")?.removeAttribute("open");
  const fields = what === "enqueue" ? [await queueField()] : what === "clone" ? [nameField(`${name} again`)] : [];
  const answer = await confirm({ ...QUESTIONS[what](`“${name}”`), fields });
  const done = answer && (await act(what, [id], answer));
  if (!done?.done.length) return;
  if (what === "clone") location.assign(link.replace(id, done.done[0]) + "/configuration");
  else if (what === "delete") location.assign(link.replace(`/${id}`, ""));
  else {
    notice(QUESTIONS[what](`“${name}”`).done);
    await refresh();
  }
});

async function refresh() {
  const { main: fresh, isFine } = await fetched(location.href);
  if (!fresh || !isFine) return;
  morph(main, fresh);
  localTimes(main);
  show();
}

// The console and the curves follow by themselves, with what is new only: of these tabs only the head is looked at.
const followsItself = () => tab === "console" || document.getElementById("scalars") !== null;
let before = "";
const look = follow(
  () => (followsItself() ? twin(`${link}/info`, "") : twin()),
  async (data) => {
    const now = JSON.stringify([data.task.status, data.task.message, data.task.tags, data.tabs.length, followsItself() || data.shown]);
    if (before && now !== before) await refresh();
    before = now;
    return data.is_live;
  },
  3000,
);
addEventListener("focus", look);
