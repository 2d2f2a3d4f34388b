// Tells the server the viewer's time zone, so that clock times are theirs from the next request on; unless they chose.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const chosen = document.cookie.split("; ").includes("zone_chosen=1");
  if (zone && !chosen) document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
})();

// What was pressed and could not be done is said on the page. What the page asks by itself has words of its own.
(() => {
  "use strict";
  const UNREACHABLE = "The server cannot be reached. Reload the page to see whether this was done, then try again.";
  const GONE = "What this is for is not there any more, so nothing was done: it may have been deleted in another tab.";

  const tell = (text) => {
    const place = document.getElementById("trouble");
    if (place && place.textContent !== text) place.textContent = text;
  };

  const sentence = (request) => {
    try {
      return JSON.parse(request.responseText).error || "";
    } catch {
      return ""; // a page of something in between
    }
  };

  const isPress = (event) => {
    const by = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    return Boolean(by && ["submit", "click", "change"].includes(by.type));
  };

  const refused = (event) => {
    if (!isPress(event)) return;
    const { status } = event.detail.xhr;
    const other = `The server answered with the error ${status}, so this was not done. Try again in a minute.`;
    tell(sentence(event.detail.xhr) || (status === 404 ? GONE : other));
  };
  const unreachable = (event) => isPress(event) && tell(UNREACHABLE);
  const answered = (event) => event.detail.successful && isPress(event) && tell("");

  // Another press may take a button off the page before its own is answered, and what has left the page is heard by nobody
  // but itself: so each answer is listened for at what was pressed.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPress(event)) return;
    const pressed = event.detail.elt; // listening once more to the same changes nothing
    pressed.addEventListener("htmx:responseError", refused);
    pressed.addEventListener("htmx:sendError", unreachable);
    pressed.addEventListener("htmx:timeout", unreachable);
    pressed.addEventListener("htmx:afterRequest", answered);
  });
})();

// In a form whose presses go in turn, one press after another: one that is pressed while something of the form is at work
// waits for it, and is then pressed where the answer has put it. What is only checked goes behind it, for a press brings
// all that was typed. Where the first could not be done, the others are not tried.
(() => {
  "use strict";
  const IN_TURN = "form[data-in-turn]";
  const SETTLED = 60; // milliseconds after an answer, when what it brought is in its place
  const atWork = new Map(); // request → its form's id
  const waiting = new Map(); // form's id → presses, by name and value
  let itsTurn = false;

  const isBusy = (id) => [...atWork.values()].includes(id);

  const again = (form, name, value) => {
    const same = (each) => each.type === "submit" && each.name === name && each.value === value;
    const button = [...form.elements].find(same) || (value.startsWith("order:") && form.querySelector("[data-order]"));
    if (!button) return; // what it was for has gone
    button.value = value;
    itsTurn = true;
    button.click(); // htmx goes by the click
    itsTurn = false;
  };

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.matches(IN_TURN) || !event.submitter || itsTurn) return;
      if (!isBusy(form.id) && !waiting.has(form.id)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { name, value } = event.submitter;
      waiting.set(form.id, [...(waiting.get(form.id) || []), [name, value]]);
    },
    true,
  );
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, verb } = event.detail;
    const form = elt.closest(IN_TURN);
    if (form && form !== elt && verb === "post" && waiting.has(form.id)) event.preventDefault();
  });

  const goOn = () => {
    for (const [id, [next, ...others]] of [...waiting]) {
      const form = document.getElementById(id);
      if (form && isBusy(id)) continue;
      others.length ? waiting.set(id, others) : waiting.delete(id);
      if (form) again(form, ...next);
      if (others.length && !isBusy(id)) setTimeout(goOn, SETTLED);
    }
  };
  document.addEventListener("htmx:beforeSend", (event) => {
    const { xhr, requestConfig } = event.detail;
    const form = requestConfig.verb === "post" && requestConfig.elt.closest(IN_TURN);
    if (!form) return;
    atWork.set(xhr, form.id);
    xhr.addEventListener("loadend", () => {
      atWork.delete(xhr);
      setTimeout(goOn, SETTLED);
    });
  });
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const asked = event.detail.requestConfig && event.detail.requestConfig.elt;
      if (asked && asked.matches && asked.matches(IN_TURN)) waiting.delete(asked.id); // not where a poll has failed
    });
  }
})();
