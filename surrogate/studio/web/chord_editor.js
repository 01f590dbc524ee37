// A chord of the song changed: a small dialog beside it.
"use strict";

import { make } from "./dom.js";

const SUGGESTED = "C Dm Em F G G7 Am Bm7b5 Cmaj7 Dm7 Fmaj7 Am7 E7 A7 D7 N.C.".split(" ");

export class ChordEditor {
  constructor(change) {
    const plain = { type: "text", name: "symbol", autocomplete: "off", spellcheck: false };
    this.input = make("input", { ...plain, "aria-label": "Chord symbol" });
    this.input.setAttribute("list", "suggested");
    this.place = make("p");
    const give = make("button", { className: "main", textContent: "Play it" });
    const free = make("button", { type: "button", className: "toggle", textContent: "The band’s choice" });
    const suggested = make("datalist", { id: "suggested" }, ...SUGGESTED.map((value) => make("option", { value })));
    const buttons = make("div", { className: "buttons" }, give, free);
    const form = make("form", { method: "dialog" }, this.place, this.input, buttons, suggested);
    this.dialog = make("dialog", { id: "chord", "aria-label": "Chord" }, form);
    document.body.append(this.dialog);
    const say = (symbol) => {
      this.dialog.close();
      change({ kind: "chord", half_bar: this.chord.half_bar, symbol });
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      if (this.input.value.trim()) say(this.input.value.trim());
    };
    free.onclick = () => say(null);
    this.dialog.addEventListener("click", ({ target }) => target === this.dialog && this.dialog.close()); // beside it
  }

  open(chord, button) {
    this.chord = chord;
    this.place.textContent = `Bar ${chord.bar + 1}, ${chord.half ? "second" : "first"} half`;
    this.input.value = chord.symbol;
    const { left, bottom } = button.getBoundingClientRect();
    this.dialog.style.left = `${Math.max(8, Math.min(left, innerWidth - 320))}px`;
    this.dialog.style.top = `${bottom + 4}px`;
    this.dialog.showModal();
    this.input.select();
  }
}
