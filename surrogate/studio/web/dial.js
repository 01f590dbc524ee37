// A slider whose value is told in words.
"use strict";

import { make, slider } from "./dom.js";

// onchange(value) is called when it is let go.
export class Dial {
  constructor(part, name, [min, max, step], words, onchange) {
    this.words = words;
    this.told = make("output");
    this.input = slider("", `${name} of ${part}`, [min, max, step, min], () => this.tell());
    this.input.onchange = () => onchange(this.input.valueAsNumber);
    this.box = make("label", { className: "dial" }, make("span", {}, `${name} `, this.told), this.input);
  }

  show(value) {
    this.input.value = value;
    this.tell();
  }

  tell() {
    this.told.textContent = this.words(this.input.valueAsNumber);
    this.input.setAttribute("aria-valuetext", this.told.textContent);
  }
}
