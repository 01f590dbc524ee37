// How a work begins: a file that is dropped or chosen, an example, or a work that the browser has kept.
"use strict";

import * as api from "./api.js";
import { make } from "./dom.js";
import * as store from "./store.js";

const KINDS = ".mid,.midi,.rmi,.musicxml,.mxl,.xml,.abc,.work";

export class Opening {
  // opened(promise of a state, words for what is opened) is called at each beginning.
  constructor(box, opened) {
    this.opened = opened;
    this.chooser = make("input", { type: "file", accept: KINDS, hidden: true, "aria-label": "Melody file" });
    this.chooser.onchange = () => this.file(this.chooser.files[0]);
    this.examples = make("div", { className: "choices" });
    this.kept = make("div", { className: "choices" });
    this.keptBox = make("section", { hidden: true }, make("h2", { textContent: "Go on with" }), this.kept);
    const choose = make("button", { type: "button", className: "main", textContent: "Choose a file" });
    choose.onclick = () => this.chooser.click();
    box.append(
      make("div", { className: "drop" },
        make("p", { className: "big", textContent: "Drop a melody anywhere on this page" }),
        make("p", { textContent: "A MIDI file, a score (MusicXML, ABC), or a work that you saved. The studio writes bass and drums for it." }),
        choose, this.chooser),
      make("section", {}, make("h2", { textContent: "Or begin with an example" }), this.examples),
      this.keptBox,
    );
    this.listenForDrops();
    this.listExamples();
    this.listKept();
  }

  file(file) {
    this.chooser.value = "";
    if (file) this.opened(api.open(file), file.name);
  }

  listenForDrops() {
    let over = 0; // elements entered and not left
    const mark = () => document.body.classList.toggle("over", over > 0);
    const files = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => files(event) && (over++, mark()));
    addEventListener("dragleave", (event) => files(event) && (over = Math.max(0, over - 1), mark()));
    addEventListener("dragover", (event) => files(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault(); // the browser would leave the page for the file
      over = 0;
      mark();
      this.file(event.dataTransfer.files[0]);
    });
  }

  async listExamples() {
    const found = await api.examples().catch(() => []);
    this.examples.replaceChildren(...found.map(({ name, title }) =>
      choice(title, () => this.opened(api.openExample(name), title))));
  }

  async listKept() {
    const kept = await store.list().catch(() => []); // a private window may keep nothing
    this.keptBox.hidden = !kept.length;
    this.kept.replaceChildren(...kept.map((record) =>
      choice(`${titleOf(record)}, ${since(record.when)}`, () => this.opened(reopen(record), record.name))));
  }
}

function choice(words, onclick) {
  return Object.assign(make("button", { type: "button", className: "toggle", textContent: words }), { onclick });
}

// The name of a work's file without its suffix.
export function titleOf({ name }) {
  return name.replace(/\.\w+$/, "");
}

function since(when) {
  const parts = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(undefined, parts).format(when);
}

// A kept work once more, as a new one of the studio.
export async function reopen(record) {
  const state = await api.open(record.blob, `${titleOf(record)}.work`);
  await store.remove(record.work).catch(() => {});
  return state;
}
