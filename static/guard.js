// Loaded before any other script. Where the browser knows Trusted Types, no text becomes part of a page unless it was
// read here first, in a document that runs nothing, and holds nothing that could run or lead elsewhere by itself. What
// does not pass is refused whole, by the browser, and not cleaned. Text never becomes a script, nor a script's address.
(() => {
  "use strict";
  if (!window.trustedTypes) return;

  const ACTIVE =
    "script, iframe, frame, frameset, object, embed, applet, base, link, style, meta, animate, animatemotion, animatetransform, set, use, foreignobject";
  // Read one way here and maybe another where they are put: these come in as whole documents only, which are read one way.
  const AMBIGUOUS = "svg, math, noscript, template, title, xmp, plaintext, noembed, noframes";
  const WHOLE = new Set(["DOMParser parseFromString", "Document parseHTMLUnsafe"]);
  const LEADS = new Set(["href", "src", "action", "formaction", "xlink:href", "poster", "background", "data", "ping", "srcset"]);
  const ASKS = /^(?:data-)?(?:hx|sse|ws)-(?:get|post|put|patch|delete|connect|push-url|replace-url)$/;
  const RUNS = /^(?:on|(?:data-)?hx-(?:on|vars|headers|request|ext|history))|^(?:srcdoc|style)$/;
  const EVALUATED = /^\s*(?:js|javascript):|\[/i; // as htmx would, in hx-vals and hx-trigger

  const leadsNowhere = (value, schemes) => {
    try {
      return !schemes.includes(new URL(value, document.baseURI).protocol);
    } catch {
      return true;
    }
  };
  const isOurs = (value) => {
    if (["true", "false", ""].includes(value)) return true;
    try {
      return new URL(value, document.baseURI).origin === location.origin;
    } catch {
      return false;
    }
  };
  const isBad = (element, { name, value }) => {
    const attribute = name.toLowerCase();
    if (RUNS.test(attribute)) return true;
    if (/^(?:data-)?hx-(?:vals|trigger)$/.test(attribute)) return EVALUATED.test(value) && !value.trim().startsWith("{");
    if (ASKS.test(attribute)) return !isOurs(value);
    if (!LEADS.has(attribute)) return false;
    const picture = element.localName === "img" && attribute === "src";
    return leadsNowhere(value, ["http:", "https:", ...(picture ? ["data:", "blob:"] : ["mailto:"])]);
  };
  const passes = (tree, forbidden) => {
    for (const element of tree.querySelectorAll("*")) {
      if (element.matches(forbidden) || [...element.attributes].some((each) => isBad(element, each))) return false;
      if (element.localName === "template" && !passes(element.content, forbidden)) return false;
    }
    return true;
  };

  const reader = window.trustedTypes.createPolicy("reader", { createHTML: (text) => text }); // leaves this function never
  const read = (text) => new DOMParser().parseFromString(reader.createHTML(text), "text/html");

  window.trustedTypes.createPolicy("default", {
    createHTML: (text, _type, sink) => {
      return passes(read(text), WHOLE.has(sink) ? ACTIVE : `${ACTIVE}, ${AMBIGUOUS}`) ? text : null;
    },
  });
})();
