// Countdowns and live refresh. Every page works without this file.
"use strict";

(() => {
  const desk = document.body.dataset;
  let offset = Number(desk.now) - Date.now();
  let shown = Number(desk.changes);

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
    const written = [...live.querySelectorAll("input:not([type=hidden]), textarea")].some((input) => input.value !== input.defaultValue);
    return typing || written || Boolean(live.querySelector("details[open]"));
  }

  async function refresh() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (!fresh) return;
    const focus = document.activeElement && live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    document.querySelector("[data-sprite]").replaceWith(page.querySelector("[data-sprite]"));
    live.replaceChildren(...fresh.childNodes);
    if (focus) live.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    const health = document.querySelector("[data-health]");
    const newHealth = page.querySelector("[data-health]");
    if (health && newHealth && !health.open) health.replaceWith(newHealth);
    shown = Number(page.body.dataset.changes);
    changed.hidden = true;
    settle();
    tick();
  }

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch("/staff/changes", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { changes, now } = await answer.json();
      offset = now - Date.now();
      if (changes === shown) return;
      if (busy()) changed.hidden = false;
      else await refresh();
    } catch {
      // The box is restarting or out of reach: the next look finds it again.
    }
  }

  function settle() {
    for (const screen of document.querySelectorAll("[data-scroll-end]")) screen.scrollTop = screen.scrollHeight;
  }

  async function keepLooking() {
    await look();
    setTimeout(keepLooking, 2000);
  }

  changed?.querySelector("button").addEventListener("click", refresh);
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

  settle();
  tick();
  setInterval(tick, 1000);
  setTimeout(keepLooking, 2000);
})();
