// The piano rolls: pitches above, drum lanes below, time in ticks from left to right.
"use strict";

const PAINTED = ["other", "melody", "bass", "drums"]; // the song's own further tracks lie behind
const NUMBERS = 26, CHORDS = 18, GUTTER = 68, LANE = 14, GAP = 10;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

// The place of the last entry of a rising array that is x or less; 0 if all are more.
function below(sorted, x) {
  let low = 0, high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Linear between the points (xs, ys), and beyond them as between the nearest two.
function interpolate(xs, ys, x) {
  const i = Math.min(below(xs, x), xs.length - 2);
  return ys[i] + ((x - xs[i]) * (ys[i + 1] - ys[i])) / (xs[i + 1] - xs[i] || 1);
}

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

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = [...PAINTED, "panel", "ink", "muted", "line", "bar", "shade"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

class Roll {
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
    this.row = Math.max(4, Math.min(9, Math.round(270 / this.rows)));
    this.ruler = NUMBERS + (song.takes.some(({ chords }) => chords.length) ? CHORDS : 0);
    this.pitchEnd = this.ruler + this.rows * this.row;
    this.height = this.pitchEnd + GAP + this.lanes * LANE + 6;
    this.end = song.map.ticks.at(-1);
  }

  // The width in CSS pixels of the window on the song; as wide as the window where the song is short.
  fit(canvas, width) {
    this.pen = resized(canvas, width, this.height);
    this.width = width;
    this.perTick = Math.max((width < 600 ? 72 : 88) / this.bar(), (width - GUTTER - 12) / this.end);
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

  // The part of a take that starts at scroll pixels, with a cursor at a tick; what sounds there shines if playing.
  draw(take, scroll, cursor, playing) {
    const { pen, width, height } = this, colours = palette();
    pen.globalAlpha = 1;
    pen.fillStyle = colours.panel;
    pen.fillRect(0, 0, width, height);
    this.drawGrid(colours, scroll);
    this.drawChords(take, colours, scroll);
    this.drawNotes(take, colours, scroll, playing ? cursor : -1);
    const x = this.x(cursor) - scroll;
    pen.fillStyle = colours.ink;
    pen.fillRect(x - 0.75, this.ruler - 6, 1.5, height);
    pen.beginPath();
    pen.arc(x, this.ruler - 5, 4, 0, 7);
    pen.fill();
    this.drawGutter(colours);
  }

  drawGrid(colours, scroll) {
    const { pen, width, height } = this;
    pen.fillStyle = colours.shade;
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if ([1, 3, 6, 8, 10].includes(pitch % 12)) pen.fillRect(0, this.yPitch(pitch), width, this.row);
    for (let lane = 1; lane < this.lanes; lane += 2) pen.fillRect(0, this.yLane(lane), width, LANE);
    pen.fillStyle = colours.line;
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if (pitch % 12 === 0) pen.fillRect(0, this.yPitch(pitch) + this.row - 1, width, 1);
    pen.fillRect(0, this.pitchEnd + GAP / 2, width, 1);
    pen.font = `11px ${FONT}`;
    let free = 0; // a number never runs into the one before it
    const { bars } = this.song;
    for (let i = below(bars, this.tick(scroll + GUTTER)); i < bars.length && this.x(bars[i]) - scroll < width; i++) {
      const x = Math.round(this.x(bars[i]) - scroll);
      pen.fillStyle = colours.bar;
      pen.fillRect(x, this.ruler - 6, 1, height);
      if (x < free || i === bars.length - 1) continue;
      pen.fillStyle = colours.muted;
      pen.fillText(i + 1, x + 5, NUMBERS - 12);
      free = x + 26;
    }
  }

  // The chords over the bars; one that would run into the next is left to a wider window.
  drawChords({ chords }, colours, scroll) {
    const { pen, width } = this;
    pen.fillStyle = colours.ink;
    pen.font = `600 12px ${FONT}`;
    let free = -Infinity;
    for (const [tick, symbol] of chords) {
      const x = this.x(tick) - scroll + 5, wide = pen.measureText(symbol).width;
      if (x > width) break;
      if (x < free) continue;
      pen.fillText(symbol, x, this.ruler - 12);
      free = x + wide + 4;
    }
    pen.font = `11px ${FONT}`;
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
    for (let pitch = this.low - 1; pitch <= this.high + 1; pitch++)
      if (pitch % 12 === 0) pen.fillText(`C${pitch / 12 - 1}`, GUTTER - 8, this.yPitch(pitch) + this.row / 2 + 4);
    pen.font = `10.5px ${FONT}`;
    for (let lane = 0; lane < this.lanes; lane++)
      pen.fillText(this.song.lanes[lane], GUTTER - 8, this.yLane(lane) + LANE - 3.5);
    pen.textAlign = "left";
  }

  yPitch(pitch) {
    return this.ruler + (this.high + 1 - pitch) * this.row;
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
