// Countdowns and live refresh. Every page works without this file.
"use strict";

(() => {
  const desk = document.body.dataset;
  let offset = Number(desk.now) - Date.now();
  let shown = Number(desk.changes);
  let attention = desk.attention;
  let looking = false;
  let forced = false;
  let saidAt = 0;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function words(milliseconds) {
    const seconds = Math.ceil(milliseconds / 1000);
    if (seconds <= 0) return desk.leftNone;
    if (seconds < 60) return fill(desk.leftSeconds, { seconds });
    const minutes = Math.ceil(seconds / 60);
    if (minutes < 60) return fill(desk.leftMinutes, { minutes });
    return fill(desk.leftHours, { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, "0") });
  }

  function tick() {
    for (const time of document.querySelectorAll("[data-deadline]")) {
      const left = Number(time.dataset.deadline) - Date.now() - offset;
      const text = words(left);
      if (time.textContent !== text) time.textContent = text;
      time.classList.toggle("is-short", left < 60000);
    }
  }

  const live = document.getElementById("live");
  const changed = document.querySelector("[data-changed]");

  // Nobody loses what they are typing or the menu they have just opened.
  function busy() {
    const focused = document.activeElement;
    const typing = focused && live.contains(focused) && focused.matches("input, select, textarea");
    const written = [...live.querySelectorAll("input, select, textarea")].some(touched);
    return Boolean(typing || written || live.querySelector("details[open]:not([data-stays])"));
  }

  function touched(input) {
    if (input.type === "hidden") return false;
    if (input.type === "checkbox" || input.type === "radio") return input.checked !== input.defaultChecked;
    if (input.options) return [...input.options].some((option) => option.selected !== option.defaultSelected) && [...input.options].some((option) => option.defaultSelected);
    return input.value !== input.defaultValue;
  }

  // Politely, and not at every tick of a busy evening.
  function say(text) {
    if (Date.now() - saidAt < 10000) return;
    saidAt = Date.now();
    const place = document.querySelector("[data-said]");
    place.textContent = "";
    setTimeout(() => { place.textContent = text; }, 50);
  }

  async function fetchPage() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.getElementById("live") ? page : null;
  }

  // Bell, health light and banners stand outside the page's own part: they move even while somebody types.
  function takeParts(page) {
    for (const part of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
      if (fresh && !part.open && !part.contains(document.activeElement) && fresh.innerHTML !== part.innerHTML) part.replaceWith(fresh);
    }
    if (attention !== page.body.dataset.attention) {
      attention = page.body.dataset.attention;
      if (page.querySelector("[data-part=bell] .need")) say(desk.saidNeeds);
    }
    addSymbols(page);
  }

  // Icons that the page did not know yet; those that are shown still need theirs.
  function addSymbols(page) {
    const sprite = document.querySelector("[data-sprite]");
    for (const symbol of page.querySelectorAll("[data-sprite] symbol")) {
      if (!document.getElementById(symbol.id)) sprite.append(symbol);
    }
  }

  // The element that has the focus, found again in the fresh page: by its id, its address, or the form it sends.
  function focusKey() {
    const focused = document.activeElement;
    if (!focused || !live.contains(focused)) return null;
    if (focused.id) return `#${CSS.escape(focused.id)}`;
    const href = focused.getAttribute("href");
    if (href) return `a[href="${CSS.escape(href)}"]`;
    const form = focused.closest("form");
    return form && focused.matches("button") ? `form[action="${CSS.escape(form.getAttribute("action"))}"] button` : null;
  }

  async function refresh() {
    const page = await fetchPage();
    if (!page || (busy() && !forced)) return;
    const focus = focusKey();
    const scrolled = [...live.querySelectorAll("[data-keep-scroll]")].map((box) => [box.scrollLeft, box.scrollTop]);
    live.replaceChildren(...page.getElementById("live").childNodes);
    live.querySelectorAll("[data-keep-scroll]").forEach((box, at) => scrolled[at] && box.scrollTo(...scrolled[at]));
    if (focus) live.querySelector(focus)?.focus({ preventScroll: true });
    takeParts(page);
    shown = Number(page.body.dataset.changes);
    changed.hidden = true;
    forced = false;
    settle();
    tick();
    document.dispatchEvent(new CustomEvent("desk:refreshed"));
  }

  async function look() {
    if (document.hidden || looking) return;
    looking = true;
    try {
      const answer = await fetch("/staff/changes", { headers: { Accept: "application/json" } });
      if (answer.status === 401 && !busy()) location.reload();
      if (!answer.ok) return;
      const news = await answer.json();
      offset = news.now - Date.now();
      if (news.changes !== shown && !busy()) {
        await refresh();
        say(desk.saidUpdated);
      } else {
        changed.hidden = news.changes === shown;
        if (news.attention !== attention) await fetchPage().then((page) => page && takeParts(page));
      }
    } catch {
      // The box is restarting or out of reach: the next look finds it again.
    } finally {
      looking = false;
    }
  }

  function settle() {
    for (const screen of document.querySelectorAll("[data-scroll-end]")) screen.scrollTop = screen.scrollHeight;
  }

  async function keepLooking() {
    await look();
    setTimeout(keepLooking, 1500);
  }

  changed.querySelector("button").addEventListener("click", () => {
    forced = true;
    refresh().then(() => say(desk.saidUpdated));
  });
  document.addEventListener("visibilitychange", look);

  // One menu at a time; a click elsewhere or Escape closes it.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("change", (event) => {
    for (const hidden of document.querySelectorAll(`[data-follows="${event.target.id}"]`)) hidden.value = event.target.value;
    if (event.target.matches(".search input[type=date], .day-pick input[type=date]") && event.target.value) event.target.form.requestSubmit();
  });

  // A second click does not send a form again while its answer is on its way.
  const sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    sent.add(form);
    setTimeout(() => sent.delete(form), 2000);
  });

  settle();
  tick();
  setInterval(tick, 1000);
  setTimeout(keepLooking, 1500);
})();
