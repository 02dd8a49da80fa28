// The editor of a message: the preview follows while one types, chips put placeholders in. Without script there is a button.
"use strict";

(() => {
  const PAUSE = 250;
  let waiting = 0;
  let asked = null;
  const form = () => document.querySelector("[data-text]");

  function prepare() {
    for (const chip of document.querySelectorAll("[data-insert]")) chip.disabled = false;
    for (const button of document.querySelectorAll("[data-only-without-script]")) button.hidden = true;
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const place = document.querySelector("[data-preview]");
    try {
      const answer = await fetch(form().dataset.previewUrl, {
        method: "POST", body: new FormData(form()), signal: asked.signal, headers: { Accept: "text/html" },
      });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      addSymbols(page);
      place.replaceChildren(...page.body.querySelector("[data-fragment]").childNodes);
      tell(place);
    } catch (error) {
      if (error.name !== "AbortError") soon();
    }
  }

  // Icons that the page did not know yet.
  function addSymbols(page) {
    const sprite = document.querySelector("[data-sprite]");
    for (const symbol of page.querySelectorAll("symbol")) {
      if (!document.getElementById(symbol.id)) sprite.append(symbol);
    }
  }

  function tell(place) {
    const said = document.querySelector("[data-said-count]");
    const words = place.querySelector("[data-count]")?.dataset.count ?? place.querySelector(".text-problem")?.textContent.trim() ?? "";
    if (said.textContent !== words) said.textContent = words;
    const frame = document.querySelector("[data-mail-frame]");
    const address = place.querySelector("[data-mail-url]")?.dataset.mailUrl;
    // Replaced, so that the way back does not lead through every letter typed.
    if (frame && address) frame.contentWindow.location.replace(address);
  }

  function put(field, from, to, words) {
    field.setRangeText(words, from, to, "end");
    field.focus();
    soon();
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-text]")) soon();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-text] :is(textarea, input[name=subject])")) form().dataset.last = event.target.id;
  });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-insert]");
    if (chip) {
      const field = document.getElementById(form().dataset.last || "f-body");
      return put(field, field.selectionStart, field.selectionEnd, chip.dataset.insert);
    }
    const plain = event.target.closest("[data-replace]");
    if (plain) {
      const field = document.getElementById("f-body");
      put(field, 0, field.value.length, field.value.replaceAll(plain.dataset.replace, plain.dataset.with));
    }
  });
  document.addEventListener("desk:refreshed", prepare);
  prepare();
})();
