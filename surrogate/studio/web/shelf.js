// The takes so far: hear one, or play its bass or its drums with those of the current one.
"use strict";

import { make, refill } from "./dom.js";

export class Shelf {
  constructor(box, change) {
    Object.assign(this, { box, change });
  }

  show({ takes, current }) {
    const playing = takes.find(({ take }) => take === current);
    const rows = takes.map((take) => this.row(take, playing)).reverse(); // the newest on top
    refill(this.box, rows);
  }

  row(entry, playing) {
    const { take, words } = entry, on = take === playing.take, name = `Take ${take + 1}`;
    const show = make("button", { type: "button", className: "take", name, "aria-pressed": on },
      make("b", { textContent: name }), make("span", { textContent: words }));
    show.onclick = () => on || this.change({ kind: "show", take });
    const parts = ["bass", "drums"].map((part) => {
      const heard = on || origin(entry, part) === origin(playing, part);
      const whose = `${part} of take ${take + 1}`, title = heard ? `The ${whose}, playing` : `Play the ${whose}`;
      const button = make("button", { type: "button", className: "toggle", textContent: part, title });
      button.name = `${name} ${part}`;
      button.setAttribute("aria-label", title);
      button.setAttribute("aria-pressed", heard);
      const both = { bass: playing.take, drums: playing.take, [part]: take };
      button.onclick = () => heard || this.change({ kind: "combine", ...both });
      return button;
    });
    return make("div", { className: "shelved" }, show, ...parts);
  }
}

// The take that a part of a take was written for.
function origin(entry, part) {
  return entry[`${part}_from`] ?? entry.take;
}
