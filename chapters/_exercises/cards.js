// The exercises at the end of a chapter: an answer is written, kept in this browser, and checked by Python in a worker.
// Nothing is loaded before it is needed: the editor when a card is opened, Python when an answer is run.
const base = new URL(".", document.currentScript.src);
const SECONDS = 10; // then a run is taken for endless

const kept = {
  read(key) { try { return localStorage.getItem(`exercise:${key}`); } catch { return null; } },
  write(key, text) {
    try {
      if (text === null) localStorage.removeItem(`exercise:${key}`);
      else localStorage.setItem(`exercise:${key}`, text);
    } catch { /* a browser that keeps nothing */ }
  },
};

// ------------------------------------------------------------------------------------------------------------- Python

class Ended extends Error {}

/** One worker. `ready` is kept when it can be asked; a run that is stopped ends it. */
class Python {
  constructor() {
    this.share = 0;
    this.watch = () => {};
    this.worker = new Worker(new URL("worker.js", base), { type: "module" });
    this.ready = new Promise((resolve, reject) => { this.settle = { resolve, reject }; });
    this.ready.catch(() => {});
    this.worker.onmessage = ({ data }) => {
      if (data.share !== undefined) this.watch(this.share = data.share);
      else if (data.failed !== undefined) this.settle.reject(new Error(data.failed));
      else this.settle.resolve(data.result);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.settle.reject(new Error(event.message || "the files of Python could not be read"));
    };
  }

  check(question) {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.worker.postMessage(question);
    });
  }

  end(why) {
    this.worker.terminate();
    this.settle.reject(new Ended(why));
  }
}

let [current, spare] = [null, null];

/** The worker that is asked next: the spare one where the last one was ended. */
function python() {
  current = current || spare || new Python();
  if (spare === current) spare = null;
  return current;
}

// -------------------------------------------------------------------------------------------------------------- a card

class Card {
  constructor(root) {
    this.root = root;
    this.name = root.dataset.exercise;
    this.topic = root.dataset.topic;
    this.field = root.querySelector("textarea");
    this.stub = this.field.defaultValue;
    this.text = { read: () => this.field.value, write: (text) => { this.field.value = text; this.changed(); } };
    for (const part of ["run", "again", "take", "status", "bar", "result", "state"]) {
      this[part] = root.querySelector(`[data-part="${part}"]`);
    }
    const before = kept.read(this.name);
    if (before !== null) this.field.value = before;
    this.size();
    this.mark();
    this.field.addEventListener("input", () => this.changed());
    root.addEventListener("toggle", () => { if (root.open) this.edit(); });
    if (root.open) this.edit();
    this.again.addEventListener("click", () => this.restart());
    this.take.addEventListener("click", () => this.hand());
    if (this.run) this.run.addEventListener("click", () => (this.stop ? this.stop() : this.check()));
  }

  size() { this.field.rows = this.text.read().split("\n").length; }

  mark() {
    const right = kept.read(`${this.name}:right`);
    this.state.textContent = right !== null && right === this.text.read() ? "✓ right" : "";
  }

  changed() {
    const text = this.text.read();
    kept.write(this.name, text === this.stub ? null : text);
    if (!this.editor) this.size();
    this.mark();
  }

  async edit() {
    if (this.editor) return;
    this.editor = true;
    try {
      const { edit } = await import(new URL("editor.js", base));
      this.text = edit(this.field, {
        changed: () => this.changed(), run: () => { if (this.run && !this.stop) this.check(); },
        leave: () => (this.run || this.again).focus(),
      });
    } catch { // the page is a file, or the editor is not there: the field serves
      this.editor = false;
      this.root.querySelector(".exercise-hint").hidden = true;
    }
  }

  restart() {
    if (this.text.read() === this.stub || confirm("Put what was given in the place of your answer?")) {
      this.text.write(this.stub);
      kept.write(`${this.name}:right`, null);
      this.show({});
      this.say("");
    }
  }

