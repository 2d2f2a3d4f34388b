// Sends a file in parts, several at once, and goes on with what was begun before. It draws nothing: upload.js does.
(() => {
  "use strict";

  const AT_ONCE = 3; // parts on their way, of all files together
  const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before a part is tried again; the last one for good
  const SILENT = 60000; // milliseconds without a byte after which a connection counts as lost
  const ROUNDS = 3; // how often the missing parts are listed and sent before it is given up
  const LOST = "Connection lost. What was sent is kept. Trying again…";

  // Ours tells it in a sentence of its own.
  const TOO_LARGE =
    "What stands in front of the server lets no part of this size through (413). Tell whoever runs the server.";

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
  const ask = async (token, method, url, body) => {
    const headers = { "X-CSRFToken": token(), Accept: "application/json" };
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

  // One file on its way. `token` gives what the server wants with each question; `hears` is told how it goes: begun(id),
  // leaves() and arrived() of its bytes, moved(bytes), joins(), connected() and disconnected(sentence).
  class Sending {
    constructor(file, { url, token, hears }) {
      this.file = file;
      this.url = url;
      this.base = url.replace(/\/s3\/multipart$/, "");
      this.token = token;
      this.hears = hears;
      this.stored = new Map(); // part → bytes that the server has
      this.moving = new Map(); // part → bytes on their way
      this.requests = new Set();
      this.halted = new AbortController();
    }

    get stopped() {
      return this.halted.signal.aborted;
    }

    tell() {
      const sum = (counts) => [...counts.values()].reduce((total, count) => total + count, 0);
      this.hears.moved(Math.min(this.file.size, sum(this.stored) + sum(this.moving)));
    }

    of(more) {
      return `${this.url}/${this.begun.uploadId}${more}?key=${encodeURIComponent(this.begun.key)}`;
    }

    // Until the server has put it together.
    async run() {
      await this.begin();
      for (let round = 1; !(await this.isComplete(round)); round += 1);
    }

    // What is on its way is broken off. What the server has stays there.
    halt() {
      this.halted.abort(); // nor does it wait any longer: others want its turn
      for (const request of this.requests) request.abort();
    }

    // What the server has is taken away too; what stays behind all the same is abandoned after a day.
    async forget() {
      if (this.begun) await ask(this.token, "DELETE", this.of("")).catch(() => {});
    }

    async begin() {
      const { name, size: bytes, lastModified, type } = this.file;
      const query = new URLSearchParams({ name, size: bytes, modified: lastModified });
      this.begun = await this.ask("GET", `${this.base}/unfinished?${query}`);
      if (!this.begun) {
        const metadata = { name, type, lastModified };
        this.begun = await this.ask("POST", this.url, { filename: name, type, size: bytes, metadata });
      }
      this.hears.begun(this.begun.uploadId);
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
      this.tell();
      if (missing.length) this.hears.leaves();
      await Promise.all(missing.map((number) => inTurn(() => this.sendPart(number, length(number)))));
      this.hears.arrived();
      const parts = missing.length ? await this.ask("GET", this.of("")) : listed;
      this.hears.joins();
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
      this.tell();
    }

    // A part went past the server: it hears of it, about once a second, and asks the store itself. Where it does not
    // hear, nothing is lost: it asks again before the file is put together.
    async tellServer(url) {
      this.untold = url;
      if (this.telling) return;
      this.telling = true;
      while (this.untold && !this.stopped) {
        this.untold = "";
        await ask(this.token, "POST", url).catch(() => {});
        await pause(1, this.halted.signal);
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
          this.tell();
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
      return this.patiently(() => ask(this.token, method, url, body));
    }

    // Again and again, with longer and longer pauses, for as long as that can help.
    async patiently(work, body) {
      for (let tries = 0; ; tries += 1) {
        if (this.stopped) throw new Stopped();
        try {
          const done = await work();
          this.hears.connected();
          return done;
        } catch (error) {
          if (this.stopped) throw new Stopped();
          if (error instanceof Refused && !(error.passing && tries < PAUSES.length)) throw error;
          if (!(error instanceof Refused || error instanceof Lost)) throw error;
          if (body) await readable(body);
          this.hears.disconnected(error instanceof Lost ? LOST : error.message);
          await pause(PAUSES[Math.min(tries, PAUSES.length - 1)], this.halted.signal);
        }
      }
    }
  }

  const refused = (status, text) => {
    let told = {};
    try {
      told = JSON.parse(text) || {};
    } catch {
      // a page of something in between
    }
    const unsaid = `The server answered with the error ${status}. Pick the file again to go on.`;
    const sentence = told.error || (status === 413 ? TOO_LARGE : unsaid);
    return new Refused(sentence, status, Boolean(told.final));
  };

  // A file that was moved or changed fails like a lost connection, but no patience helps.
  const readable = (body) =>
    body.slice(0, 1).arrayBuffer().catch(() => {
      throw new Refused("The file was changed or moved while it was uploaded. Pick it again.", 0, true);
    });

  const pause = (seconds, halted) =>
    new Promise((resolve) => {
      if (halted.aborted) return resolve();
      const go = () => {
        clearTimeout(timer);
        window.removeEventListener("online", go);
        halted.removeEventListener("abort", go);
        resolve();
      };
      const timer = setTimeout(go, 1000 * seconds);
      window.addEventListener("online", go);
      halted.addEventListener("abort", go);
    });

  window.Sending = Object.assign(Sending, { Stopped });
})();
