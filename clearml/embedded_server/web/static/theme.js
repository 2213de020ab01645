// Before the first paint: the theme that the person chose here; without a choice the system's.
// A classic script, since a module would run after the page has been drawn in the wrong colours.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
