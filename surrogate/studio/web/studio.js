// The studio: one work on the page, and everything that shows or changes it.
"use strict";

import * as api from "./api.js";
import { Choices } from "./choices.js";
import { ChordEditor } from "./chord_editor.js";
import { Deck } from "./deck.js";
import { byId, clock, make, toggle } from "./dom.js";
import { Opening, reopen, titleOf } from "./opening.js";
import { Parts } from "./parts.js";
import { Shelf } from "./shelf.js";
import { Song, ROLES } from "./song.js";
import * as store from "./store.js";
import { TakeAway } from "./take_away.js";

const DRUMS_HEIGHT = 188; // CSS pixels, with scroll bar, borders and gaps
const KEEP_AFTER = 800; // milliseconds without a change, before the work is kept in the browser
const HEARD_AFTER = 600; // milliseconds in which a browser that lets a page sound begins to

const change = (wanted) => changes.make(wanted);
const changes = new api.Changes({ state: show, failed, busy });
const deck = new Deck(ROLES, { select: showScope, room, chord: (chord, button) => editor.open(chord, button) });
const parts = new Parts(deck.mixer, change);
const shelf = new Shelf(byId("shelf"), change);
const choices = new Choices(byId("choices"), change);
const editor = new ChordEditor(change);
const takeAway = new TakeAway(tell, busy);
const opening = new Opening(byId("start"), opened);
let state = null;

// The bar at the top.

const undo = tool("Undo", "Undo (Ctrl+Z)", () => change({ kind: "undo" }));
const redo = tool("Redo", "Redo (Ctrl+Shift+Z)", () => change({ kind: "redo" }));
const another = tool("Open", "Open another melody", () => showStart(true));
const back = tool("Back", "Back to the work that is open", () => showStart(false));
byId("tools").append(back, another, undo, redo, byId("help"), takeAway.button);

function tool(words, title, onclick) {
  return Object.assign(make("button", { type: "button", className: "toggle", title, textContent: words }), { onclick });
}

// Writing anew, of the bars that are selected or of the song.

const scope = make("b", { id: "scope" });
const nothing = tool("Deselect", "Select nothing (Escape)", () => deck.timeline.select(null));
const anew = Object.entries({ "New bass": ["bass"], "New drums": ["drums"], "New both": ["bass", "drums"] }).map(
  ([textContent, written]) => {
    const onclick = () => change({ kind: "regenerate", parts: written, bars: deck.timeline.selection });
    return Object.assign(make("button", { type: "button", className: "main", textContent }), { written, onclick });
  },
);
byId("act").append(scope, ...anew, nothing);

function showScope() {
  const bars = deck?.timeline?.selection;
  const of = bars?.[1] - bars?.[0] === 1 ? `Bar ${bars[1]}` : `Bars ${bars?.[0] + 1} to ${bars?.[1]}`;
  scope.textContent = bars ? of : "Whole song";
  nothing.hidden = !bars;
  for (const button of anew) button.disabled = button.written.every((part) => state?.locked[part]);
}

// The height for the roll's pitches beside what else the stage holds; on narrow windows the page scrolls.
function room() {
  const others = [byId("act"), ...document.querySelectorAll(".strip")].map(({ offsetHeight }) => offsetHeight);
  const left = others.reduce((rest, height) => rest - height, byId("stage").clientHeight - DRUMS_HEIGHT);
  return innerWidth > 1000 ? Math.max(180, left) : undefined;
}

// The metronome.

const metronome = toggle("Click", "Click on each beat", (on) => {
  deck.player.set({ metronome: on });
  metronome.press(on);
});
const countIn = toggle("Count", "Count a bar in before it plays", (on) => {
  deck.player.set({ countIn: on });
  countIn.press(on);
});
deck.transport.loop.after(metronome, countIn);

// A work.

async function opened(promise, words) {
  try {
    const made = await awaited(promise, `Writing bass and drums for ${words}`);
    deck.player.playing && deck.player.pause();
    deck.player.at = 0;
    deck.timeline.select(null);
    show(made);
    listen();
  } catch (error) {
    tell(error);
  }
}

// What a promise gives, and till then words and a bar that moves.
async function awaited(promise, words) {
  tell(null);
  document.body.classList.add("opening");
  byId("status").replaceChildren(`${words} `, make("progress", { "aria-label": words }));
  try {
    return await promise;
  } finally {
    document.body.classList.remove("opening");
    tell(null);
  }
}

