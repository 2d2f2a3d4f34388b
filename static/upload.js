// Sends files in parts, several at once, and goes on with what was begun before. Without it the form is posted plainly.
(() => {
  "use strict";

  const AT_ONCE = 3; // parts on their way, of all files together
  const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before a part is tried again; the last one for good
  const SILENT = 60000; // milliseconds without a byte after which a connection counts as lost
  const ROUNDS = 3; // how often the missing parts are listed and sent before it is given up
  const KEEP_OPEN = "Keep this page open while uploading.";
  const MAY_CLOSE = "You can close this page. We'll keep working.";
  const LOST = "Connection lost. What was sent is kept. Trying again…";

  // What the server refuses, in its own sentence. `passing`: the same may be answered otherwise in a while.
  class Refused extends Error {
    constructor(sentence, status, final = false) {
      super(sentence);
      this.status = status;
      this.final = final; // of this file, however often it is tried
      this.passing = status === 408 || status === 429 || status >= 500;
    }
  }
  class Lost extends Error {}
  class Stopped extends Error {}

  const size = (count) => {
    const names = ["bytes", "kB", "MB", "GB", "TB"];
    let value = count;
    while (Math.round(value) >= 1000 && names.length > 1) {
      value /= 1000;
      names.shift();
    }
    return `${names[0] === "bytes" || value >= 10 ? Math.round(value) : value.toFixed(1)} ${names[0]}`;
  };

  const element = (name, className, text = "") => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  };

  const token = (place) => {
    const field = place.querySelector("[name=csrfmiddlewaretoken]") || document.querySelector("[name=csrfmiddlewaretoken]");
    return field ? field.value : cookie("__Host-csrftoken") || cookie("csrftoken");
  };

  // Only so many at a time; the others wait in the order they came.
  const waiting = [];
  let free = AT_ONCE;
  const inTurn = async (work) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };

  // One question to the server.
  const ask = async (place, method, url, body) => {
    const headers = { "X-CSRFToken": token(place.element), Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    const text = body && JSON.stringify(body);
    const keepalive = Boolean(text) && text.length < 60000; // on its way, it outlives the page
    let answer, answered;
    try {
      answer = await fetch(url, { method, headers, body: text, keepalive, credentials: "same-origin" });
      answered = await answer.text();
    } catch {
      throw new Lost();
    }
    if (!answer.ok) throw refused(answer.status, answered);
    return answered ? JSON.parse(answered) : null;
  };

  // One file on its way, and its line in the list.
  class Upload {
    constructor(place, file) {
      this.place = place;
      this.file = file;
      this.base = place.url.replace(/\/s3\/multipart$/, "");
      this.stored = new Map(); // part → bytes that the server has
      this.moving = new Map(); // part → bytes on their way
      this.requests = new Set();
      this.shown = 0;
      this.stopped = false;
      this.draw();
    }

    draw() {
      const id = `upload-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      this.line = element("li", "upload-line");
      this.name = element("p", "upload-name source-name", this.file.name);
      this.name.id = id;
      this.said = element("p", "upload-said source-said", "Waiting");
      this.bar = element("div", "job-bar job-bar-mini");
      this.fill = element("span", "job-fill bp0");
      this.bar.append(this.fill);
      this.bar.setAttribute("role", "progressbar");
      this.bar.setAttribute("aria-labelledby", id);
      this.stopper = element("button", "button button-small button-quiet", "Stop");
      this.stopper.type = "button";
      this.stopper.append(element("span", "visually-hidden", ` uploading ${this.file.name}`));
      this.stopper.addEventListener("click", () => this.stop());
      this.line.append(this.name, this.bar, this.said, this.stopper);
      this.place.list.append(this.line);
      this.show();
    }

    // The bar never goes back: what has to be sent again was on its way before.
    show() {
      const sum = (counts) => [...counts.values()].reduce((total, count) => total + count, 0);
      const sent = Math.min(this.file.size, sum(this.stored) + sum(this.moving));
      this.shown = Math.max(this.shown, sent);
      const percent = this.file.size ? Math.floor((100 * this.shown) / this.file.size) : 0;
      const told = `${size(this.shown)} of ${size(this.file.size)}`;
      this.fill.className = `job-fill bp${percent}`;
      this.bar.setAttribute("aria-valuenow", percent);
      this.bar.setAttribute("aria-valuetext", `${percent} percent, ${told}`);
      if (this.shown) this.tell(told);
    }

    tell(text) {
      if (this.said.textContent !== text) this.said.textContent = text;
    }

    of(more) {
      return `${this.place.url}/${this.begun.uploadId}${more}?key=${encodeURIComponent(this.begun.key)}`;
    }

    async run() {
      try {
        await this.begin();
        for (let round = 1; !(await this.isComplete(round)); round += 1);
        this.end("Uploaded.", "upload-done");
        this.place.tellPage("source:stored", this.begun.uploadId);
      } catch (error) {
        if (!(error instanceof Stopped)) this.fail(error);
      } finally {
        this.place.arrived(this);
      }
    }

    fail(error) {
      this.halt();
      this.end(error.message, "upload-failed");
      const again = element("button", "button button-small", error.final ? "Pick another file" : "Try again");
      again.type = "button";
      again.append(element("span", "visually-hidden", error.final ? ` instead of ${this.file.name}` : ` to upload ${this.file.name}`));
      again.addEventListener("click", () => {
        this.place.input.focus();
        this.line.remove();
        if (error.final) this.place.input.click();
        else this.place.take([this.file]);
      });
      this.line.append(again);
      this.place.failed(`${this.file.name} was not uploaded. ${error.message}`);
    }

    async begin() {
      const { name, size: bytes, lastModified, type } = this.file;
      const query = new URLSearchParams({ name, size: bytes, modified: lastModified });
      this.begun = await this.ask("GET", `${this.base}/unfinished?${query}`);
      if (!this.begun) {
        const metadata = { name, type, lastModified };
        this.begun = await this.ask("POST", this.place.url, { filename: name, type, size: bytes, metadata });
      }
      this.place.tellPage("source:begun", this.begun.uploadId);
    }

    // Lists what the server has, sends what it has not, then says that this is all.
    async isComplete(round) {
      const { partSize } = this.begun;
      const count = Math.ceil(this.file.size / partSize);
      const length = (number) => Math.min(partSize, this.file.size - (number - 1) * partSize);
      const listed = await this.ask("GET", this.of(""));
      this.stored = new Map(listed.map((part) => [part.PartNumber, part.Size]));
      const missing = [];
      for (let number = 1; number <= count; number += 1) {
        if (this.stored.get(number) !== length(number)) {
          this.stored.delete(number);
          missing.push(number);
        }
      }
      this.show();
      if (missing.length) this.place.leaves(this);
      await Promise.all(missing.map((number) => inTurn(() => this.sendPart(number, length(number)))));
      this.place.arrived(this);
      const parts = missing.length ? await this.ask("GET", this.of("")) : listed;
      this.tell("Putting it together…");
      try {
        await this.ask("POST", this.of("/complete"), { parts });
        return true;
      } catch (error) {
        if (error.status !== 409 || round >= ROUNDS) throw error;
        return false;
      }
    }

    async sendPart(number, length) {
      const start = (number - 1) * this.begun.partSize;
      const body = this.file.slice(start, start + length);
      await this.patiently(async () => {
        const signed = await this.ask("GET", this.of(`/${number}`));
        await this.put(number, signed, body);
        if (signed.arrived) this.tellServer(signed.arrived);
      }, body);
      this.stored.set(number, length);
      this.show();
    }

    // A part went past the server: it hears of it, about once a second, and asks the store itself. Where it does not
    // hear, nothing is lost: it asks again before the file is put together.
    async tellServer(url) {
      this.untold = url;
      if (this.telling) return;
      this.telling = true;
      while (this.untold && !this.stopped) {
        this.untold = "";
        await ask(this.place, "POST", url).catch(() => {});
        await pause(1);
      }
      this.telling = false;
    }

    put(number, signed, body) {
      return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        let silence = 0;
        const heard = () => {
          clearTimeout(silence);
          silence = setTimeout(() => request.abort(), SILENT);
        };
        const finish = (settle, value) => {
          clearTimeout(silence);
          this.requests.delete(request);
          this.moving.delete(number);
          settle(value);
        };
        request.open("PUT", signed.url);
        for (const [name, value] of Object.entries(signed.headers || {})) request.setRequestHeader(name, value);
        request.upload.addEventListener("progress", (event) => {
          heard();
          this.moving.set(number, event.loaded);
          this.show();
        });
        request.addEventListener("load", () =>
          request.status < 300 ? finish(resolve) : finish(reject, this.refusedPart(signed, request)));
        request.addEventListener("error", () => finish(reject, new Lost()));
        request.addEventListener("abort", () => finish(reject, new Lost()));
        this.requests.add(request);
        heard();
        request.send(body);
      });
    }

    // With another address, the store may well take it.
    refusedPart(signed, request) {
      const error = refused(request.status, request.responseText);
      error.passing ||= Boolean(signed.arrived);
      return error;
    }

    ask(method, url, body) {
      return this.patiently(() => ask(this.place, method, url, body));
    }

    // Again and again, with longer and longer pauses, for as long as that can help.
    async patiently(work, body) {
      for (let tries = 0; ; tries += 1) {
        if (this.stopped) throw new Stopped();
        try {
          const done = await work();
          this.place.connected();
          return done;
        } catch (error) {
          if (this.stopped) throw new Stopped();
          if (error instanceof Refused && !(error.passing && tries < PAUSES.length)) throw error;
          if (!(error instanceof Refused || error instanceof Lost)) throw error;
          if (body) await readable(body);
          this.place.disconnected(error instanceof Lost ? LOST : error.message);
          await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]);
        }
      }
    }

    stop() {
      this.halt();
      this.end("Stopped.", "upload-stopped");
      this.place.say(`The upload of ${this.file.name} is stopped.`);
      if (!this.begun) return;
      const told = () => this.place.tellPage("source:stored", this.begun.uploadId);
      ask(this.place, "DELETE", this.of("")).then(told, told); // what stays behind is abandoned after a day
    }

    halt() {
      this.stopped = true;
      for (const request of this.requests) request.abort();
    }

    end(text, className) {
      if (this.line.contains(document.activeElement)) this.place.input.focus();
      this.stopper.remove();
      this.bar.remove();
      this.line.classList.add("upload-ended", className);
      this.tell(text);
    }
  }

  const refused = (status, text) => {
    let told = {};
    try {
      told = JSON.parse(text) || {};
    } catch {
      // a page of something in between
    }
    const sentence = told.error || `The server answered with the error ${status}. Pick the file again to go on.`;
    return new Refused(sentence, status, Boolean(told.final));
  };

  // A file that was moved or changed fails like a lost connection, but no patience helps.
  const readable = (body) =>
    body.slice(0, 1).arrayBuffer().catch(() => {
      throw new Refused("The file was changed or moved while it was uploaded. Pick it again.", 0, true);
    });

  const pause = (seconds) =>
    new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        window.removeEventListener("online", go);
        resolve();
      };
      const timer = setTimeout(go, 1000 * seconds);
      window.addEventListener("online", go);
    });

  const warn = (event) => {
    event.preventDefault();
    event.returnValue = ""; // for browsers of before 2023
  };

  // A form that takes files, the list beside it, and what is said about all of them.
  class Place {
    constructor(form) {
      this.element = form;
      this.url = form.dataset.upload;
      this.input = form.querySelector("input[type=file]");
      this.list = document.querySelector("[data-upload-list]") || form.appendChild(element("ul", "upload-list"));
      this.status = element("p", "upload-status");
      this.status.setAttribute("role", "status");
      this.connection = element("p", "upload-connection");
      this.connection.setAttribute("role", "status");
      this.list.after(this.status, this.connection);
      this.leaving = new Set(); // uploads with bytes on their way
      this.problem = "";
      this.listen();
    }

    listen() {
      const button = this.element.querySelector("button:not([type=button])");
      if (button) button.remove(); // what is picked goes at once
      this.input.addEventListener("change", () => {
        this.take([...this.input.files]);
        this.input.value = "";
      });
      this.element.addEventListener("submit", (event) => event.preventDefault());
      for (const name of ["dragenter", "dragover"]) {
        this.element.addEventListener(name, (event) => {
          if (![...event.dataTransfer.types].includes("Files")) return;
          event.preventDefault();
          this.element.classList.add("drop-over");
        });
      }
      for (const name of ["dragleave", "drop"]) {
        this.element.addEventListener(name, () => this.element.classList.remove("drop-over"));
      }
      this.element.addEventListener("drop", (event) => {
        event.preventDefault();
        this.take([...event.dataTransfer.files]);
      });
    }

    take(files) {
      if (!files.length) return;
      if (!this.leaving.size) {
        for (const line of this.list.querySelectorAll(".upload-ended")) line.remove();
        this.problem = "";
      }
      const uploads = files.map((file) => new Upload(this, file));
      for (const upload of uploads) this.leaves(upload);
      for (const upload of uploads) upload.run();
    }

    leaves(upload) {
      if (!this.leaving.size) {
        window.addEventListener("beforeunload", warn);
        this.say(KEEP_OPEN);
      }
      this.leaving.add(upload);
    }

    // All its bytes are there, or none will follow.
    arrived(upload) {
      if (!this.leaving.delete(upload) || this.leaving.size) return;
      window.removeEventListener("beforeunload", warn);
      this.connected();
      this.say(this.problem || MAY_CLOSE);
    }

    failed(sentence) {
      this.problem = sentence;
      this.say(sentence);
    }

    say(text) {
      this.status.textContent = text;
    }

    disconnected(text) {
      if (this.connection.textContent !== text) this.connection.textContent = text;
    }

    connected() {
      if (this.connection.textContent) this.connection.textContent = "";
    }

    tellPage(name, id) {
      document.dispatchEvent(new CustomEvent(name, { detail: { source: id } }));
    }
  }

  for (const form of document.querySelectorAll("[data-upload]")) new Place(form);
})();
