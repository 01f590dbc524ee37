// The page: which take, where in it, playing or not; and the controls that change this.
"use strict";

const LOOKAHEAD = 0.2, HIDDEN_LOOKAHEAD = 1.6; // seconds; a hidden page's timers run once a second
const VOLUMES = { melody: 80, bass: 80, drums: 70, other: 55, master: 80 };
const byId = (id) => document.getElementById(id);
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const song = JSON.parse(byId("content").textContent);
const { ticks, seconds } = song.map;
for (const track of song.tracks)
  track.notes = track.notes.map(([start, end, key, velocity]) => ({ start, end, key, velocity }));
for (const take of song.takes) {
  take.tracks = take.tracks.map((place) => song.tracks[place]);
  take.painted = [...take.tracks].sort((a, b) => PAINTED.indexOf(a.role) - PAINTED.indexOf(b.role));
}
const duration = seconds.at(-1);
const roll = new Roll(song);
const player = { take: song.takes[0], at: 0, playing: false, following: true, volumes: { ...VOLUMES } };
let audio, synth;

// The notes of a take in order of time, with times in seconds.
function timed(take) {
  take.timed ??= take.tracks
    .flatMap(({ role, drums, notes }) =>
      notes.map(({ start, end, key, velocity }) => ({
        role, drums, key, velocity, start: interpolate(ticks, seconds, start), end: interpolate(ticks, seconds, end),
      })))
    .sort((a, b) => a.start - b.start);
  return take.timed;
}

// Seconds from the song's start to what is heard now.
function now() {
  if (!player.playing) return player.at;
  return Math.min(duration, player.at + Math.max(0, audio.currentTime - player.since));
}

function play() {
  if (!audio) {
    audio = new AudioContext(); // not before a click, or browsers keep it silent
    synth = new Synth(audio, PAINTED);
    for (const [part, value] of Object.entries(player.volumes)) synth.volume(part, value / 100);
  }
  audio.resume();
  if (player.at >= duration - 0.01) player.at = 0;
  start();
  frame();
}

// Let the take sound from player.at on.
function start() {
  Object.assign(player, { playing: true, following: true, since: audio.currentTime + 0.04, next: 0 });
  synth.cut();
  const notes = timed(player.take);
  for (; player.next < notes.length && notes[player.next].start < player.at; player.next++)
    if (!notes[player.next].drums && notes[player.next].end > player.at + 0.05) sound(notes[player.next]);
  schedule();
  controls();
}

function sound(note) {
  const begin = player.since + Math.max(0, note.start - player.at);
  synth.play(note, Math.max(begin, audio.currentTime), player.since + note.end - player.at);
}

// Notes are handed to the synth shortly before they sound, so that a pause or another take is heard at once.
function schedule() {
  if (!player.playing) return;
  const notes = timed(player.take);
  const until = now() + (document.hidden ? HIDDEN_LOOKAHEAD : LOOKAHEAD);
  for (; player.next < notes.length && notes[player.next].start < until; player.next++) sound(notes[player.next]);
  if (now() >= duration) {
    pause();
    seek(0);
  }
}

function pause() {
  player.at = now();
  player.playing = false;
  synth?.cut();
  controls();
  draw();
}

function seek(at) {
  player.at = Math.max(0, Math.min(duration, at));
  player.following = true;
  if (player.playing) start();
  draw();
}

function choose(take) {
  if (take === player.take) return;
  player.at = now();
  player.take = take;
  take.radio.checked = true;
  if (player.playing) start();
  draw();
}

function frame() {
  cancelAnimationFrame(player.frame);
  if (!player.playing) return;
  draw();
  player.frame = requestAnimationFrame(frame);
}

function draw() {
  const at = now(), tick = interpolate(seconds, ticks, at), box = byId("roll");
  if (player.following) {
    const x = roll.x(tick) - box.scrollLeft; // from a third of the width on, the song moves, not the cursor
    if (player.playing ? x > box.clientWidth / 3 || x < GUTTER : x > box.clientWidth - 20 || x < GUTTER)
      box.scrollLeft = roll.x(tick) - Math.max(GUTTER, box.clientWidth / 3);
  }
  roll.draw(player.take, box.scrollLeft, tick, player.playing);
  const bar = Math.min(below(song.bars, tick), song.bars.length - 2) + 1;
  byId("seek").value = at;
  byId("seek").setAttribute("aria-valuetext", `bar ${bar}`);
  byId("bar").textContent = `Bar ${bar}`;
  byId("clock").textContent = `${clock(at)} / ${clock(duration)}`;
  player.take.marker.style.left = `${(100 * tick) / roll.end}%`;
}

function clock(at) {
  return `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}`;
}

function controls() {
  byId("play").classList.toggle("playing", player.playing);
  byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
}

function resize() {
  const box = byId("roll");
  byId("song").style.width = `${roll.fit(byId("notes"), box.clientWidth)}px`;
  for (const take of song.takes) roll.overview(take.canvas, take);
  draw();
}

for (const take of song.takes) {
  take.radio = make("input", { type: "radio", name: "take", checked: take === player.take });
  take.radio.onchange = () => choose(take);
  take.canvas = make("canvas");
  take.marker = make("i");
  const overview = make("div", { className: "overview" }, take.canvas, take.marker);
  overview.onclick = (event) => {
    choose(take);
    const { left, width } = overview.getBoundingClientRect();
    seek(interpolate(ticks, seconds, ((event.clientX - left) / width) * roll.end));
  };
  const link = make("a", { href: `data:audio/midi;base64,${take.midi}`, download: take.file, textContent: "MIDI ↓" });
  link.setAttribute("aria-label", `Download ${take.label} as MIDI`);
  const head = make("div", {}, make("label", {}, take.radio, make("span", { textContent: take.label })), link);
  byId("takes").append(make("div", { className: "take" }, head, overview));
}

const parts = ["melody", "bass", "drums", "other"].filter((role) => song.tracks.some((track) => track.role === role));
for (const part of [...parts, "master"]) {
  const name = part === "other" ? "Others" : part[0].toUpperCase() + part.slice(1);
  const slider = make("input", { type: "range", min: 0, max: 100, value: player.volumes[part], name: part });
  slider.oninput = () => {
    player.volumes[part] = slider.valueAsNumber;
    synth?.volume(part, slider.valueAsNumber / 100);
  };
  const label = make("label", {}, name, slider);
  if (part !== "master") label.style.setProperty("--colour", `var(--${part})`);
  byId("mixer").append(label);
}

byId("seek").max = duration;
byId("seek").oninput = (event) => seek(event.target.valueAsNumber);
byId("play").onclick = () => (player.playing ? pause() : play());
byId("notes").onclick = (event) => {
  if (event.offsetX >= GUTTER) seek(interpolate(ticks, seconds, roll.tick(event.offsetX + byId("roll").scrollLeft)));
};
for (const gesture of ["wheel", "pointerdown", "keydown"]) // who scrolls by hand wants to look elsewhere
  byId("roll").addEventListener(gesture, () => (player.following = false), { passive: true });
byId("roll").addEventListener("scroll", () => player.playing || draw());
addEventListener("keydown", (event) => {
  if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("button, a")) return;
  event.preventDefault(); // scrolling the page
  if (!event.repeat) byId("play").click();
});
addEventListener("resize", resize);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", resize);
setInterval(schedule, 50);
document.addEventListener("visibilitychange", schedule);
resize();
