// Beside htmx: hidden tabs don't poll, a lost connection is said and asked for less often, endings are said aloud.
(() => {
  "use strict";

  const LOST = "Connection lost. Your export keeps running. Trying again…";
  const PATIENCE = [0, 5000, 10000]; // milliseconds to wait after one failure, two, and more
  const polls = new Map(); // element id → { failures, notBefore }
  const said = new Map(); // element id → what was announced last

  const pollOf = (event) => {
    const element = event.detail.elt;
    return element && element.matches && element.matches("[data-poll]") ? element : null;
  };

  const state = (element) => {
    if (!polls.has(element.id)) polls.set(element.id, { failures: 0, notBefore: 0 });
    return polls.get(element.id);
  };

  const tell = (element, text) => {
    const place = element.dataset.connection && document.getElementById(element.dataset.connection);
    if (place && place.textContent !== text) place.textContent = text;
  };

  const failed = (event) => {
    const element = pollOf(event);
    if (!element) return;
    const poll = state(element);
    poll.failures += 1;
    poll.notBefore = Date.now() + PATIENCE[Math.min(poll.failures, PATIENCE.length) - 1];
    tell(element, LOST);
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = pollOf(event);
    if (element && (document.hidden || Date.now() < state(element).notBefore)) event.preventDefault();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const element = pollOf(event);
    if (!element || !event.detail.successful) return;
    polls.delete(element.id);
    tell(element, "");
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, failed);
  }

  const refresh = () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-poll]")) {
      state(element).notBefore = 0;
      window.htmx.trigger(element, "refresh");
    }
  };
  document.addEventListener("visibilitychange", refresh);
  window.addEventListener("online", refresh);
  window.addEventListener("pageshow", (event) => event.persisted && refresh());

  // The polite region stands outside the fragment, so that a screen reader sees its text change and nothing else.
  const announce = () => {
    for (const element of document.querySelectorAll("[data-say]")) {
      const text = element.dataset.say;
      const before = said.get(element.id);
      said.set(element.id, text);
      const live = document.getElementById(`${element.id}-live`);
      if (live && before !== undefined && before !== text) live.textContent = text;
    }
  };
  document.addEventListener("htmx:afterSettle", announce);
  document.addEventListener("DOMContentLoaded", announce);

  // A tray that was open stays open when a poll brings a new one.
  let open = false;
  document.addEventListener("toggle", (event) => {
    if (event.target.id === "indicator-tray") open = event.target.open;
  }, true);
  document.addEventListener("htmx:afterSettle", () => {
    const tray = document.getElementById("indicator-tray");
    if (tray && open) tray.open = true;
  });
})();
