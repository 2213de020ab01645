// What every page has: the theme switch, notices, the confirmation dialog, times in the reader's own zone.

const root = document.documentElement;

/** Whether the page is dark now, by the person's choice or the system's. */
export function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls back whenever the page turns light or dark. */
export function onTheme(callback) {
  addEventListener("theme", callback);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  dispatchEvent(new Event("theme"));
});

/** Says something for a few seconds; what went wrong stays until it is clicked. */
export function notice(text, isBad = false) {
  const box = document.createElement("div");
  box.className = isBad ? "notice bad" : "notice";
  box.textContent = text;
  box.addEventListener("click", () => box.remove());
  document.getElementById("notices").append(box);
  if (!isBad) setTimeout(() => box.remove(), 5000);
}

/**
 * Asks in a dialog; the values of its fields, or null where the person does not want to.
 *
 * @param {{title: string, text?: string, yes?: string, danger?: boolean, fields?: HTMLElement[]}} question
 */
export function confirm({ title, text = "", yes = "Yes", danger = false, fields = [] }) {
  const dialog = document.getElementById("confirmation");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("[data-text]").textContent = text;
  dialog.querySelector("[data-fields]").replaceChildren(...fields);
  const button = dialog.querySelector("[data-yes]");
  button.textContent = yes;
  button.classList.toggle("danger", danger);
  dialog.returnValue = "no";
  dialog.showModal();
  (fields[0]?.querySelector("input, select") ?? dialog.querySelector("[value=no]")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(dialog.querySelector("form"))) : null),
      { once: true },
    );
  });
}

// Enter in a field of the dialog means yes, though "Cancel" is the form's first button.
document.getElementById("confirmation")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input, select")) {
    event.preventDefault();
    event.currentTarget.querySelector("[data-yes]").click();
  }
});

/** Sends a change to POST /actions; what was refused is said. Answers null where nothing was done. */
export async function act(action, ids, more = {}) {
  const response = await fetch("/actions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ action, ids, ...more }),
  });
  const answer = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
  if (!response.ok) {
    notice(answer.error, true);
    return null;
  }
  for (const one of answer.refused ?? []) notice(one.reason, true);
  return answer;
}

/** The address of a page's JSON twin. */
export function twin(path = location.pathname, search = location.search) {
  return (path === "/" ? "/index.json" : `${path.replace(/\/$/, "")}.json`) + search;
}

const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const near = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "3 minutes ago" for what is recent, else a short date. */
export function ago(moment) {
  const seconds = (new Date(moment) - Date.now()) / 1000;
  if (Math.abs(seconds) < 60) return "just now";
  if (Math.abs(seconds) < 3600) return near.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86400) return near.format(Math.round(seconds / 3600), "hour");
  if (Math.abs(seconds) < 7 * 86400) return near.format(Math.round(seconds / 86400), "day");
  return new Date(moment).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** Puts the reader's own time zone into the <time> elements below an element. */
export function localTimes(element = document) {
  for (const time of element.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = zone.format(moment);
    time.textContent = ago(moment);
  }
}

localTimes();
setInterval(localTimes, 30_000);

// A menu closes at a click elsewhere, or by Escape, which gives the focus back.
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
