// A row for each part: its name, volume, mute and solo.
"use strict";

import { make, slider, toggle } from "./dom.js";

const NAMES = { melody: "Melody", bass: "Bass", drums: "Drums", other: "Others" };

export class Mixer {
  constructor(box, roles, player) {
    this.player = player;
    this.current = roles[0];
    this.rows = Object.fromEntries(roles.map((role) => [role, this.row(role)]));
    box.append(...Object.values(this.rows));
    this.refresh();
  }

  row(role) {
    const name = NAMES[role], { player } = this;
    const mute = toggle("M", `Mute ${name.toLowerCase()}`, (muted) => player.setPart(role, { muted }));
    const solo = toggle("S", `Solo ${name.toLowerCase()}`, (on) => player.setPart(role, { solo: on }));
    const volume = slider(role, `${name} volume`, [0, 100, 1, player.mix[role].volume], (value) =>
      player.setPart(role, { volume: value }));
    const head = make("div", { className: "channel" }, make("b", { textContent: name }), volume, mute, solo);
    const row = make("div", { className: "part", role: "group", "aria-label": name }, head);
    row.style.setProperty("--colour", `var(--${role})`);
    for (const gesture of ["focusin", "pointerdown"]) row.addEventListener(gesture, () => this.choose(role));
    return Object.assign(row, { mute, solo, volume, head });
  }

  // The part that the keys M and S are for.
  choose(role) {
    this.current = role;
    this.refresh();
  }

  show(song) {
    for (const [role, row] of Object.entries(this.rows)) row.hidden = !song.roles.includes(role);
  }

  refresh() {
    for (const [role, row] of Object.entries(this.rows)) {
      const { muted, solo } = this.player.mix[role];
      row.mute.press(muted);
      row.solo.press(solo);
      row.classList.toggle("current", role === this.current);
    }
  }
}
