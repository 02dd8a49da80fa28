// Keys, clicks on free time, and a grid that stays where it was scrolled to. The agenda works without this file.
"use strict";

(() => {
  const KEPT = "agenda-scroll";
  const QUARTER = 15 * 60000;
  const agenda = () => document.querySelector("[data-agenda]");
  const box = () => document.querySelector("[data-day-box]");

  function place() {
    const day = box();
    if (!day) return;
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
    if (kept && kept.path === key()) day.scrollTo(kept.left, kept.top);
    else {
      const now = day.querySelector(".now-label") || day.querySelector(".block");
      if (now) day.scrollTop = Math.max(0, now.offsetTop - day.clientHeight / 3);
    }
  }

  // The same day, whatever panel is open on it.
  function key() {
    const query = new URLSearchParams(location.search);
    return `${query.get("view") || ""} ${query.get("day") || ""}`;
  }

  document.addEventListener("scroll", (event) => {
    if (event.target === box()) sessionStorage.setItem(KEPT, JSON.stringify({ path: key(), left: event.target.scrollLeft, top: event.target.scrollTop }));
  }, { capture: true, passive: true });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, details[open], [contenteditable]")) return;
    const page = agenda();
    if (!page) return;
    if (event.key === "Escape") return document.querySelector("[data-close-panel]")?.click();
    const inBox = event.target.closest("[data-day-box]");
    const to = { ArrowLeft: page.dataset.before, ArrowRight: page.dataset.after, t: page.dataset.today, T: page.dataset.today }[event.key];
    // Inside the grid the arrows scroll it, as everywhere.
    if (!to || (inBox && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    location.assign(to);
  });

  // A click on a free time of a table begins a booking there.
  document.addEventListener("click", (event) => {
    const track = event.target.closest(".track-body[data-resource]");
    const day = box();
    if (!track || !day || !day.dataset.add || event.target.closest("a, .block")) return;
    const height = track.getBoundingClientRect().height / Number(track.querySelector(".fill").className.match(/h(\d+)/)[1]);
    const quarter = Math.floor((event.clientY - track.getBoundingClientRect().top) / height);
    const when = day.dataset.first ? Number(day.dataset.first) + quarter * QUARTER : 0;
    location.assign(`${day.dataset.add}?at=${when}&resource=${encodeURIComponent(track.dataset.resource)}`);
  });

  // Printing needs this file, so the button shows only with it.
  document.documentElement.classList.add("can-print");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  const live = document.getElementById("live");
  if (live) new MutationObserver(place).observe(live, { childList: true });
  place();
  if (location.hash === "#panel") document.getElementById("panel")?.focus({ preventScroll: true });
})();
