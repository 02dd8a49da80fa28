// The details of a row beside the list, on a wide screen. Without this file, and on a narrow screen, they are a page.
"use strict";

(() => {
  const ROW_LINK = ".row-entry a.when, .row-entry a.who-name";
  const frame = document.querySelector("template[data-side-panel]");
  if (!frame) return;
  const wide = matchMedia("(min-width: 1201px)");
  const panel = frame.content.firstElementChild.cloneNode(true);
  const body = panel.querySelector("[data-side-body]");
  let shown = "";
  let asked = null;
  document.getElementById("main").after(panel);

  // The address says which entry is open, so that reloading, Back and the answer to a form all lead to it again.
  function wanted() {
    const entry = new URLSearchParams(location.search).get("open") || "";
    return /^[\w-]{8,64}$/.test(entry) ? entry : "";
  }

  function address(entry) {
    const query = new URLSearchParams(location.search);
    query.delete("open");
    if (entry) query.set("open", entry);
    return location.pathname + (`${query}` && `?${query}`);
  }

  const pageOf = (entry) => `${location.pathname}/${entry}`;
  const rowLink = (entry) => document.querySelector(`.row-entry a.who-name[href="${pageOf(entry)}"]`);

  function mark() {
    for (const row of document.querySelectorAll(".row-entry.is-open")) row.classList.remove("is-open");
    if (shown) rowLink(shown)?.closest(".row-entry").classList.add("is-open");
  }

  async function fetchPage(entry) {
    asked?.abort();
    asked = new AbortController();
    const answer = await fetch(pageOf(entry), { signal: asked.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return answer.ok && !answer.redirected && page.getElementById("live") ? page : null;
  }

  function fill(page) {
    for (const symbol of page.querySelectorAll("[data-sprite] symbol")) {
      if (!document.getElementById(symbol.id)) document.querySelector("[data-sprite]").append(symbol);
    }
    const title = document.createElement("h2");
    const head = page.querySelector("#live h1");
    Object.assign(title, { id: "side-title", className: "side-title", tabIndex: -1, textContent: head.textContent, dir: "auto" });
    head.replaceWith(title);
    for (const back of page.querySelectorAll("#live input[name=back]")) back.value = location.pathname + location.search;
    body.replaceChildren(...page.getElementById("live").childNodes);
  }

  async function show(entry) {
    try {
      const page = await fetchPage(entry);
      if (!page) return location.assign(pageOf(entry));
      fill(page);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(pageOf(entry));
      return;
    }
    shown = entry;
    panel.querySelector("[data-side-page]").href = pageOf(entry);
    panel.hidden = false;
    panel.scrollTop = 0;
    document.body.classList.add("has-side-panel");
    mark();
    rowLink(entry)?.closest(".row-entry").scrollIntoView({ block: "nearest" });
    document.getElementById("side-title").focus({ preventScroll: true });
  }

  function hide() {
    asked?.abort();
    if (!shown) return;
    const held = panel.contains(document.activeElement);
    const left = shown;
    shown = "";
    panel.hidden = true;
    body.replaceChildren();
    document.body.classList.remove("has-side-panel");
    mark();
    if (held) (rowLink(left) || document.getElementById("main")).focus();
  }

  function follow() {
    const entry = wanted();
    if (!entry) hide();
    else if (entry !== shown) show(entry);
  }

  function close() {
    if (history.state?.sidePanel) return history.back();
    history.replaceState(null, "", address(""));
    hide();
  }

  const places = () => [...body.querySelectorAll("a, button, summary, [tabindex]")];

  // What is open moves with the list, but nobody loses what they have begun in it.
  async function refresh() {
    mark();
    if (!shown || panel.querySelector("details[open]") || panel.contains(document.activeElement?.closest("input, textarea, select"))) return;
    const page = await fetchPage(shown).catch(() => null);
    if (!page || panel.querySelector("details[open]")) return;
    const held = document.activeElement;
    const place = places().indexOf(held);
    fill(page);
    if (place < 0) return;
    const same = places()[place];
    (same?.textContent === held.textContent ? same : document.getElementById("side-title")).focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest(ROW_LINK);
    if (!link || !wide.matches || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const entry = link.pathname.split("/").pop();
    if (entry === shown) return document.getElementById("side-title").focus();
    if (shown) history.replaceState(history.state, "", address(entry));
    else history.pushState({ sidePanel: true }, "", address(entry));
    follow();
  });
  panel.querySelector("[data-side-close]").addEventListener("click", close);
  // Before the menus hear of it: Escape closes the innermost thing that is open.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown || document.querySelector("details.menu[open]") || event.target.closest("[data-find]")) return;
    close();
  }, { capture: true });
  window.addEventListener("popstate", follow);
  document.addEventListener("desk:refreshed", refresh);

  if (wanted() && !wide.matches) location.replace(pageOf(wanted()));
  else follow();
})();
