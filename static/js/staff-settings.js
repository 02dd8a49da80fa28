// Copies what is shown once, and says that a slow answer is on its way. Everything works without this file.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.parentElement.querySelector("[data-select]");
  field.select();
  await navigator.clipboard.writeText(field.value);
  button.querySelector("span").textContent = button.dataset.done;
});
if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;

// A button whose answer takes some seconds: pressed once, it says what is being done until the next page is there.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.busy) return;
  if (button.hasAttribute("aria-disabled")) return event.preventDefault();
  const words = button.querySelector("span");
  button.dataset.label = words.textContent;
  words.textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
});
// Back from the next page, which the browser may have kept as it was.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-busy][aria-disabled]")) {
    button.querySelector("span").textContent = button.dataset.label;
    button.removeAttribute("aria-disabled");
  }
});
