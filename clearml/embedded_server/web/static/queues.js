// Queues and workers: changes the order by buttons, keys and dragging, and follows what happens.

import { confirm, localTimes, notice, twin } from "./frame.js";
import { follow } from "./live.js";
import { go } from "./morph.js";

const PAUSE = 3000; // ms between two looks

let dragged = null;

/** Shows what the server says now; the focus stays where it is, though a row that moves would lose it. */
async function show() {
  const focused = document.activeElement;
  await go(location.pathname + location.search, { push: false });
  if (document.activeElement === document.body && focused?.isConnected) focused.focus();
}

/** Sends a change, and shows what became of it. */
async function change(address, body = {}) {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
    notice(answer.error, true);
  }
  await show();
  return response.ok;
}

const queueOf = (row) => row.closest("[data-queue]").dataset.queue;
const move = (row, to) => change(`/queues/${queueOf(row)}/move`, { task: row.dataset.task, to });

/** Moves a row; where the button that did it has become of no use, its neighbour gets the focus. */
async function moveByButton(button) {
  const row = button.closest("[data-task]");
  await move(row, button.dataset.move);
  if (button.disabled) row.querySelector("[data-move]:not(:disabled)")?.focus();
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-move]");
  if (button) await moveByButton(button);
  const remove = target.closest("[data-remove]");
  if (remove) {
    const row = remove.closest("[data-task]");
    const text = "It gets back the status that it had before, and can be enqueued again.";
    if (await confirm({ title: `Take ${row.dataset.name} out of the queue?`, text, yes: "Take out" })) {
      await change(`/queues/${queueOf(row)}/remove`, { task: row.dataset.task });
    }
  }
  const bin = target.closest("[data-delete-queue]");
  if (bin) {
    const { queue, name } = bin.closest("[data-queue]").dataset;
    if (await confirm({ title: `Delete the queue ${name}?`, yes: "Delete", danger: true })) await change(`/queues/${queue}/delete`);
  }
});

document.addEventListener("keydown", async (event) => {
  const to = event.altKey && { ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" }[event.key];
  const row = to && event.target.closest?.("[data-task]");
  if (!row) return;
  event.preventDefault();
  await move(row, to);
  row.scrollIntoView({ block: "nearest" });
});

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-new-queue]")) return;
  event.preventDefault();
  const field = event.target.elements.name;
  if (await change("/queues/new", { name: field.value.trim() })) field.value = "";
});

// Dragging: the line where the row would come to stand, then its place.

/** The row that the pointer is at, in the queue of the dragged one, and whether it would come above it. */
function target(event) {
  const row = event.target.closest?.("[data-task]");
  if (!dragged || !row || row.parentElement !== dragged.parentElement) return null;
  const { top, height } = row.getBoundingClientRect();
  return { row, above: event.clientY < top + height / 2 };
}

function unmark() {
  for (const row of document.querySelectorAll(".above, .below")) row.classList.remove("above", "below");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-task]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.task);
  dragged.classList.add("dragged");
});

document.addEventListener("dragover", (event) => {
  const at = target(event);
  unmark();
  if (!at) return;
  event.preventDefault();
  at.row.classList.add(at.above ? "above" : "below");
});

document.addEventListener("drop", async (event) => {
  const at = target(event);
  if (!at) return;
  event.preventDefault();
  const others = [...dragged.parentElement.children].filter((row) => row !== dragged);
  const place = others.indexOf(at.row) + (at.above ? 1 : 2);
  if (at.row !== dragged) await move(dragged, place);
});

document.addEventListener("dragend", () => {
  unmark();
  dragged?.classList.remove("dragged");
  dragged = null;
});

const PASSING = new Set(["waiting_seconds", "seconds", "seen"]); // they change with every look
let before = "";

follow(
  () => twin("/queues", ""),
  async (data) => {
    const now = JSON.stringify(data, (name, value) => (PASSING.has(name) ? undefined : value));
    if (now !== before && !dragged && !document.querySelector("dialog[open]")) await show();
    before = now;
  },
  PAUSE,
);

addEventListener("shown", () => localTimes());
