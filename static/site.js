// Tells the server the viewer's time zone, so that clock times are theirs from the next request on; unless they chose.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const chosen = document.cookie.split("; ").includes("zone_chosen=1");
  if (zone && !chosen) document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
})();

// What was pressed and could not be done is said on the page. A poll that failed has words of its own.
(() => {
  "use strict";
  const GONE = "The server cannot be reached. Reload the page to see whether this was done, then try again.";

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

  const isPoll = (event) => {
    const element = event.detail.requestConfig ? event.detail.requestConfig.elt : event.detail.elt;
    return element && element.matches && element.matches("[data-poll]");
  };

  document.addEventListener("htmx:responseError", (event) => {
    if (isPoll(event)) return;
    const { status } = event.detail.xhr;
    tell(sentence(event.detail.xhr) || `The server answered with the error ${status}, so this was not done. Try again in a minute.`);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => isPoll(event) || tell(GONE));
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && !isPoll(event)) tell("");
  });
})();
