// Debug images: one of each series, with a slider over the iterations.

/** Gives the series of a tab their sliders. */
export function show(tab) {
  for (const card of tab.querySelectorAll("[data-pictures]")) {
    const links = card.dataset.pictures.split("\n");
    const box = card.querySelector(".slider");
    let range = box.querySelector("input");
    const isAtEnd = !range || range.value === range.max;
    if (!range && links.length > 1) {
      range = document.createElement("input");
      range.type = "range";
      range.min = 0;
      range.setAttribute("aria-label", `Iteration of ${card.getAttribute("aria-label")}`);
      range.addEventListener("input", () => turn(card, Number(range.value)));
      box.append(range);
    }
    if (range) {
      range.max = links.length - 1;
      if (isAtEnd) range.value = range.max;
    }
    if (isAtEnd) turn(card, links.length - 1);
  }
}

function turn(card, place) {
  const links = card.dataset.pictures.split("\n");
  const image = card.querySelector("img");
  if (image.getAttribute("src") !== links[place]) image.src = links[place];
  card.querySelector("[data-iteration]").textContent = `iteration ${card.dataset.iterations.split(",")[place]}`;
}
