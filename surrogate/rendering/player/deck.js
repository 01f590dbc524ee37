// What every page has that shows and plays a song: timeline, transport and mixer around one player, and their keys.
"use strict";

import { byId } from "./dom.js";
import { Mixer } from "./mixer.js";
import { Player } from "./player.js";
import { ROLES, below } from "./song.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";

export class Deck {
  // on: what Timeline calls beside seeking: select, section, chord; each may be left out.
  constructor(roles = ROLES, on = {}) {
    this.on = on;
    this.player = new Player(roles, () => this.refresh());
    this.timeline = new Timeline(byId("roll"), {
      ...on,
      seek: (at) => this.seek(at),
      select: (bars) => this.selected(bars),
      section: ({ first, end }) => this.section([first, end]),
    });
    this.transport = new Transport(byId("transport"), this.player, (on) => this.loop(on));
    this.mixer = new Mixer(byId("mixer"), roles, this.player);
    addEventListener("keydown", (event) => this.key(event));
  }

  show(song, take, chords) {
    Object.assign(this, { song, take });
    this.player.load(song, take);
    this.timeline.show(song, take, chords);
    this.transport.show(song);
    this.mixer.show(song);
    this.refresh();
  }

  refresh() {
    this.transport?.refresh();
    this.mixer?.refresh();
    this.frame();
  }

  frame() {
    cancelAnimationFrame(this.next);
    const { now, playing } = this.player;
    this.timeline?.draw(now, playing);
    this.transport?.draw(now);
    this.on.draw?.(now);
    if (playing) this.next = requestAnimationFrame(() => this.frame());
  }

  seek(at) {
    this.timeline.following = true;
    this.player.seek(at);
  }

  // The loop is what is selected, or the whole song.
  loop(on) {
    this.looping = on;
    const [first, end] = this.timeline.selection ?? [0, this.song.bars.length - 1];
    this.player.set({ loop: on ? [this.song.barSeconds[first], this.song.barSeconds[end]] : null });
  }

  selected(bars) {
    if (this.looping) this.loop(true);
    this.on.select?.(bars);
  }

  section(bars) {
    this.timeline.select(bars);
    this.seek(this.song.barSeconds[bars[0]]);
  }

  // A beat or a bar back (-1) or on (1).
  step(direction, points) {
    const at = this.player.now, i = below(points, at + 0.01);
    const before = at - points[i] > 0.2 ? i : Math.max(0, i - 1);
    this.seek(points[direction > 0 ? Math.min(i + 1, points.length - 1) : before]);
  }

  // The selection begins or ends with the bar where the cursor is.
  mark(side) {
    const bar = this.song.bar(this.song.tick(this.player.now));
    const [first, end] = this.timeline.selection ?? [bar, bar + 1];
    this.timeline.select(side ? [Math.min(first, bar), bar + 1] : [bar, Math.max(end, bar + 1)]);
  }

  key(event) {
    const { key, shiftKey, target, ctrlKey, altKey, metaKey, defaultPrevented } = event;
    if (!this.timeline.box.offsetParent || ctrlKey || altKey || metaKey || defaultPrevented) return; // or it is not shown
    if (key === "Escape" && document.querySelector(":popover-open")) return; // which it closes
    if (target.closest("select, dialog, input:not([type=range], [type=radio], [type=checkbox])")) return;
    if (key === " " && target.closest("button, a, summary, input:not([type=range])")) return; // which it presses
    if (key.startsWith("Arrow") || key === "Home") if (target.closest("input, .strip")) return; // which they move
    const { player, mixer, song } = this, part = player.mix[mixer.current];
    const commands = {
      " ": () => event.repeat || player.toggle(),
      ArrowLeft: () => this.step(-1, shiftKey ? song.barSeconds : song.beats.flat()),
      ArrowRight: () => this.step(1, shiftKey ? song.barSeconds : song.beats.flat()),
      Home: () => this.seek(0),
      l: () => this.loop(!player.loop),
      m: () => player.setPart(mixer.current, { muted: !part.muted }),
      s: () => player.setPart(mixer.current, { solo: !part.solo }),
      "[": () => this.mark(0),
      "]": () => this.mark(1),
      Escape: () => this.timeline.select(null),
    };
    const command = commands[key.length === 1 ? key.toLowerCase() : key];
    if (!command) return;
    event.preventDefault(); // scrolling the page
    command();
  }
}
