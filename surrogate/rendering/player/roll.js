// The piano rolls: pitches above, drum lanes below, time in ticks from left to right.
"use strict";

import { below } from "./song.js";

export const GUTTER = 68;
const LANE = 14, GAP = 10, HEAD = 10; // of the cursor, above the notes
const LEAST_BAR = 96; // CSS pixels, so that a finger finds half of it
const COLOURS = ["melody", "bass", "drums", "other", "panel", "ink", "muted", "line", "bar", "shade", "accent"];
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

// A canvas of so many CSS pixels, sharp on dense screens.
function resized(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return pen;
}

export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export class Roll {
  constructor(song) {
    this.song = song;
    this.low = 127;
    this.high = 0;
    for (const track of song.tracks.filter((track) => !track.drums))
      for (const note of track.notes) {
        this.low = Math.min(this.low, note.key);
        this.high = Math.max(this.high, note.key);
      }
    if (this.low > this.high) [this.low, this.high] = [57, 64];
    const last = song.lanes.length - 1; // for drums that belong to no other
    const used = song.tracks.some(({ drums, notes }) => drums && notes.some(({ key }) => key === last));
    this.lanes = last + (used ? 1 : 0);
    this.rows = this.high - this.low + 3;
    this.end = song.end;
  }

  // The width in CSS pixels of the whole song, in a window of a width and, where there is room, a height of pitches.
  fit(canvas, width, pitchHeight = 270) {
    this.row = Math.max(4, Math.min(13, Math.floor(pitchHeight / this.rows)));
    this.pitchEnd = HEAD + this.rows * this.row;
    this.height = this.pitchEnd + GAP + this.lanes * LANE + 6;
    this.pen = resized(canvas, width, this.height);
    this.width = width;
    this.perTick = Math.max(LEAST_BAR / this.bar(), (width - GUTTER - 12) / this.end);
    return GUTTER + this.end * this.perTick + 12;
  }

  // The usual length of a bar, in ticks.
  bar() {
    const lengths = this.song.bars.slice(1).map((tick, i) => tick - this.song.bars[i]);
    return lengths.sort((a, b) => a - b)[lengths.length >> 1];
  }

  x(tick) {
    return GUTTER + tick * this.perTick;
  }

  tick(x) {
    return Math.max(0, Math.min(this.end, (x - GUTTER) / this.perTick));
  }

  // The part of a take that starts at scroll pixels, with a cursor and marked ticks; what sounds at the cursor shines
  // if it plays.
  draw(take, { scroll, cursor, playing, marked }) {
    const { pen, width, height } = this, colours = palette();
    pen.globalAlpha = 1;
    pen.fillStyle = colours.panel;
    pen.fillRect(0, 0, width, height);
    this.drawGrid(colours, scroll, marked);
    this.drawNotes(take, colours, scroll, playing ? cursor : -1);
    const x = this.x(cursor) - scroll;
    pen.fillStyle = colours.accent;
    pen.fillRect(x - 1, HEAD - 6, 2, height);
    pen.beginPath();
    pen.arc(x, HEAD - 5, 5, 0, 7);
    pen.fill();
    this.drawGutter(colours);
  }

  drawGrid(colours, scroll, marked) {
    const { pen, width, height } = this;
    pen.fillStyle = colours.shade;
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if ([1, 3, 6, 8, 10].includes(pitch % 12)) pen.fillRect(0, this.yPitch(pitch), width, this.row);
    for (let lane = 1; lane < this.lanes; lane += 2) pen.fillRect(0, this.yLane(lane), width, LANE);
    if (marked) {
      pen.globalAlpha = 0.13;
      pen.fillStyle = colours.accent;
      pen.fillRect(this.x(marked[0]) - scroll, 0, (marked[1] - marked[0]) * this.perTick, height);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = colours.line;
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if (pitch % 12 === 0) pen.fillRect(0, this.yPitch(pitch) + this.row - 1, width, 1);
    pen.fillRect(0, this.pitchEnd + GAP / 2, width, 1);
    pen.fillStyle = colours.bar;
    const { bars } = this.song;
    for (let i = below(bars, this.tick(scroll + GUTTER)); i < bars.length && this.x(bars[i]) - scroll < width; i++)
      pen.fillRect(Math.round(this.x(bars[i]) - scroll), 0, 1, height);
  }

  drawNotes(take, colours, scroll, now) {
    const { pen } = this, from = this.tick(scroll), to = this.tick(scroll + this.width);
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 1.5;
    for (const { role, drums, notes } of take.painted) {
      for (const { start, end, key, velocity } of notes) {
        if (start > to) break;
        if (end < from) continue; // ends under the names on the left
        const x = this.x(start) - scroll, sounds = start <= now && now < end;
        const wide = Math.max(2.5, (end - start) * this.perTick - 1);
        const box = drums
          ? [x, this.yLane(key) + 2, Math.min(wide, 7), LANE - 4]
          : [x, this.yPitch(key), wide, this.row - 1];
        pen.globalAlpha = sounds ? 1 : (role === "other" ? 0.6 : 1) * (0.3 + 0.6 * Math.min(1, velocity / 100));
        pen.fillStyle = colours[role];
        pen.beginPath();
        pen.roundRect(...box, 1.5);
        pen.fill();
        if (sounds) pen.stroke();
      }
    }
    pen.globalAlpha = 1;
  }

  drawGutter(colours) {
    const { pen, height } = this;
    pen.fillStyle = colours.panel;
    pen.fillRect(0, 0, GUTTER - 1, height);
    pen.fillStyle = colours.bar;
    pen.fillRect(GUTTER - 1, 0, 1, height);
    pen.fillStyle = colours.muted;
    pen.textAlign = "right";
    pen.font = `11px ${FONT}`;
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if (pitch % 12 === 0) pen.fillText(`C${pitch / 12 - 1}`, GUTTER - 8, this.yPitch(pitch) + this.row / 2 + 4);
    pen.font = `10.5px ${FONT}`;
    for (let lane = 0; lane < this.lanes; lane++)
      pen.fillText(this.song.lanes[lane], GUTTER - 8, this.yLane(lane) + LANE - 3.5);
    pen.textAlign = "left";
  }

  yPitch(pitch) {
    return HEAD + (this.high + 1 - pitch) * this.row;
  }

  yLane(lane) {
    return this.pitchEnd + GAP + (this.lanes - 1 - lane) * LANE;
  }

  // A whole take in one small picture.
  overview(canvas, take) {
    const width = canvas.parentNode.clientWidth, height = 56, colours = palette(), pen = resized(canvas, width, height);
    const drumTop = height * 0.72;
    pen.fillStyle = colours.shade;
    pen.fillRect(0, 0, width, height);
    for (const { role, drums, notes } of take.painted) {
      pen.fillStyle = colours[role];
      for (const { start, end, key } of notes) {
        const place = drums ? (this.lanes - 1 - key) / this.lanes : (this.high - key) / this.rows;
        const y = drums ? drumTop + place * (height - drumTop) : 2 + place * (drumTop - 6);
        pen.globalAlpha = role === "other" ? 0.35 : drums ? 0.6 : 0.85;
        const wide = drums ? 0 : ((end - start) / this.end) * width;
        pen.fillRect((start / this.end) * width, y, Math.max(0.8, wide), drums ? 1.5 : 2);
      }
    }
  }
}
