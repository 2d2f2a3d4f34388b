// News takes the place of what it is news of. What a person holds there is theirs and stays: what they folded open, how
// far they scrolled, where the keyboard is, and text that they are just selecting.
(() => {
  "use strict";

  const SELECTING = 10000; // milliseconds that news waits for a selection; longer, and the page would show what was
  let held = { opened: [], scrolled: [], focused: [] };
  let selectedAt = -Infinity;

  const withId = (elements) => elements.filter((each) => each && each.id).map((each) => each.id);

  const around = (item) => {
    if (!item) return [];
    const all = [...item.parentElement.children];
    const at = all.indexOf(item);
    return [...all.slice(at + 1), ...all.slice(0, at).reverse()];
  };

  // Where the keyboard goes on: there, else at what stands beside it, else at the head of that part of the page.
  const goesOn = (element) => {
    if (!element || element === document.body) return [];
    const fold = element.closest("details[id]");
    const part = element.closest("section[aria-labelledby]");
    const head = part && document.getElementById(part.getAttribute("aria-labelledby"));
    return withId([element, ...around(element.closest("li[id]")), fold && fold.querySelector("summary"), head]);
  };

  // What is folded shut cannot be scrolled: to ask it where it stands would lay out each fold by itself.
  const hold = () => {
    const scrolled = [...document.querySelectorAll("[data-stays][open] [id]")].filter((each) => each.scrollTop);
    held = {
      opened: withId([...document.querySelectorAll("[data-stays][open]")]),
      scrolled: scrolled.map((each) => [each.id, each.scrollTop]),
      focused: goesOn(document.activeElement),
    };
  };

  const focus = (element) => {
    if (!element.matches("a, button, input, select, summary, textarea, [tabindex]")) element.tabIndex = -1;
    element.focus({ preventScroll: true });
  };

  const giveBack = () => {
    const found = (id) => document.getElementById(id);
    for (const each of held.opened.map(found)) if (each) each.open = true;
    for (const [id, top] of held.scrolled) if (found(id)) found(id).scrollTop = top;
    const next = document.activeElement === document.body && held.focused.map(found).find(Boolean);
    if (next) focus(next);
  };

  document.addEventListener("htmx:beforeSwap", hold);
  document.addEventListener("htmx:afterSwap", giveBack);

  document.addEventListener("selectionchange", () => (selectedAt = performance.now()));
  const isSelectedIn = (element) => {
    const { anchorNode, focusNode, isCollapsed } = document.getSelection();
    return !isCollapsed && element.contains(anchorNode) && element.contains(focusNode);
  };
  // It asks again soon, by the same mark, and is told the same; what ends its asking is not put off.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, xhr } = event.detail;
    if (!elt.matches || !elt.matches("[data-poll]") || xhr.status !== 200) return;
    if (isSelectedIn(elt) && performance.now() - selectedAt < SELECTING) event.detail.shouldSwap = false;
  });
})();
