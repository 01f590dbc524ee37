// The song from left to right: sections, bar numbers and chords over the piano roll, in a box that scrolls.
"use strict";

import { make, refill } from "./dom.js";
import { GUTTER, Roll } from "./roll.js";

const SLIP = 6; // CSS pixels that a pointer may move in a click

export class Timeline {
  // on: seek(seconds), select(bars or null), section(section); where chords can be changed, chord(chord, button);
  // where the window says how high the pitches are, room(), in CSS pixels.
  constructor(box, on) {
    Object.assign(this, { box, on, selection: null, following: true, at: 0, playing: false });
    this.strips = Object.fromEntries(
      ["sections", "ruler", "chords"].map((name) => [name, make("div", { className: `strip ${name}` })]),
    );
    this.canvas = make("canvas", { id: "notes" });
    this.song = make("div", { id: "song" }, ...Object.values(this.strips), this.canvas);
    box.append(this.song);
    const { ruler, chords } = this.strips;
    chords.onkeydown = (event) => rove(event);
    for (const target of on.chord ? [ruler, this.canvas] : [ruler, chords, this.canvas])
      target.onpointerdown = (event) => this.point(event, target);
    for (const gesture of ["wheel", "pointerdown", "keydown"]) // who scrolls by hand wants to look elsewhere
      box.addEventListener(gesture, () => (this.following = false), { passive: true });
    box.addEventListener("scroll", () => this.playing || this.draw());
    const observer = new ResizeObserver(() => this.size !== this.window() && requestAnimationFrame(() => this.resize()));
    observer.observe(box.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(song, take, chords) {
    this.content = song;
    this.take = take;
    this.chords = chords ?? take.chords.map(([tick, symbol]) => ({ tick, symbol }));
    this.roll = new Roll(song);
    if (this.selection?.[1] > song.bars.length - 1) this.select(null);
    this.resize();
  }

  // What it is to fit: width and, where it is limited, height of the pitches.
  window() {
    return `${this.box.clientWidth} ${this.on.room?.()}`;
  }

  resize() {
    if (!this.content) return;
    this.size = this.window();
    this.song.style.width = `${this.roll.fit(this.canvas, this.box.clientWidth, this.on.room?.())}px`;
    const { bars, sections } = this.content, { sections: letters, ruler, chords } = this.strips;
    this.fill(letters, "Form", sections.map((section) => this.section(section, bars)));
    const numbers = bars.slice(0, -1).map((tick, bar) =>
      this.place(make("span", { className: "number", textContent: bar + 1 }), tick, bars[bar + 1]));
    this.mark = this.place(make("i", { className: "mark", hidden: true }), 0, 0);
    this.fill(ruler, "Bar", [this.mark, ...numbers]);
    this.fill(chords, "Chords", this.chords.map((chord, i) =>
      this.place(this.chord(chord, i), chord.tick, this.chords[i + 1]?.tick ?? bars.at(-1))));
    this.draw();
  }

  fill(strip, name, children) {
    strip.hidden = !children.length;
    refill(strip, [make("span", { className: "corner", textContent: name }), ...children]);
  }

  place(element, tick, end) {
    Object.assign(element.style, {
      left: `${this.roll.x(tick)}px`,
      width: `${Math.max(0, (end - tick) * this.roll.perTick)}px`,
    });
    return element;
  }

  section(section, bars) {
    const { letter, first, end } = section, words = `Section ${letter}, bars ${first + 1} to ${end}`;
    const shown = make("span", { textContent: letter });
    const button = make("button", { type: "button", title: words, "aria-label": words }, shown);
    const letters = [...new Set(this.content.sections.map((each) => each.letter))];
    button.style.setProperty("--hue", 25 + 137.5 * letters.indexOf(letter)); // far from those before
    button.onclick = () => this.on.section(section);
    return this.place(button, bars[first], bars[end]);
  }

  chord(chord, i) {
    const { symbol, words } = chord;
    if (!this.on.chord) return make("span", { textContent: symbol });
    const button = make("button", { type: "button", textContent: symbol, title: words, "aria-label": words });
    Object.assign(button, { name: `chord ${i}`, tabIndex: i ? -1 : 0 });
    for (const is of ["given", "held"]) button.classList.toggle(is, Boolean(chord[is]));
    button.onclick = () => this.on.chord(chord, button);
    return button;
  }

  // A click goes there; a drag over bars selects them. On the notes a finger scrolls, on the ruler it selects.
  point(event, target) {
    if (event.button || event.clientX - this.box.getBoundingClientRect().left < GUTTER) return;
    const start = event.clientX, first = this.barAt(event);
    let dragged = false;
    const move = (now) => {
      if (now.pointerType === "touch" && target === this.canvas) return;
      dragged ||= Math.abs(now.clientX - start) > SLIP;
      if (!dragged) return;
      const bar = this.barAt(now);
      this.select([Math.min(first, bar), Math.max(first, bar) + 1]);
    };
    const end = (last) => {
      for (const name of ["pointermove", "pointerup", "pointercancel"]) target[`on${name}`] = null;
      if (last.type === "pointercancel" || dragged) return;
      const at = this.content.seconds(this.tickAt(last)), bar = this.barAt(last);
      if (this.selection && !(this.selection[0] <= bar && bar < this.selection[1])) this.select(null);
      this.on.seek(at);
    };
    target.setPointerCapture(event.pointerId);
    Object.assign(target, { onpointermove: move, onpointerup: end, onpointercancel: end });
  }

  tickAt(event) {
    return this.roll.tick(event.clientX - this.song.getBoundingClientRect().left);
  }

  barAt(event) {
    return this.content.bar(this.tickAt(event));
  }

  // Bars [first, end), or null for none.
  select(bars) {
    if (String(bars) === String(this.selection)) return;
    this.selection = bars;
    this.on.select(bars);
    this.draw();
  }

  // Where the cursor is, in seconds, and whether it moves.
  draw(at = this.at, playing = this.playing) {
    if (!this.content) return;
    Object.assign(this, { at, playing });
    const { box, roll, content } = this, cursor = content.tick(at);
    if (this.following) {
      const x = roll.x(cursor) - box.scrollLeft; // from a third of the width on, the song moves, not the cursor
      if (playing ? x > box.clientWidth / 3 || x < GUTTER : x > box.clientWidth - 20 || x < GUTTER)
        box.scrollLeft = roll.x(cursor) - Math.max(GUTTER, box.clientWidth / 3);
    }
    const marked = this.selection?.map((bar) => content.bars[bar]);
    this.mark.hidden = !marked;
    if (marked) this.place(this.mark, ...marked);
    roll.draw(this.take, { scroll: box.scrollLeft, cursor, playing, marked });
  }
}

// The Tab key stops once for a row of buttons; arrows go on from there.
function rove(event) {
  const side = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
  const next = side && event.target[side];
  if (next?.tagName !== "BUTTON") return;
  event.preventDefault();
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
