// Where a reader was in a chapter, and what was typed and set there: kept for this tab, so that going back, another
// language and a page that is loaded anew show the same place again.
//
//   begin(main)                 the chapter is drawn: what its controls hold now is what they hold by default
//   keep(key, main)             remembers place and values under a key
//   values(key, main)           sets the controls to what was remembered, as if the reader had done it
//   scroll(key, main)           goes back to the place; true if one was remembered
//   hold(key, main)             stays there while figures still change their heights, unless the reader moves

import { note, noted } from "/static/js/frame.js";

const CONTROLS = "input[data-testid], select[data-testid], textarea[data-testid], fieldset[data-testid]";
const HOLD = 3000; // ms
let defaults = new Map();
let moved = false;

for (const event of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  addEventListener(event, () => {
    moved = true;
  }, { passive: true });
}

function read(control) {
  if (control.tagName === "FIELDSET") return control.querySelector("input:checked")?.value;
  if (control.type === "file") return undefined;
  return control.type === "checkbox" ? control.checked : control.value;
}

function write(control, value) {
  let target = control;
  if (control.tagName === "FIELDSET") {
    target = [...control.querySelectorAll("input")].find((input) => input.value === value);
    if (!target) return;
    target.checked = true;
  } else if (control.type === "checkbox") control.checked = value;
  else control.value = value;
  if (control.type !== "checkbox" && control.tagName !== "FIELDSET") target.dispatchEvent(new Event("input", { bubbles: true }));
  target.dispatchEvent(new Event("change", { bubbles: true }));
}

const all = (main) => [...main.querySelectorAll(CONTROLS)].map((control) => [control.dataset.testid, control]);

export function begin(main) {
  defaults = new Map(all(main).map(([name, control]) => [name, read(control)]));
}

// The section at the top of the window, and how much of it is above; a section has other heights in other languages.
function spot(main) {
  const top = document.querySelector(".bar")?.offsetHeight ?? 0;
  const section = [...main.querySelectorAll("section[id]")].findLast((one) => one.getBoundingClientRect().top <= top + 1);
  if (!section) return { y: scrollY };
  const box = section.getBoundingClientRect();
  return { id: section.id, share: (top - box.top) / Math.max(box.height, 1) };
}

export function keep(key, main) {
  const changed = all(main)
    .map(([name, control]) => [name, read(control)])
    .filter(([name, value]) => defaults.has(name) && value !== undefined && value !== defaults.get(name));
  note(`place.${key}`, { spot: spot(main), values: Object.fromEntries(changed) });
}

export function values(key, main) {
  const remembered = noted(`place.${key}`)?.values ?? {};
  for (const [name, control] of all(main)) {
    if (name in remembered && read(control) !== remembered[name]) write(control, remembered[name]);
  }
}

export function scroll(key, main) {
  const remembered = noted(`place.${key}`)?.spot;
  if (!remembered) return false;
  const top = document.querySelector(".bar")?.offsetHeight ?? 0;
  const section = remembered.id && main.querySelector(`#${CSS.escape(remembered.id)}`);
  const y = section
    ? section.getBoundingClientRect().top + scrollY - top + remembered.share * section.offsetHeight
    : remembered.y ?? 0;
  scrollTo({ top: y, behavior: "instant" });
  return true;
}

// What was typed draws other figures, which come a little later and have other heights: stays at the place meanwhile.
export function hold(key, main) {
  moved = false;
  const observer = new ResizeObserver(() => {
    if (moved) observer.disconnect();
    else scroll(key, main);
  });
  observer.observe(main);
  setTimeout(() => observer.disconnect(), HOLD);
}
