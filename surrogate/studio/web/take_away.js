// Files of the work to take away: by a click, or dragged to a folder or another program.
"use strict";

import * as api from "./api.js";
import { byId, make } from "./dom.js";

const FILES = [ // as the studio calls it, what its name ends in, what it is, its type
  ["take.mid?sections=true", " accompanied.mid", "This take, MIDI", "audio/midi"],
  ["melody.mid", " melody.mid", "Melody alone, MIDI", "audio/midi"],
  ["bass.mid", " bass.mid", "Bass alone, MIDI", "audio/midi"],
  ["drums.mid", " drums.mid", "Drums alone, MIDI", "audio/midi"],
  ["take.wav", " accompanied.wav", "This take, WAV", "audio/wav"],
  ["take.musicxml", ".musicxml", "This take, sheet music (MusicXML)", "application/vnd.recordare.musicxml+xml"],
  ["page.html", ".html", "A page that plays it", "text/html"],
  [api.WHOLE, ".work", "The whole work, to go on with", "application/octet-stream"],
];

export class TakeAway {
  // failed(error) is called where a file cannot be made, busy(whether one is being made).
  constructor(failed, busy) {
    Object.assign(this, { failed, busy });
    this.menu = make("div", { id: "files", popover: "auto", role: "group", "aria-label": "Take away" });
    this.button = make("button", { type: "button", className: "main", textContent: "Take away" });
    this.button.popoverTargetElement = this.menu;
    byId("top").append(this.menu);
  }

  show({ work }, title) {
    this.menu.replaceChildren(...FILES.map(([asked, ending, textContent, type]) => {
      const saved = title + ending;
      const link = make("a", { href: api.fileAddress(work, asked), download: saved, textContent });
      link.onclick = (event) => {
        event.preventDefault();
        this.menu.hidePopover();
        this.save(work, asked, saved);
      };
      link.ondragstart = (event) => event.dataTransfer.setData("DownloadURL", `${type}:${saved}:${link.href}`);
      return link;
    }));
  }

  // Through the script and not by the link, so that what goes wrong is told and not saved.
  async save(work, asked, saved) {
    this.busy(true);
    try {
      const address = URL.createObjectURL(await api.file(work, asked));
      make("a", { href: address, download: saved }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      this.failed(error);
    }
    this.busy(false);
  }
}
