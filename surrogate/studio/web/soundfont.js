// The soundfont of this machine as a synthesiser, by SpessaSynth; the small synthesiser's clicks and gains stay.
"use strict";

import { WorkletSynthesizer } from "./spessasynth_lib.min.js";
import { Synth } from "./synth.js";

const VOLUME = 7, EXPRESSION = 11; // MIDI controls
const CHANNELS = { melody: 0, bass: 1, drums: 9 };
const DRUM_PITCHES = [36, 38, 42, 46, 45, 48, 50, 49, 51, 56]; // of the lanes
const LOUDER = 4; // as the small synthesiser is
const SHORTEST = 0.01; // seconds of a note
const EARLY = 0.06; // seconds before a note that it is handed over, as what was handed over cannot be taken back

export class SoundfontSynth extends Synth {
  constructor(audio, roles, engine) {
    super(audio, roles);
    Object.assign(this, { engine, channels: new Map(), sent: {}, expressions: {}, timers: new Set(), held: new Set() });
    engine.connect(this.gain(this.master, LOUDER));
  }

  // With a soundfont's bytes; a promise.
  static async load(audio, roles, soundfont) {
    await audio.audioWorklet.addModule("static/spessasynth_processor.min.js");
    const engine = new WorkletSynthesizer(audio);
    await engine.soundBankManager.addSoundBank(soundfont, "main");
    await engine.isReady;
    return new SoundfontSynth(audio, roles, engine);
  }

  cut() {
    super.cut();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.engine.stopAll(true);
    for (const { channel, pitch, start } of this.held) // one that was handed over and is yet to begin
      this.engine.noteOff(channel, pitch, { time: Math.max(start, this.audio.currentTime) + SHORTEST });
    this.held.clear();
  }

  volume(role, value) {
    if (role === "master") return super.volume(role, value);
    this.expressions[role] = Math.round(127 * value); // whose square is heard, too
    for (const [own, channel] of this.channels.values())
      if (own === role) this.control(channel, EXPRESSION, this.expressions[role]);
  }

  play({ role, drums, program, key, velocity, level }, start, end) {
    const channel = this.channel(role, drums, program), pitch = drums ? DRUM_PITCHES[key] : key;
    this.at(start, () => {
      this.control(channel, VOLUME, level);
      this.engine.noteOn(channel, pitch, velocity, { time: start });
      const note = { channel, pitch, start };
      this.held.add(note);
      this.at(Math.max(end, start + SHORTEST), () => {
        this.held.delete(note);
        this.engine.noteOff(channel, pitch, { time: Math.max(end, start + SHORTEST) });
      });
    });
  }

  // The song's other tracks share a channel by program.
  channel(role, drums, program) {
    const name = role in CHANNELS ? role : `${role} ${drums ? "drums" : program}`;
    if (!this.channels.has(name)) {
      const channel = CHANNELS[role] ?? [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15][this.channels.size % 13];
      this.channels.set(name, [role, channel]);
      if (drums && channel !== CHANNELS.drums) this.engine.midiChannels[channel].setDrums(true);
      this.control(channel, EXPRESSION, this.expressions[role] ?? 127);
    }
    const [, channel] = this.channels.get(name);
    if (!drums && this.sent[`program ${channel}`] !== program) {
      this.sent[`program ${channel}`] = program;
      this.engine.programChange(channel, program);
    }
    return channel;
  }

  control(channel, number, value) {
    if (this.sent[`${number} ${channel}`] === value) return;
    this.sent[`${number} ${channel}`] = value;
    this.engine.controllerChange(channel, number, value);
  }

  // Does something shortly before a time of the audio clock; at once where the page is hidden and timers are slow.
  at(time, act) {
    const wait = time - EARLY - this.audio.currentTime;
    if (wait <= 0 || document.hidden) return act();
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, 1000 * wait);
    this.timers.add(timer);
  }
}
