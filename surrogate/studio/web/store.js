// Works kept in the browser: each as the file that the studio opens again.
"use strict";

const MOST = 12; // works; the oldest go first

function finished(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

let database;

async function works(mode) {
  database ??= finished(
    Object.assign(indexedDB.open("studio", 1), {
      onupgradeneeded: (event) => event.target.result.createObjectStore("works", { keyPath: "work" }),
    }),
  );
  return (await database).transaction("works", mode).objectStore("works");
}

// {work, name, number (of its last change), when (milliseconds), blob} of all, the newest first.
export async function list() {
  const kept = await finished((await works("readonly")).getAll());
  return kept.sort((a, b) => b.when - a.when);
}

export async function get(work) {
  return finished((await works("readonly")).get(work));
}

export async function put(record) {
  await finished((await works("readwrite")).put(record));
  for (const { work } of (await list()).slice(MOST)) await remove(work);
}

export async function remove(work) {
  await finished((await works("readwrite")).delete(work));
}
