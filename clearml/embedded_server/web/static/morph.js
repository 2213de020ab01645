// Brings a part of the page to what the server says now: one renderer, the server's templates; only what differs is
// touched, so that focus, selection, scroll position and open menus stay.

/** Makes one element like another. Below `data-keep` a script draws: only the element's own attributes are matched. */
export function morph(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isOwn(old, name)) setAttribute(old, name, value);
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name);
  if (!old.hasAttribute("data-keep")) morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const known = new Map([...old.children].filter((child) => key(child)).map((child) => [key(child), child]));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    let match = key(wanted) ? known.get(key(wanted)) : place;
    if (match && !isAlike(match, wanted)) match = null;
    if (!match) {
      old.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else old.insertBefore(match, place);
    if (match.nodeType === Node.ELEMENT_NODE) morph(match, wanted);
    else if (match.data !== wanted.data) match.data = wanted.data;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

const key = (node) => node.dataset?.key ?? node.id ?? "";

function isAlike(old, fresh) {
  return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && (key(old) || "") === (key(fresh) || "");
}

/** What the person or a script has set, and the server's page does not know of. */
function isOwn(element, name) {
  return (
    (name === "open" && element.matches("details, dialog")) ||
    (name === "aria-selected" && element.matches("tr")) ||
    (["style", "aria-label", "class"].includes(name) && element.hasAttribute("data-keep"))
  );
}

function setAttribute(element, name, value) {
  element.setAttribute(name, value);
  // The attribute is only where a field begins; what is in it now is the person's while they are there.
  if (name === "value" && element !== document.activeElement && "value" in element) element.value = value;
}

/** The <main> that the server has for an address. */
export async function fetched(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return { main: page.querySelector("main"), title: page.title, isFine: response.ok };
}

/** Shows another state of this page in place, and gives it the address. */
export async function go(address, { push = true } = {}) {
  const { main, title, isFine } = await fetched(address);
  if (!main || !isFine) {
    location.assign(address); // such as the log-in form
    return;
  }
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  document.title = title;
  morph(document.querySelector("main"), main);
  dispatchEvent(new Event("shown"));
}
