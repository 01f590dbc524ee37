// Elements of the page.
"use strict";

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// An element with properties, attributes (names with a hyphen, and role) and children.
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

export function icon(path) {
  const svg = document.createElementNS(SVG, "svg"), shape = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

// A button that is on or off; what it shows is a text or an icon, what it is called is its title.
export function toggle(shown, title, onchange) {
  const button = make("button", { type: "button", className: "toggle", title, "aria-label": title }, shown);
  button.press = (pressed) => button.setAttribute("aria-pressed", pressed);
  button.press(false);
  button.onclick = () => onchange(button.getAttribute("aria-pressed") !== "true");
  return button;
}

export function slider(name, label, [min, max, step, value], oninput) {
  const input = make("input", { type: "range", name, min, max, step, value, "aria-label": label });
  input.oninput = () => oninput(input.valueAsNumber);
  return input;
}

// Other children for an element; where one of its named children had the focus, the new one of that name has it.
export function refill(box, children) {
  const name = box.contains(document.activeElement) && document.activeElement.name;
  box.replaceChildren(...children);
  if (name) box.querySelector(`[name="${name}"]`)?.focus();
}

export function clock(at) {
  return `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}`;
}
