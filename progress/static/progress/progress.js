// Beside htmx: hidden tabs don't poll, a lost connection is said and asked for less often, endings are said aloud.
(() => {
  "use strict";

  const LOST = "Connection lost. Your export keeps running. Trying again…";
  const LOST_MEANWHILE = "Connection lost. Trying again…"; // of what is paused, and does not run
  const PATIENCE = [0, 5000, 10000]; // milliseconds to wait after one failure, two, and more
  const now = () => performance.now(); // the clock of the machine may be set back, and all would wait for it
  const polls = new Map(); // element id → { failures, notBefore, asked, news, at }
  const said = new Map(); // element id → what was announced last

  // Of whoever asked: an answer that took its place is told by what stands around it.
  const pollOf = (event) => {
    const element = event.detail.requestConfig ? event.detail.requestConfig.elt : event.detail.elt;
    return element && element.matches && element.matches("[data-poll]") ? element : null;
  };

  // Nobody looks, and nobody asked this page to call when it ends.
  const isAway = () => document.hidden && !document.documentElement.matches("[data-calls]");

  const state = (element) => {
    if (!polls.has(element.id)) polls.set(element.id, { failures: 0, notBefore: 0, asked: -Infinity, news: 0, at: 0 });
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
    poll.notBefore = now() + PATIENCE[Math.min(poll.failures, PATIENCE.length) - 1];
    tell(element, element.matches(".job-paused") ? LOST_MEANWHILE : LOST);
  };

  // Where a press has brought what asks no more, nobody tries again.
  const untell = () => {
    for (const place of document.querySelectorAll(".job-connection:not(:empty)")) {
      if (!document.querySelector(`[data-connection="${place.id}"]`)) place.textContent = "";
    }
  };
  document.addEventListener("htmx:afterSettle", untell);

  // News that is pushed: while it comes, a card asks only when it was told to, and now and then for what time alone
  // changes. Where it does not come, cards ask as always.
  const SELDOM = 10000; // milliseconds
  const LATE = 1000; // the server may answer from rows half a second old; who asks so long after news is told all of it
  const place = document.querySelector('meta[name="progress-push"]');
  let stream = null;
  let following = "";

  const cards = () => [...document.querySelectorAll('[data-poll][id^="job-"]')];
  const live = () => stream !== null && stream.readyState === EventSource.OPEN;

  const follow = () => {
    if (!place || !window.EventSource) return;
    const wanted = isAway() ? "" : cards().map((card) => card.id.slice(4)).sort().join(",");
    if (wanted === following) return;
    if (stream) stream.close();
    stream = null;
    following = wanted;
    if (!wanted) return;
    const own = place.content.startsWith(":") ? `${location.protocol}//${location.hostname}${place.content}` : "";
    stream = new EventSource(`${own}/api/v1/stream?jobs=${wanted}`, { withCredentials: true });
    stream.addEventListener("open", () => cards().some((card) => state(card).failures) && refresh()); // it is there again
    stream.addEventListener("progress_update", (event) => {
      const { jobId, version } = JSON.parse(event.data);
      const card = document.getElementById(`job-${jobId}`);
      if (!card || !card.matches("[data-poll]")) return;
      Object.assign(state(card), { news: version, at: now() });
      window.htmx.trigger(card, "refresh");
    });
  };
  document.addEventListener("DOMContentLoaded", follow);
  document.addEventListener("htmx:afterSettle", follow);
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", () => stream && stream.close());

  const shown = (card) => Number((/[?&]v=(\d+)/.exec(card.getAttribute("hx-get")) || [])[1] || 0);

  const mayWait = (element) => {
    if (!live() || !element.id.startsWith("job-")) return false;
    const poll = state(element);
    const seen = poll.news <= shown(element) || poll.asked - poll.at > LATE;
    return seen && now() - poll.asked < SELDOM;
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = pollOf(event);
    if (!element) return;
    if (presses.size || isAway() || now() < state(element).notBefore || mayWait(element)) {
      event.preventDefault();
      return;
    }
    state(element).asked = now();
    element.addEventListener("htmx:beforeSwap", onlyInItsPlace); // once more changes nothing
  });

  // Where a press has put a newer card meanwhile, the answer is of what was, and has no page to change. Nor has it while
  // a press is under way: it would take off the page what was pressed, and htmx has no place for the press's own answer.
  const onlyInItsPlace = (event) => {
    if (presses.has(event.detail.xhr)) return; // it is the answer to a press that is to take this place
    if (presses.size || !event.target.isConnected) event.detail.shouldSwap = false;
  };

  // Of two presses one right after the other, the first answer has taken away what the second was to change.
  const whereItIsNow = (event) => {
    if (event.target.isConnected) return;
    event.detail.target = document.getElementById(event.target.id) || event.detail.target;
  };

  const presses = new Set(); // requests that a person waits for; each ends, at the latest by htmx's timeout
  document.addEventListener("htmx:beforeSend", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!requestConfig.triggeringEvent || requestConfig.triggeringEvent.type !== "submit") return;
    presses.add(xhr);
    event.detail.target.addEventListener("htmx:beforeSwap", whereItIsNow);
    xhr.addEventListener("loadend", () => presses.delete(xhr));
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const element = pollOf(event);
    if (!element || !event.detail.successful) return;
    state(element).failures = 0;
    tell(element, "");
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, failed);
  }

  // What has failed or was cancelled does not poll; it may be tried again elsewhere, which is seen by who comes back.
  const askAgain = () => {
    for (const ended of presses.size ? [] : document.querySelectorAll("[data-returns]")) {
      ended.addEventListener("htmx:beforeSwap", onlyInItsPlace);
      window.htmx.ajax("GET", ended.dataset.returns, { source: ended, target: ended, swap: "outerHTML" });
    }
  };

  const refresh = () => {
    if (isAway()) return;
    askAgain();
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
})();
