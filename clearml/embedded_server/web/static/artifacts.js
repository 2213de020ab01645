// Artifacts: what a file begins with, loaded when it is unfolded.

const begun = new WeakSet();

/** Lets the artifacts of a tab be looked into. */
export function show(tab) {
  for (const artifact of tab.querySelectorAll("[data-content]")) {
    if (begun.has(artifact)) continue;
    begun.add(artifact);
    artifact.addEventListener("toggle", () => artifact.open && load(artifact), { once: true });
  }
}

async function load(artifact) {
  const response = await fetch(artifact.dataset.content);
  if (!response.ok) return;
  const { text, is_whole } = await response.json();
  const preview = artifact.querySelector("[data-preview]");
  preview.textContent = pretty(text, is_whole) + (is_whole ? "" : "\n…");
  preview.hidden = false;
}

function pretty(text, isWhole) {
  if (!isWhole || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
