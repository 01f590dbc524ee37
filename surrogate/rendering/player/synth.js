// The sounds: every voice goes through the gate of its start and the gain of its part to the master gain.
"use strict";

// body: a sine that glides from one frequency to another; noise: filtered noise; seconds until they have died, level.
const KIT = [
  { body: [150, 46, 0.32, 1.0], noise: ["lowpass", 1500, 0.02, 0.4] }, // kick
  { body: [240, 170, 0.14, 0.45], noise: ["highpass", 1400, 0.2, 0.55] }, // snare
  { noise: ["highpass", 8500, 0.06, 0.3] }, // closed hat
  { noise: ["highpass", 7500, 0.4, 0.26] }, // open hat
  { body: [115, 78, 0.4, 0.8], noise: ["lowpass", 900, 0.04, 0.2] }, // low tom
  { body: [155, 108, 0.36, 0.75], noise: ["lowpass", 1100, 0.04, 0.2] }, // mid tom
  { body: [205, 146, 0.32, 0.7], noise: ["lowpass", 1300, 0.04, 0.2] }, // high tom
  { noise: ["highpass", 4200, 1.5, 0.34] }, // crash
  { body: [4300, 4250, 0.3, 0.03], noise: ["bandpass", 8200, 0.6, 0.32] }, // ride
  { body: [820, 780, 0.08, 0.35] }, // any other
];

export class Synth {
  constructor(audio, roles) {
    this.audio = audio;
    this.master = audio.createGain();
    // For peaks alone, so that parts keep their balance.
    const limiter = new DynamicsCompressorNode(audio, { threshold: -6, knee: 6, ratio: 12, attack: 0.002 });
    this.master.connect(limiter).connect(audio.destination);
    this.parts = Object.fromEntries(roles.map((role) => [role, this.gain(this.master)]));
    this.gates = {};
    this.noise = audio.createBuffer(1, 2 * audio.sampleRate, audio.sampleRate);
    this.noise.getChannelData(0).forEach((_, i, samples) => (samples[i] = 2 * Math.random() - 1));
  }

  gain(destination, value = 1) {
    const gain = this.audio.createGain();
    gain.gain.value = value;
    gain.connect(destination);
    return gain;
  }

  // Everything scheduled so far falls silent; what is scheduled from here on sounds.
  cut() {
    for (const gate of Object.values(this.gates)) gate.gain.setTargetAtTime(0, this.audio.currentTime, 0.012);
    for (const role in this.parts) this.gates[role] = this.gain(this.parts[role]);
    this.gates.click = this.gain(this.master);
  }

  volume(role, value) {
    const { gain } = role === "master" ? this.master : this.parts[role];
    gain.setTargetAtTime(value ** 2, this.audio.currentTime, 0.015); // squared, as loudness is heard
  }

  // A note of a part: MIDI pitch or drum lane, velocity and its track's level 1 to 127, seconds of the audio clock.
  play({ role, drums, key, velocity, level: volume }, start, end) {
    const level = 3 * ((velocity * volume) / 127 ** 2) ** 2; // as General MIDI has it
    const gate = this.gates[role], frequency = 440 * 2 ** ((key - 69) / 12);
    if (drums) this.strike(KIT[key], gate, 0.87 * level, start);
    else if (role === "bass") this.pluck(frequency, gate, 0.47 * level, start, end);
    else this.sing(frequency, gate, (role === "melody" ? 0.42 : 0.12) * level, start, end);
  }

  // A beat of the metronome.
  click(accent, start) {
    const wave = new OscillatorNode(this.audio, { frequency: accent ? 1760 : 1320 });
    this.decay(wave, wave, this.gates.click, accent ? 0.3 : 0.18, start, 0.05);
  }

  sing(frequency, gate, level, start, end) {
    const [envelope, filter] = this.shaped(gate, 6 * frequency, 3 * frequency, 0.25, start);
    envelope.gain.linearRampToValueAtTime(level, start + 0.012);
    envelope.gain.setTargetAtTime(0.6 * level, start + 0.012, 0.2);
    this.release(envelope, start, end, 0.06, [["sawtooth", -4, 0.5], ["triangle", 4, 0.9]], frequency, filter);
  }

  pluck(frequency, gate, level, start, end) {
    const [envelope, filter] = this.shaped(gate, 12 * frequency, 2.5 * frequency, 0.09, start);
    envelope.gain.linearRampToValueAtTime(level, start + 0.004);
    envelope.gain.setTargetAtTime(0, start + 0.004, 0.7);
    this.release(envelope, start, end, 0.035, [["sawtooth", 0, 0.6], ["sine", 0, 0.8]], frequency, filter);
  }

  // A gain that opens at start, and before it a lowpass whose cutoff falls from bright to dark, 63 % in fall seconds.
  shaped(gate, bright, dark, fall, start) {
    const envelope = this.gain(gate, 0);
    envelope.gain.setValueAtTime(0, start);
    const filter = this.audio.createBiquadFilter();
    filter.frequency.setValueAtTime(Math.min(bright, 12000), start);
    filter.frequency.setTargetAtTime(Math.min(dark, 12000), start, fall);
    filter.connect(envelope);
    return [envelope, filter];
  }

  release(envelope, start, end, fall, waves, frequency, filter) {
    const from = Math.max(end, start + 0.05);
    envelope.gain.setTargetAtTime(0, from, fall);
    for (const [type, detune, level] of waves) {
      const wave = new OscillatorNode(this.audio, { type, frequency, detune });
      wave.connect(this.gain(filter, level));
      wave.start(start);
      wave.stop(from + 7 * fall);
    }
  }

  strike({ body, noise }, gate, level, start) {
    if (body) {
      const [from, to, seconds, loudness] = body;
      const wave = new OscillatorNode(this.audio, { type: "sine" });
      wave.frequency.setValueAtTime(from, start);
      wave.frequency.exponentialRampToValueAtTime(to, start + 0.35 * seconds);
      this.decay(wave, wave, gate, loudness * level, start, seconds);
    }
    if (noise) {
      const [type, frequency, seconds, loudness] = noise;
      const source = new AudioBufferSourceNode(this.audio, { buffer: this.noise, loop: true });
      const filter = new BiquadFilterNode(this.audio, { type, frequency });
      this.decay(source, source.connect(filter), gate, loudness * level, start, seconds);
    }
  }

  decay(source, sound, gate, level, start, seconds) {
    const envelope = this.gain(gate, 0);
    envelope.gain.setValueAtTime(level, start);
    envelope.gain.setTargetAtTime(0, start + 0.004, seconds / 4);
    sound.connect(envelope);
    source.start(start, source.buffer ? Math.random() : undefined);
    source.stop(start + 2 * seconds);
  }
}
