// What is taken for granted of the song, and may be said otherwise; the sound of the bass; the feel.
"use strict";

import { Dial } from "./dial.js";
import { make } from "./dom.js";

const TONICS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const KEYS = ["major", "minor"].flatMap((mode) => TONICS.map((tonic) => `${tonic} ${mode}`));
const METERS = [
  "4/4", "3/4", "2/4", "2/2", "3/2", "3/8", "6/8", "9/8", "12/8", "5/4", "5/8", "7/8", "7/8:2+2+3", "7/8:3+2+2",
];
const BEATS = { file: "the file’s", played: "as played" };
const HANDS = { 1: "all of its track", 2: "the upper hand" };
const TEMPOS = [40, 240]; // beats a minute
const BASSES = {
  32: "Acoustic bass", 33: "Fingered bass", 34: "Picked bass", 35: "Fretless bass", 36: "Slap bass", 38: "Synth bass",
  39: "Deep synth bass", 42: "Cello", 43: "Contrabass", 58: "Tuba", 67: "Baritone sax",
};

export class Choices {
  constructor(box, change) {
    const choose = (name, value) => change({ kind: "choose", choices: { [name]: value } });
    this.selects = {
      hands: new Select("Hands", Object.keys(HANDS), (value) => choose("hands", value && Number(value)),
        (value) => HANDS[value]),
      key: new Select("Key", KEYS, (value) => choose("key", value)),
      beats: new Select("Beats", Object.keys(BEATS), (beats) =>
        change({ kind: "choose", choices: { beats, tempo: null } }), (value) => BEATS[value]),
      meter: new Select("Meter", METERS, (value) => choose("meter", value), (value) => value.replace(/:(.*)/, " ($1)")),
      pickup: new Select("Pickup", [0, 0.5, 1, 1.5, 2, 3], (value) => choose("pickup", value && Number(value)),
        (value) => (Number(value) ? `${value} beat${Number(value) > 1 ? "s" : ""}` : "none")),
    };
    const [min, max] = TEMPOS;
    this.tempo = make("input", { type: "number", name: "played-at", min, max, step: "any" });
    this.tempo.onchange = () => choose("tempo", this.tempo.value ? this.tempo.valueAsNumber : null);
    this.tempoBox = field("Played at", this.tempo);
    this.swing = new Dial("the song", "Swing", [0.5, 0.8, 0.01], (value) =>
      (value < 0.51 ? "straight" : `${Math.round(100 * value)} %`), (value) => choose("swing", value));
    this.program = make("select", { name: "program" }, ...Object.entries(BASSES).map(([value, textContent]) =>
      make("option", { value, textContent })));
    this.program.onchange = () => choose("program", Number(this.program.value));
    this.human = new Dial("the band", "Feel", [0, 4, 0.25], (value) =>
      (value === 0 ? "on the grid" : value <= 1.5 ? "human" : "loose"), (value) => choose("human", value));
    const { hands, key, beats, meter, pickup } = this.selects;
    box.append(
      key.box, beats.box, this.tempoBox, meter.box, pickup.box, hands.box, field("Bass sound", this.program),
      make("div", { className: "dials" }, this.swing.box, this.human.box),
    );
  }

  show({ choices, assumed }) {
    for (const [name, select] of Object.entries(this.selects)) select.show(choices[name], assumed[name], assumed.words[name]);
    this.tempoBox.hidden = assumed.beats === "file";
    this.tempo.value = choices.tempo ?? "";
    this.tempo.placeholder = `${Math.round(assumed.tempo)} a minute (found)`;
    this.swing.show(choices.swing ?? assumed.swing);
    this.human.show(choices.human ?? 1);
    const program = String(choices.program ?? 33);
    if (![...this.program.options].some(({ value }) => value === program))
      this.program.append(make("option", { value: program, textContent: `Program ${program}` }));
    this.program.value = program;
  }
}

// Values to choose from, the first of which is what was found; words(value) is what is shown of one.
class Select {
  constructor(name, values, onchange, words = String) {
    this.words = words;
    this.found = make("option", { value: "" });
    this.select = make("select", { name: name.toLowerCase() }, this.found, ...values.map((value) => this.option(value)));
    this.select.onchange = () => onchange(this.select.value || null);
    this.box = field(name, this.select);
  }

  option(value) {
    return make("option", { value, textContent: this.words(value) });
  }

  // why: what told it.
  show(chosen, found, why) {
    this.found.textContent = chosen === null ? `${this.words(found)} (found)` : "find it";
    const value = String(chosen ?? "");
    if (![...this.select.options].some((option) => option.value === value)) this.select.append(this.option(value));
    this.select.value = value;
    this.select.title = why;
  }
}

function field(name, control) {
  return make("label", { className: "field" }, make("span", { textContent: name }), control);
}
