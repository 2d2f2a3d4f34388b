// In and out points on a strip: two sliders for the fields beside them. Fields and sliders follow each other; what
// counts is what stands in the fields, which is also all that there is without this file.
(() => {
  "use strict";

  const WIDE = 120; // of the drawing
  const TYPED = /^(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,6})(?:[.,](\d{1,3})\d{0,3})?(?:\s*s)?$/;

  // Milliseconds, as the server reads them; null where it would refuse.
  const parse = (text) => {
    const found = TYPED.exec(text.trim());
    if (!found) return null;
    const [hours, minutes, seconds] = [found[1], found[2], found[3]].map((part) => Number(part || 0));
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number((found[4] || "").padEnd(3, "0"));
  };

  const show = (thousandths) => {
    const two = (number) => String(number).padStart(2, "0");
    const seconds = Math.floor(thousandths / 1000);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const front = hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
    const rest = thousandths % 1000;
    return rest ? `${front}.${String(rest).padStart(3, "0").replace(/0+$/, "")}` : front;
  };

  const of = (element) => {
    const trim = element.closest(".clip-points")?.querySelector("[data-trim]");
    if (!trim) return null;
    const part = (point) => ({
      slider: trim.querySelector(`[data-point=${point}]`),
      field: trim.closest(".clip-points").querySelector(`input[name$=-${point}]`),
    });
    return { trim, start: part("start"), end: part("end"), length: Number(trim.dataset.trim) };
  };

  const draw = (clip) => {
    const [first, last] = [Number(clip.start.slider.value), Number(clip.end.slider.value)];
    const [before, after] = clip.trim.querySelectorAll(".trim-out");
    before.setAttribute("width", (first / clip.length) * WIDE);
    after.setAttribute("x", (last / clip.length) * WIDE);
    after.setAttribute("width", Math.max(0, (1 - last / clip.length) * WIDE));
    for (const { slider } of [clip.start, clip.end]) slider.setAttribute("aria-valuetext", show(Number(slider.value)));
  };

  // The points keep a step apart, and the last step is the end itself, which a field says by being empty.
  const slide = (slider) => {
    const clip = of(slider);
    const step = Number(slider.step);
    const starts = slider.dataset.point === "start";
    if (starts) slider.value = Math.min(Number(slider.value), Number(clip.end.slider.value) - step);
    else slider.value = Math.max(Number(slider.value), Number(clip.start.slider.value) + step);
    const value = Number(slider.value);
    if (starts) clip.start.field.value = show(value);
    else clip.end.field.value = value > clip.length - step ? "" : show(value);
    draw(clip);
  };

  const follow = (field) => {
    const clip = of(field);
    if (!clip) return;
    const starts = field === clip.start.field;
    const value = field.value.trim() ? parse(field.value) : starts ? 0 : clip.length;
    if (value === null) return;
    (starts ? clip.start : clip.end).slider.value = value;
    draw(clip);
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-point]")) slide(event.target);
    else if (event.target.matches(".point input")) follow(event.target);
  });
  // What was slid to is kept as what was typed is: the field tells of it.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-point]")) return;
    const clip = of(event.target);
    const { field } = event.target.dataset.point === "start" ? clip.start : clip.end;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
