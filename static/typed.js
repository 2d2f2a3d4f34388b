// What is typed or chosen in the film's form while a press is at work is in no answer yet: it is put back into what the
// answer brings, and kept in its turn.
(() => {
  "use strict";

  const FORM = "film-form";
  const FILM = "film";
  let sent = new Map(); // id of a field → what was sent of it
  let meanwhile = []; // [id, what stands there now, where the caret is]

  const fields = () => [...document.getElementById(FORM).elements].filter((each) => each.id && each.matches("input, select"));

  const changed = (field) => sent.has(field.id) && sent.get(field.id) !== field.value;

  // The browser tells of what was typed when a field is left, and not of what was put there.
  const tellOf = (field) => {
    const tell = () => field.dispatchEvent(new Event("change", { bubbles: true }));
    if (field === document.activeElement) field.addEventListener("blur", tell, { once: true });
    else tell();
  };

  const putBack = ([id, value, caret]) => {
    const field = document.getElementById(id);
    if (!field) return; // its clip has gone
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true })); // the strip beside it follows
    if (field === document.activeElement && caret !== null) field.setSelectionRange(caret, caret);
    document.addEventListener("htmx:afterSettle", () => tellOf(field), { once: true }); // nobody listens to it before
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === FORM) sent = new Map(fields().map((each) => [each.id, each.value]));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== FILM || event.detail.requestConfig.elt.id !== FORM) return; // a check brings no fields
    meanwhile = fields().filter(changed).map((each) => [each.id, each.value, each.selectionStart ?? null]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    const put = meanwhile;
    meanwhile = []; // told of each part of an answer
    put.forEach(putBack);
  });
})();
