// For whoever waits in another tab: the percent in the icon, and a word when it is done, if they asked for one.
(() => {
  "use strict";

  const STEPS = 20; // pictures of the icon: a browser paints each anew
  const plain = () => document.querySelector("link[rel=icon]");
  let usual = "", drawn = -1;

  // A ring that closes. It is drawn here, since no request should be made for a percent.
  const ring = (step) => {
    const round = 2 * Math.PI * 12;
    const colour = matchMedia("(prefers-color-scheme: dark)").matches ? "%237cc4cf" : "%2314505c";
    const arc = `stroke-dasharray='${((step / STEPS) * round).toFixed(1)} ${round.toFixed(1)}'`;
    return "data:image/svg+xml," +
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke-width='7'>" +
      "<circle cx='16' cy='16' r='12' stroke='%23999' stroke-opacity='.4'/>" +
      `<circle cx='16' cy='16' r='12' stroke='${colour}' transform='rotate(-90 16 16)' ${arc}/></svg>`;
  };

  const draw = () => {
    const icon = plain();
    const card = document.querySelector(".job[data-percent]");
    if (!icon || !card) return;
    usual = usual || icon.href;
    const step = card.dataset.percent === "" ? -1 : Math.floor((Number(card.dataset.percent) * STEPS) / 100);
    if (step === drawn) return;
    drawn = step;
    icon.href = step < 0 ? usual : ring(step);
  };
  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", draw);

  // A notification of the browser's own: only after a click here, and only while this page is open.
  const button = () => document.querySelector("[data-notify]");
  let asked = false;
  // As long as it is wanted, the page goes on asking behind other tabs.
  const wanted = () => document.documentElement.hasAttribute("data-calls");
  const want = (yes) => document.documentElement.toggleAttribute("data-calls", yes);
  // Chrome on a phone has the name and makes none, unless in a service worker. Elsewhere nothing is shown unasked.
  let able = null;
  const canMakeOne = () => {
    if (!("Notification" in window)) return false;
    if (Notification.permission !== "default") return true;
    try {
      new Notification("");
      return true;
    } catch {
      return false;
    }
  };
  const offer = () => {
    if (!button() || asked) return;
    able ??= canMakeOne();
    if (able && Notification.permission !== "denied") button().hidden = false;
  };
  const say = (text) => {
    const place = document.querySelector("[data-notify-said]");
    if (place) place.textContent = text;
  };
  document.addEventListener("click", async (event) => {
    const pressed = event.target.closest && event.target.closest("[data-notify]");
    if (!pressed) return;
    asked = true;
    want((await Notification.requestPermission()) === "granted");
    pressed.hidden = true;
    say(wanted() ? pressed.dataset.granted : pressed.dataset.refused);
  });
  for (const name of ["job:complete", "job:failed", "job:cancelled", "job:expired"]) {
    document.addEventListener(name, () => {
      if (wanted()) setTimeout(() => new Notification(document.title, { tag: location.pathname }), 100);
      asked = false;
      want(false);
    });
  }
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer); // a retry brings the button back
})();

// What is shown to be copied is copied.
(() => {
  "use strict";
  const offer = () => {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);
})();

// A guest's job, kept by this browser so that the start page can ask about it. The key opens nothing: the cookie does.
(() => {
  "use strict";
  const KEY = "job_id";

  const kept = () => {
    try {
      return localStorage.getItem(KEY) || "";
    } catch {
      return ""; // a browser that keeps nothing
    }
  };
  const keep = (id) => {
    try {
      if (id) localStorage.setItem(KEY, id);
      else localStorage.removeItem(KEY);
    } catch {
      // then there is no prompt, and the list of exports has it all the same
    }
  };

  const remember = () => {
    const page = document.querySelector("[data-remember]");
    if (page) keep(page.dataset.remember);
  };

  // The server says what became of it, since only it knows who asks.
  const ask = () => {
    const place = document.querySelector("[data-resume]");
    if (!place || !kept() || place.querySelector(".resume")) return;
    window.htmx.ajax("GET", `${place.dataset.resume}?job=${encodeURIComponent(kept())}`, { target: place, swap: "innerHTML" });
  };

  const forget = () => {
    if (document.querySelector("[data-forget]")) keep("");
  };

  document.addEventListener("DOMContentLoaded", () => {
    remember();
    forget();
    ask();
  });
  document.addEventListener("htmx:afterSettle", () => {
    remember();
    forget();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("[data-fetched], [data-anew]")) keep("");
  });
  document.addEventListener("source:begun", () => keep(""));
})();
