// What the mixer's rows have in the studio: the melody's track, locks, how much and how freely bass and drums play.
"use strict";

import { Dial } from "./dial.js";
import { icon, make, toggle } from "./dom.js";

const LOCK =
  "M7 10V8a5 5 0 0 1 10 0v2h1a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM9 10h6V8a3 3 0 0 0-6 0z";
const OPEN =
  "M15 10V8a3 3 0 0 0-5.7-1.3L7.5 5.8A5 5 0 0 1 17 8v2h1a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z";
const DENSITIES = { "-2": "sparse", "-1": "fewer", 0: "as it comes", 1: "more", 2: "busy" };
const FREE = 1; // the temperature at which the models play as freely as people

export class Parts {
  // change(change) is called for each.
  constructor(mixer, change) {
    this.tracks = make("select", { name: "track", "aria-label": "Track of the melody" });
    this.tracks.onchange = () => change({ kind: "choose", choices: { track: Number(this.tracks.value) } });
    mixer.rows.melody.append(this.tracks);
    const { bass, drums } = mixer.rows;
    this.rows = { bass: new Row(bass, "bass", "bass", change), drums: new Row(drums, "drums", "drum", change) };
  }

  show({ tracks, choices, locked }) {
    this.tracks.hidden = tracks.length < 2;
    this.tracks.replaceChildren(...tracks.map(({ number, name, guess, why }) =>
      make("option", {
        value: number, textContent: `${number} ${name}${guess ? " (guess)" : ""}`, title: why ?? "",
        selected: choices.track ? choices.track === number || choices.track === name : guess,
      })));
    for (const [part, row] of Object.entries(this.rows)) row.show(choices, locked[part]);
  }
}

class Row {
  constructor(row, part, prefix, change) {
    this.prefix = prefix;
    const choose = (name) => (value) => change({ kind: "choose", choices: { [`${prefix}_${name}`]: value } });
    this.lock = toggle("", `Lock ${part}`, (locked) => change({ kind: "lock", part, locked }));
    row.head.insertBefore(this.lock, row.mute);
    this.density = new Dial(part, "Density", [-2, 2, 0.5], (value) => DENSITIES[Math.round(value)], choose("density"));
    this.freedom = new Dial(part, "Freedom", [0, 1.5, 0.05], (value) =>
      (value < 0.35 ? "safe" : value > 1.1 ? "wild" : "free"), choose("temperature"));
    row.append(make("div", { className: "dials" }, this.density.box, this.freedom.box));
  }

  show(choices, locked) {
    this.lock.press(locked);
    this.lock.replaceChildren(icon(locked ? LOCK : OPEN));
    this.density.show(choices[`${this.prefix}_density`] ?? 0);
    this.freedom.show(choices[`${this.prefix}_temperature`] ?? FREE);
  }
}
