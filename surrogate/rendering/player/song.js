// A song as pages are given it: notes in ticks, the tempo map that leads to seconds, bars, takes.
"use strict";

export const ROLES = ["melody", "bass", "drums", "other"];
const PAINTED = ["other", "melody", "bass", "drums"]; // the song's own further tracks lie behind
const USUAL_LEVEL = 100; // MIDI's volume control where a file says nothing

// The place of the last entry of a rising array that is x or less; 0 if all are more.
export function below(sorted, x) {
  let low = 0, high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Linear between the points (xs, ys), and beyond them as between the nearest two.
export function interpolate(xs, ys, x) {
  const i = Math.min(below(xs, x), xs.length - 2);
  return ys[i] + ((x - xs[i]) * (ys[i + 1] - ys[i])) / (xs[i + 1] - xs[i] || 1);
}

export class Song {
  constructor({ title, lanes, bars, map, tracks, takes, sections = [], beats = [], tempo = null }) {
    Object.assign(this, { title, lanes, map, sections, tempo });
    this.bars = bars.map((tick) => Math.max(0, tick)); // a pickup's bar line may lie before the song
    this.tracks = tracks.map((track) => ({
      level: USUAL_LEVEL,
      program: 0,
      ...track,
      notes: track.notes.map(([start, end, key, velocity]) => ({ start, end, key, velocity })),
    }));
    this.takes = takes.map((take) => {
      const own = take.tracks.map((place) => this.tracks[place]);
      const painted = [...own].sort((a, b) => PAINTED.indexOf(a.role) - PAINTED.indexOf(b.role));
      return { ...take, tracks: own, painted };
    });
    this.roles = ROLES.filter((role) => this.tracks.some((track) => track.role === role));
    this.end = map.ticks.at(-1);
    this.duration = map.seconds.at(-1);
    this.barSeconds = this.bars.map((tick) => this.seconds(tick));
    this.beats = beats.length ? beats : this.barSeconds.slice(0, -1).map((second) => [second]);
  }

  seconds(tick) {
    return interpolate(this.map.ticks, this.map.seconds, tick);
  }

  tick(seconds) {
    return interpolate(this.map.seconds, this.map.ticks, seconds);
  }

  // The bar that sounds at a tick, from 0.
  bar(tick) {
    return Math.min(below(this.bars, tick), this.bars.length - 2);
  }

  // The notes of a take in order of time, with times in seconds.
  timed(take) {
    take.timed ??= take.tracks
      .flatMap(({ role, drums, level, program, notes }) =>
        notes.map(({ start, end, key, velocity }) => ({
          role, drums, level, program, key, velocity, start: this.seconds(start), end: this.seconds(end),
        })))
      .sort((a, b) => a.start - b.start);
    return take.timed;
  }
}
