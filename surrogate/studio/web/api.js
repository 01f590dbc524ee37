// The studio's interface (docs/studio.md), as the page uses it.
"use strict";

export class StudioError extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function request(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new StudioError(0, "The studio does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: `The studio answered ${answer.status}.` }));
  throw new StudioError(answer.status, error);
}

const json = async (...asked) => (await request(...asked)).json();
const post = (content) => ({
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content),
});

export const examples = () => json("examples");
export const open = (file, name = file.name) =>
  json(`works?name=${encodeURIComponent(name)}`, { method: "POST", body: file });
export const openExample = (name) => json("works", post({ example: name }));
export const state = (work) => json(`works/${work}`);
export const WHOLE = "all.work"; // the file of a work that the studio opens again
export const fileAddress = (work, name) => `works/${work}/files/${name}`;
export const soundfont = async () => {
  const answer = await request("soundfont");
  return answer.status === 204 ? null : answer.arrayBuffer(); // No Content
};
export const file = async (work, name) => (await request(fileAddress(work, name))).blob();

// The changes of a work, one after another. Of those that wait, one that the next would undo anyway is not sent.
export class Changes {
  // on: state(state) where all are made, failed(error), busy(whether one is being made).
  constructor(on) {
    Object.assign(this, { on, waiting: [], running: false });
  }

  follow({ work, number }) {
    if (work !== this.work) this.waiting = [];
    Object.assign(this, { work, number });
  }

  make(change) {
    const last = this.waiting.at(-1), merged = last && together(last, change);
    if (merged) this.waiting.pop();
    this.waiting.push(merged ?? change);
    return this.run();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    this.on.busy(true);
    while (this.waiting.length) {
      const { work } = this;
      try {
        const made = await json(`works/${work}/changes`, post({ ...this.waiting.shift(), number: ++this.number }));
        if (work === this.work && !this.waiting.length) this.on.state(made);
      } catch (error) {
        if (error.status !== 409 && work === this.work) this.on.failed(error);
      }
    }
    this.running = false;
    this.on.busy(false);
  }
}

// One change that does what two in a row do, or undefined.
function together(first, second) {
  if (first.kind !== second.kind) return undefined;
  if (second.kind === "choose") return { ...second, choices: { ...first.choices, ...second.choices } };
  const { kind, part, parts, bars, half_bar: half } = second;
  const same = String([part, parts, bars, half]) === String([first.part, first.parts, first.bars, first.half_bar]);
  return kind === "show" || (["regenerate", "lock", "chord"].includes(kind) && same) ? second : undefined;
}
