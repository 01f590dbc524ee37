// Play and pause, where it is, loop, tempo, volume of all.
"use strict";

import { clock, icon, make, slider, toggle } from "./dom.js";
import { VOLUME } from "./player.js";

const TO_PLAY = "M8 5v14l11-7z", TO_PAUSE = "M7 5h4v14H7zM13 5h4v14h-4z", TO_START = "M6 6h2v12H6zM9.5 12 18 6v12z";
const LOOP = "M7 7h10v3l4-4-4-4v3H5v6h2zM17 17H7v-3l-4 4 4 4v-3h12v-6h-2z";

export class Transport {
  // looping(on) is called where the player is to loop or to stop looping.
  constructor(box, player, looping) {
    this.player = player;
    const start = make("button", { type: "button", className: "toggle", title: "To the start (Home)" }, icon(TO_START));
    start.setAttribute("aria-label", "To the start");
    start.onclick = () => player.seek(0);
    this.button = make("button", { type: "button", id: "play", title: "Play or pause (space bar)" });
    this.button.onclick = () => player.toggle();
    this.loop = toggle(icon(LOOP), "Loop (L)", looping);
    this.loop.id = "loop";
    this.position = slider("seek", "Position", [0, 1, 0.01, 0], (at) => player.seek(at));
    this.position.id = "seek";
    this.bar = make("b", { id: "bar" });
    this.time = make("span", { id: "clock" });
    this.rate = slider("tempo", "Tempo", [50, 150, 1, 100], (percent) => player.set({ rate: percent / 100 }));
    this.pace = make("output", { id: "pace" });
    this.master = slider("master", "Volume of all", [0, 100, 1, VOLUME], (volume) => player.setMaster(volume));
    box.append(
      start, this.button, this.loop, this.position, make("p", { id: "position" }, this.bar, this.time),
      make("label", { className: "knob" }, make("span", {}, "Tempo ", this.pace), this.rate),
      make("label", { className: "knob" }, make("span", { textContent: "Volume" }), this.master),
    );
  }

  show(song) {
    this.song = song;
    this.position.max = song.duration;
    this.refresh();
  }

  // Where it is.
  draw(at) {
    if (!this.song) return;
    const bar = this.song.bar(this.song.tick(at)) + 1;
    this.position.value = at;
    this.position.setAttribute("aria-valuetext", `bar ${bar}`);
    this.bar.textContent = `Bar ${bar}`;
    this.time.textContent = `${clock(at)} / ${clock(this.song.duration)}`;
  }

  // What is set.
  refresh() {
    const { playing, loop, rate } = this.player;
    this.button.replaceChildren(icon(playing ? TO_PAUSE : TO_PLAY));
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.loop.press(Boolean(loop));
    const tempo = this.song?.tempo;
    this.pace.textContent = tempo ? `${Math.round(tempo * rate)} bpm` : `${Math.round(100 * rate)} %`;
    this.rate.setAttribute("aria-valuetext", this.pace.textContent);
  }
}