  say(words, { heard = true, share = null } = {}) {
    this.status.textContent = words;
    this.status.classList.toggle("only-heard", !heard);
    this.bar.hidden = share === null;
    if (share !== null) this.bar.value = share;
  }

  show({ html = "", error = "", printed = "", below = "" }) {
    this.result.innerHTML = html;
    const add = (tag, text, kind, into = this.result) => {
      const made = Object.assign(document.createElement(tag), { textContent: text, className: kind });
      into.append(made);
      return made;
    };
    if (error) add("pre", error, "exercise-error");
    if (printed) {
      const box = add("details", "", "exercise-printed");
      box.open = true;
      add("summary", "What it printed", "", box);
      add("pre", printed, "", box).tabIndex = 0; // it may scroll
    }
    if (below) add("p", below, "exercise-below");
    for (const link of this.result.querySelectorAll("a[href]")) {
      if (link.pathname === location.pathname) link.removeAttribute("target");
    }
  }

  async check() {
    if (location.protocol === "file:") {
      this.say("A page that is opened from a file may not start Python: open the book over http.");
      return;
    }
    const answer = this.text.read();
    let asked;
    this.show({});
    this.run.setAttribute("aria-busy", "true");
    this.stop = () => asked && asked.end("stopped");
    this.run.textContent = "Stop";
    try {
      asked = python();
      const coming = (share) => this.say(share < 1 ? "Python and NumPy are on their way, once …" : "Python is starting …",
        { share });
      asked.watch = coming;
      if (!asked.begun) coming(asked.share);
      await asked.ready;
      asked.begun = true;
      this.say("It runs …");
      const seconds = Number(this.root.dataset.seconds || SECONDS);
      const timer = setTimeout(() => asked.end("endless"), 1000 * seconds);
      const result = await asked.check({ name: this.name, topic: this.topic, answer }).finally(() => clearTimeout(timer));
      if (result.right) kept.write(`${this.name}:right`, answer);
      this.mark();
      this.show({ ...result, below: "These are the public cases, not your grade." });
      this.say(result.headline, { heard: !!result.error && !result.html });
    } catch (failure) {
      if (asked) asked.worker.terminate();
      if (asked === current) current = null;
      this.say(!(failure instanceof Ended) ? `Python could not run here: ${failure.message}`
        : failure.message === "stopped" ? "Stopped."
          : `Stopped after ${this.root.dataset.seconds || SECONDS} seconds: is there a loop that does not end?`);
    }
    this.stop = null;
    this.run.textContent = "Run and check";
    this.run.removeAttribute("aria-busy");
    if (asked && asked.begun) {
      current = current || spare || new Python(); // the next run waits for nothing
      spare = spare && spare !== current ? spare : new Python();
    }
  }

  hand() {
    const of = (selector) => this.root.querySelector(selector).textContent;
    const cell = (kind, source, id) => ({ cell_type: kind, id, metadata: {}, source,
      ...(kind === "code" ? { execution_count: null, outputs: [] } : {}) });
    const page = location.href.split("#")[0];
    const asked = `# ${of(".exercise-title")}\n\nWhat is asked, and the check: <${page}#exercise-${this.name}>`;
    const notebook = { nbformat: 4, nbformat_minor: 5, metadata: { language_info: { name: "python" },
      kernelspec: { name: "python3", language: "python", display_name: "Python 3" } },
    cells: [cell("markdown", asked, "title"), cell("code", of(".exercise-given pre"), "given"),
      cell("code", this.text.read(), "answer")] };
    const file = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1)], { type: "application/x-ipynb+json" }));
    Object.assign(document.createElement("a"), { href: file, download: `${this.name}.ipynb` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 10000);
  }
}

for (const root of document.querySelectorAll("details.exercise-card")) new Card(root);

/** A link to a card opens it. */
const follow = () => {
  const card = location.hash.startsWith("#exercise-") && document.getElementById(location.hash.slice(1));
  if (card) card.open = true;
};
addEventListener("hashchange", follow);
follow();
