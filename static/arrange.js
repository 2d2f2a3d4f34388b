// Clips are dragged by their grip. The buttons do the same without a pointer, and without this file.
(() => {
  "use strict";

  const list = () => document.querySelector("[data-arrange]");
  const order = (clips) => [...clips.children].map((clip) => clip.dataset.clip).join(",");

  const middle = (clip) => {
    const box = clip.getBoundingClientRect();
    return box.top + box.height / 2;
  };

  // The others go round the one that is dragged: taken out of the page for a moment, it would lose the pointer.
  const place = (clips, dragged, y) => {
    for (let next; (next = dragged.nextElementSibling) && y > middle(next); ) clips.insertBefore(next, dragged);
    for (let last; (last = dragged.previousElementSibling) && y < middle(last); ) dragged.after(last);
  };

  // The system took the pointer, as for a gesture of its own: what is shown stays what is kept.
  const putBack = (clips, before) => {
    for (const id of before.split(",")) clips.append(clips.querySelector(`[data-clip="${id}"]`));
  };

  const end = (clips, before) => {
    const button = document.querySelector("[data-order]");
    if (!button || order(clips) === before) return;
    button.value = `order:${order(clips)}`;
    button.click();
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest && event.target.closest("[data-grip]");
    const clips = list();
    if (!grip || !clips || event.button !== 0) return;
    event.preventDefault();
    const dragged = grip.closest("[data-clip]");
    const before = order(clips);
    const follow = (move) => place(clips, dragged, move.clientY);
    const stop = (last) => {
      grip.removeEventListener("pointermove", follow);
      grip.removeEventListener("pointerup", stop);
      grip.removeEventListener("pointercancel", stop);
      dragged.classList.remove("clip-dragged");
      (last.type === "pointerup" ? end : putBack)(clips, before);
    };
    grip.setPointerCapture(event.pointerId);
    dragged.classList.add("clip-dragged");
    grip.addEventListener("pointermove", follow);
    grip.addEventListener("pointerup", stop);
    grip.addEventListener("pointercancel", stop);
  });

  document.documentElement.classList.add("arranges");
})();
