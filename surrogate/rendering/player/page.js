// The page of takes, which needs nothing beside it.
"use strict";

import { Deck } from "./deck.js";
import { byId, make } from "./dom.js";
import { Song } from "./song.js";

const song = new Song(JSON.parse(byId("content").textContent));
const deck = new Deck(song.roles, { draw: mark });

function mark(at) {
  if (deck.take) deck.take.marker.style.left = `${(100 * song.tick(at)) / song.end}%`;
}

function choose(take) {
  take.radio.checked = true;
  if (take !== deck.take) deck.show(song, take);
}

function card(take) {
  take.radio = make("input", { type: "radio", name: "take", checked: take === song.takes[0] });
  take.radio.onchange = () => choose(take);
  take.canvas = make("canvas");
  take.marker = make("i");
  const overview = make("div", { className: "overview" }, take.canvas, take.marker);
  overview.onclick = (event) => {
    choose(take);
    const { left, width } = overview.getBoundingClientRect();
    deck.seek(song.seconds(((event.clientX - left) / width) * song.end));
  };
  const link = make("a", { href: `data:audio/midi;base64,${take.midi}`, download: take.file, textContent: "MIDI ↓" });
  link.setAttribute("aria-label", `Download ${take.label} as MIDI`);
  const head = make("div", {}, make("label", {}, take.radio, make("span", { textContent: take.label })), link);
  return make("div", { className: "take" }, head, overview);
}

function overviews() {
  for (const take of song.takes) deck.timeline.roll.overview(take.canvas, take);
}

byId("takes").append(...song.takes.map(card));
deck.show(song, song.takes[0]);
overviews();
addEventListener("resize", overviews);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", overviews);
