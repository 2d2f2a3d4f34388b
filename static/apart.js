// What a press brings is put in its place while its form is out of the page: in it, browsers go through all fields of
// the form for each button that comes or goes, and three hundred clips took seconds.
htmx.defineExtension("apart", {
  isInlineSwap: (style) => style === "apart",
  handleSwap: (style, target, fragment, settling) => {
    if (style !== "apart") return false;
    const form = target.closest("form");
    const [around, behind] = [form.parentNode, form.nextSibling];
    const brought = [...fragment.children];
    form.remove();
    target.replaceWith(...brought);
    around.insertBefore(form, behind);
    settling.elts = [...settling.elts.filter((each) => each !== target), ...brought];
    return brought;
  },
});
