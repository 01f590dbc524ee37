// The clock of what is heard: which notes sound when, in a loop or not, at which tempo, and how loud each part is.
"use strict";

import { below } from "./song.js";
import { Synth } from "./synth.js";

const LOOKAHEAD = 0.2, HIDDEN_LOOKAHEAD = 1.6; // seconds; a hidden page's timers run once a second
const START = 0.04; // seconds from a command to the first sound, so that nothing comes too late
export const VOLUME = 80;

export class Player {
  // onchange is called where it starts, stops or its settings change.
  constructor(roles, onchange = () => {}) {
    this.onchange = onchange;
    this.mix = Object.fromEntries(roles.map((role) => [role, { volume: VOLUME, muted: false, solo: false }]));
    Object.assign(this, { master: VOLUME, at: 0, rate: 1, loop: null, metronome: false, countIn: false });
    Object.assign(this, { playing: false, notes: [], bars: [0, 1], beats: [[0]], duration: 0, scheduled: 0 });
    setInterval(() => this.schedule(), 50);
    document.addEventListener("visibilitychange", () => this.schedule());
  }

  // What is played from here on: a take of a song; time goes on where it is.
  load(song, take) {
    const at = this.now;
    this.notes = song.timed(take);
    Object.assign(this, { duration: song.duration, bars: song.barSeconds, beats: song.beats });
    this.clicks = this.beats.flatMap((bar) => bar.map((second, beat) => ({ start: second, accent: beat === 0 })));
    this.seek(at);
  }

  // Seconds of the song that are heard now.
  get now() {
    if (!this.playing) return this.at;
    while (this.passes.length > 1 && this.passes[1].since <= this.audio.currentTime) this.passes.shift();
    const { since, from } = this.passes[0];
    return Math.min(this.duration, from + Math.max(0, this.audio.currentTime - since) * this.rate);
  }

  play() {
    this.prepare();
    this.audio.resume(); // which browsers allow after a click
    this.start(this.countIn);
  }

  // The clock of the sound, and what makes it.
  prepare() {
    this.audio ??= new AudioContext();
    if (!this.synth) this.use(new Synth(this.audio, Object.keys(this.mix)));
  }

  // Another synthesiser, from now on.
  use(synth) {
    const at = this.now;
    this.synth?.cut();
    this.synth = synth;
    this.balance();
    if (this.playing) this.seek(at);
  }

  // From this.at on; where a loop does not hold it, from the loop's beginning.
  start(countIn = false) {
    if (this.at >= this.duration - 0.01) this.at = 0;
    if (this.loop && !(this.loop[0] <= this.at && this.at < this.loop[1] - 0.01)) this.at = this.loop[0];
    this.synth.cut();
    this.passes = [];
    this.playing = true;
    let since = this.audio.currentTime + START;
    if (countIn) since += this.count(since);
    this.pass(since, this.at);
    this.schedule();
    this.onchange();
  }

  // A bar of clicks at the pace of the bar that is to come; returns how long they take.
  count(since) {
    const bar = Math.min(below(this.bars, this.at + 0.01), this.beats.length - 1);
    const beats = Math.max(1, this.beats[bar].length); // a pickup may begin within a beat
    const pace = (this.bars[bar + 1] - this.bars[bar]) / beats / this.rate;
    for (let beat = 0; beat < beats; beat++) this.synth.click(beat === 0, since + beat * pace);
    return beats * pace;
  }

  // From a time of the audio clock on, the song is heard from a second of it on; what is held there is taken up.
  pass(since, from) {
    const pass = { since, from, note: 0, click: 0 };
    this.passes.push(pass);
    for (; this.notes[pass.note]?.start < from - 1e-6; pass.note++) {
      const note = this.notes[pass.note];
      if (!note.drums && note.end > from + 0.05) this.sound(note, pass);
    }
    while (this.clicks[pass.click]?.start < from - 1e-6) pass.click++;
  }

  // Notes are handed to the synth shortly before they sound, so that a pause or another take is heard at once.
  schedule() {
    if (!this.playing) return;
    const horizon = this.audio.currentTime + (document.hidden ? HIDDEN_LOOKAHEAD : LOOKAHEAD);
    for (;;) {
      const pass = this.passes.at(-1), until = pass.from + (horizon - pass.since) * this.rate;
      const end = this.loop ? this.loop[1] : this.duration;
      this.soundUntil(Math.min(until, end), pass);
      if (!this.loop || until < end) break;
      this.pass(pass.since + (end - pass.from) / this.rate, this.loop[0]);
    }
    if (!this.loop && this.now >= this.duration) {
      this.pause();
      this.seek(0);
    }
  }

  soundUntil(end, pass) {
    for (; this.notes[pass.note]?.start < end; pass.note++) this.sound(this.notes[pass.note], pass);
    for (; this.clicks[pass.click]?.start < end; pass.click++) {
      const { start, accent } = this.clicks[pass.click];
      if (this.metronome) this.synth.click(accent, pass.since + (start - pass.from) / this.rate);
    }
  }

  sound(note, { since, from }) {
    const end = this.loop ? Math.min(note.end, this.loop[1]) : note.end;
    const begin = since + Math.max(0, note.start - from) / this.rate;
    this.synth.play(note, Math.max(begin, this.audio.currentTime), since + (end - from) / this.rate);
    this.scheduled++;
  }

  pause() {
    this.at = this.now;
    this.playing = false;
    this.synth?.cut();
    this.onchange();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(at) {
    this.at = Math.max(0, Math.min(this.duration, at));
    if (this.playing) this.start();
    else this.onchange();
  }

  // rate (1 as written), loop ([from, to] in seconds or null), metronome, countIn; heard at once.
  set(settings) {
    const at = this.now;
    Object.assign(this, settings);
    if ("rate" in settings || "loop" in settings) this.seek(at);
    else this.onchange();
  }

  // A part's volume (0 to 100), muted, solo.
  setPart(role, settings) {
    Object.assign(this.mix[role], settings);
    this.balance();
    this.onchange();
  }

  setMaster(volume) {
    this.master = volume;
    this.balance();
  }

  balance() {
    const alone = Object.values(this.mix).some(({ solo }) => solo);
    for (const [role, { volume, muted, solo }] of Object.entries(this.mix))
      this.synth?.volume(role, muted || (alone && !solo) ? 0 : volume / 100);
    this.synth?.volume("master", this.master / 100);
  }
}