// It plays at once where the browser lets a page sound that was not clicked on.
function listen() {
  deck.player.play();
  setTimeout(() => {
    if (deck.player.audio.state !== "suspended") return;
    deck.player.pause();
    byId("status").textContent = "Your browser lets the page sound after a click: press play.";
  }, HEARD_AFTER);
}

function show(made) {
  state = made;
  changes.follow(state);
  history.replaceState(null, "", `#${state.work}`);
  const song = new Song({
    ...state.song, sections: state.sections, beats: state.bars.map(({ beats }) => beats), tempo: state.assumed.tempo,
  });
  showStart(false);
  deck.show(song, song.takes[0], chordsOf(song));
  showControls();
  clearTimeout(keep.timer);
  keep.timer = setTimeout(keep, KEEP_AFTER);
}

function showControls() {
  for (const controls of [parts, shelf, choices]) controls.show(state);
  takeAway.show(state, titleOf(state));
  undo.disabled = !state.can_undo;
  redo.disabled = !state.can_redo;
  showScope();
}

// Every half bar's chord; one that only goes on is "held".
function chordsOf(song) {
  return state.chords.map((chord, i) => {
    const before = state.chords[i - 1], held = chord.symbol === before?.symbol && chord.given === before.given;
    const half = chord.half ? ", second half" : "", given = chord.given ? ", yours" : "";
    const words = `${chord.symbol}, bar ${chord.bar + 1}${half}${given}`;
    return { ...chord, tick: Math.round(song.tick(chord.seconds)), held, words };
  });
}

async function keep() {
  const { work, name, number } = state;
  try {
    const blob = await api.file(work, api.WHOLE);
    await store.put({ work, name, number, when: Date.now(), blob });
  } catch {
    // It is not kept, where the browser keeps nothing; the file can still be taken away.
  }
}

// The page to begin a work on, or the one that is open.
function showStart(shown) {
  byId("start").hidden = !shown;
  byId("work").hidden = byId("transport").hidden = shown;
  for (const control of byId("tools").children) control.hidden = shown;
  back.hidden = !shown || !state;
  byId("title").textContent = shown ? "Studio" : titleOf(state);
  byId("facts").textContent = shown ? "" : facts(state);
  document.title = shown ? "Studio" : `${titleOf(state)} - Studio`;
  if (shown) {
    if (deck.player.playing) deck.player.pause();
    opening.listKept();
  }
}

function facts({ bars, song, assumed: { key, meter, tempo } }) {
  return [`${bars.length} bars`, clock(song.map.seconds.at(-1)), key, meter, `${Math.round(tempo)} bpm`].join(" · ");
}

// A change that was not made: controls show again what is.
function failed(error) {
  showControls();
  tell(error);
}

// What went wrong, in a line; null takes it away.
function tell(error) {
  byId("status").textContent = error?.message ?? "";
  byId("status").classList.toggle("wrong", Boolean(error));
}

function busy(is) {
  document.body.classList.toggle("busy", is);
  if (is) tell(null);
}

addEventListener("pointerdown", () => document.body.classList.contains("opening") || tell(null));
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
  if (!state || event.target.closest("dialog, input[type=text], input[type=number]")) return;
  event.preventDefault();
  const step = event.shiftKey ? "redo" : "undo";
  if (state[`can_${step}`]) change({ kind: step });
});

// The work that the address names, from the studio or from what the browser has kept of it.
async function resume() {
  const work = location.hash.slice(1);
  if (!work) return;
  try {
    show(await awaited(api.state(work), "Opening"));
  } catch (error) {
    const record = await store.get(work).catch(() => null);
    if (record) await opened(reopen(record), record.name);
    else tell(error);
  }
}

// The machine's own soundfont, once it is loaded; without one the small synthesiser stays.
async function loadSoundfont() {
  const bytes = await api.soundfont();
  if (!bytes) return;
  const { player } = deck, { SoundfontSynth } = await import("./soundfont.js");
  player.prepare();
  player.use(await SoundfontSynth.load(player.audio, ROLES, bytes));
}

showStart(true);
resume();
loadSoundfont();

// For programs that look at the page from outside.
globalThis.studio = { deck, change, get state() { return state; } };
