// The search field in the top line: results while one types, "/" to get there, arrows to walk. Without script it is a form.
"use strict";

(() => {
  const form = document.querySelector("[data-find]");
  if (!form) return;
  const field = form.querySelector("input");
  const list = form.querySelector("[data-find-list]");
  const said = form.querySelector("[data-find-said]");
  let waiting = 0;
  let asked = null;

  const links = () => [...list.querySelectorAll("a")];

  function close() {
    list.hidden = true;
    asked?.abort();
    clearTimeout(waiting);
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const address = `${form.action}?${new URLSearchParams({ q: field.value.trim(), part: "list" })}`;
    try {
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      list.replaceChildren(...page.body.childNodes);
      list.hidden = false;
      const number = list.querySelectorAll(".found-line").length;
      said.textContent = number ? field.dataset.some.replace("{number}", number) : field.dataset.none;
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    if (field.value.trim().length < 2) close();
    else waiting = setTimeout(ask, 120);
  });
  field.addEventListener("focus", () => {
    if (field.value.trim().length >= 2 && list.childElementCount) list.hidden = false;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.focus();
      close();
      return;
    }
    if (list.hidden || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const all = [field, ...links()];
    const step = event.key === "ArrowDown" ? 1 : -1;
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    const place = field.offsetParent ? field : document.getElementById("f-find");
    if (place) place.select();
    else location.assign(form.action);
  });
})();
