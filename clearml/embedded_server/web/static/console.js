// The console: follows what is reported, loads what lies before, searches all of it.

import { follow } from "./live.js";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const MOST = 20_000; // lines that stay in the page
let hasBegun = false;

/** Begins to follow; what is in the tab stays as it is when the page changes. */
export function show(tab, { id }) {
  if (hasBegun) return;
  hasBegun = true;
  const box = document.getElementById("lines");
  const isFollowing = tab.querySelector("[data-follow]");
  const find = tab.querySelector("[data-find]");
  let last = Number(box.dataset.last);
  let hasEarlier = box.dataset.hasEarlier === "yes";
  let isLoading = false;

  const element = (line, text = "") => {
    const div = document.createElement("div");
    div.className = `line ${line.level}`;
    div.dataset.id = line.id;
    div.dataset.clock = clock.format(line.time);
    if (text) mark(div, line.text, text);
    else div.textContent = line.text;
    return div;
  };
  for (const line of box.children) line.dataset.clock = clock.format(Number(line.dataset.time));
  const toEnd = () => isFollowing.checked && (box.scrollTop = box.scrollHeight);
  const ask = (query) => fetch(`/tasks/${id}/lines?${new URLSearchParams(query)}`).then((response) => response.json());
  toEnd();

  follow(
    () => `/tasks/${id}/lines?after=${last}`,
    (data) => {
      last = data.last;
      if (data.lines.length && !find.value) {
        box.append(...data.lines.map((line) => element(line)));
        while (box.children.length > MOST) box.firstChild.remove();
        toEnd();
      }
      return data.is_live;
    },
    1500,
  );

  box.addEventListener("scroll", async () => {
    // who scrolls back wants to read; who comes back to the end wants to follow
    isFollowing.checked = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
    if (box.scrollTop > 200 || !hasEarlier || isLoading || find.value || !box.firstElementChild) return;
    isLoading = true;
    const data = await ask({ before: box.firstElementChild.dataset.id });
    const height = box.scrollHeight;
    box.prepend(...data.lines.map((line) => element(line)));
    box.scrollTop += box.scrollHeight - height;
    hasEarlier = data.has_earlier;
    isLoading = false;
  });
  isFollowing.addEventListener("change", toEnd);
  tab.querySelector("[data-times]").addEventListener("change", (event) => box.classList.toggle("times", event.target.checked));

  let typing = 0;
  find.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const text = find.value;
      const data = await ask(text ? { q: text } : {});
      if (find.value !== text) return;
      box.replaceChildren(...data.lines.map((line) => element(line, text)));
      if (!data.lines.length) box.textContent = text ? "No line holds this." : "";
      hasEarlier = !text && data.has_earlier;
      toEnd();
    }, 200);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    find.focus();
  });
}

function mark(div, line, text) {
  const lower = line.toLowerCase();
  let place = 0;
  for (let found = lower.indexOf(text.toLowerCase()); found >= 0; found = lower.indexOf(text.toLowerCase(), place)) {
    const hit = document.createElement("mark");
    hit.textContent = line.slice(found, found + text.length);
    div.append(line.slice(place, found), hit);
    place = found + text.length;
  }
  div.append(line.slice(place));
}
