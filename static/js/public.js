// What makes the customer's pages nicer; all of them work without it.
(() => {
  "use strict";

  // − and + beside the number of people
  document.querySelectorAll("[data-stepper]").forEach((box) => {
    const input = box.querySelector("input");
    const low = Number(input.min) || 1, high = Number(input.max) || 99;
    box.querySelectorAll("button").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        const next = (Number(input.value) || 0) + Number(button.dataset.by);
        input.value = Math.min(high, Math.max(low, next));
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
    });
  });

  // A fault is read out and scrolled to.
  const trouble = document.getElementById("trouble");
  if (trouble) trouble.focus();

  // One press, one answer.
  document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  }));
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

  // The countdown: what is left by the server's clock, shown in minutes and seconds.
  const clock = document.querySelector("[data-seconds-left]");
  if (clock) {
    const total = Number(clock.dataset.window) || 1, length = Number(clock.dataset.ring);
    const end = performance.now() + Number(clock.dataset.secondsLeft) * 1000;
    const arc = clock.querySelector(".left"), said = clock.querySelector("output");
    const tick = () => {
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      arc.style.strokeDashoffset = length * (1 - Math.min(1, left / total));
      const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
      const tail = String(left % 60).padStart(2, "0");
      said.textContent = hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
      if (left > 0) return setTimeout(tick, 1000);
      setTimeout(() => location.reload(), 1500);
    };
    tick();
  }

  // After yes: ask quietly until the state is another one.
  const again = (answered, pause) => setTimeout(async () => {
    try {
      if (await answered()) return location.reload();
    } catch { /* no network just now: the next round asks again */ }
    again(answered, Math.min(pause * 1.2, 10000));
  }, pause);

  const waiting = document.querySelector("[data-poll]");
  if (waiting) {
    const { poll, state } = waiting.dataset;
    again(async () => {
      const answer = await fetch(poll, { headers: { Accept: "application/json" }, cache: "no-store" });
      return answer.ok && (await answer.json()).offer.state !== state;
    }, 1500);
  }

  // A booking that is not in the calendar yet: the same page is asked for until it says something else.
  const unsettled = document.querySelector("[data-until-changed]");
  if (unsettled) {
    const same = `data-until-changed="${unsettled.dataset.untilChanged}"`;
    again(async () => {
      const answer = await fetch(location.href, { cache: "no-store" });
      return answer.ok && !(await answer.text()).includes(same);
    }, 1500);
  }
})();
