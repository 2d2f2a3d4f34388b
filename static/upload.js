// Files that are picked or dropped go at once, each with a line and a bar. Without it the form is posted plainly.
(() => {
  "use strict";

  const { Sending } = window;
  const KEEP_OPEN = "Keep this page open while uploading.";
  const MAY_CLOSE = "You can close this page. We'll keep working.";

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

  // One file on its way, and its line in the list.
  class Upload {
    constructor(place, file) {
      this.place = place;
      this.file = file;
      this.sending = new Sending(file, { url: place.url, token: () => token(place.element), hears: this });
      this.shown = 0;
      this.draw();
    }

    draw() {
      const id = `upload-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      this.line = element("li", "upload-line");
      this.name = element("p", "upload-name source-name");
      this.name.append(element("bdi", "", this.file.name));
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
      this.moved(0);
    }

    // The bar never goes back: what has to be sent again was on its way before.
    moved(sent) {
      this.shown = Math.max(this.shown, sent);
      const percent = this.file.size ? Math.floor((100 * this.shown) / this.file.size) : 0;
      const told = `${size(this.shown)} of ${size(this.file.size)}`;
      this.fill.className = `job-fill bp${percent}`;
      this.bar.setAttribute("aria-valuenow", percent);
      this.bar.setAttribute("aria-valuetext", `${percent} percent, ${told}`);
      if (this.shown) this.tell(told);
    }

    begun(id) {
      this.place.tellPage("source:begun", id);
    }

    leaves() {
      this.place.leaves(this);
    }

    arrived() {
      this.place.arrived(this);
    }

    joins() {
      this.tell("Putting it together…");
    }

    connected() {
      this.place.connected();
    }

    disconnected(sentence) {
      this.place.disconnected(sentence);
    }

    tell(text) {
      if (this.said.textContent !== text) this.said.textContent = text;
    }

    async run() {
      try {
        await this.sending.run();
        this.end("Uploaded.", "upload-done");
        this.place.tellPage("source:stored", this.sending.begun.uploadId);
      } catch (error) {
        if (!(error instanceof Sending.Stopped)) this.fail(error);
      } finally {
        this.place.arrived(this);
      }
    }

    fail(error) {
      this.sending.halt();
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
      this.place.failed(this, `${this.file.name} was not uploaded. ${error.message}`);
    }

    async stop() {
      this.sending.halt();
      this.end("Stopped.", "upload-stopped");
      this.place.arrived(this); // nothing more of it is waited for, and nothing is promised
      this.place.tellEnd(`The upload of ${this.file.name} is stopped.`);
      await this.sending.forget();
      if (this.sending.begun) this.place.tellPage("source:stored", this.sending.begun.uploadId);
    }

    end(text, className) {
      if (this.line.contains(document.activeElement)) this.place.input.focus();
      this.stopper.remove();
      this.bar.remove();
      this.line.classList.add("upload-ended", className);
      this.tell(text);
    }
  }

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

    failed(upload, sentence) {
      this.problem = sentence;
      this.arrived(upload);
      this.tellEnd(sentence);
    }

    // Of one file, while others may still go.
    tellEnd(sentence) {
      this.say(this.leaving.size ? `${sentence} ${KEEP_OPEN}` : sentence);
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
