// What all pages of the site share: what the browser remembers, and the strip below the bar that says in one line when
// the program is gone, or the list that the page shows.
//
//   LANGUAGES                              [{code, tag}]
//   remember(key, value) / recall(key)     kept in the browser (localStorage) under "nextchar."; "name" is the name that
//                                          was typed at the door
//   note(key, value) / noted(key)          the same, for this tab alone (sessionStorage)
//   strip(text, ...buttons)                shows the line; strip() takes it away
//   watchProgram(words)                    lets the strip say when the program is lost and found; words(key) is a text
//   watchList({words, onWay})              the same when the list is gone; onWay() draws the page anew
//   sayReadAs(words)                       where the list writes a typed word otherwise (emma for EMMA), says so below it

import * as api from "/static/js/api.js";
import { button, el, fill, inline } from "/static/js/ui.js";

export const LANGUAGES = [
  { code: "en", tag: "en" },
  { code: "zh", tag: "zh-Hans" },
];

function keep(store, key, value) {
  try {
    if (value === undefined) store().removeItem(`nextchar.${key}`);
    else store().setItem(`nextchar.${key}`, JSON.stringify(value));
  } catch {
    // The reader's browser keeps nothing, or not so much: so be it.
  }
}

function kept(store, key) {
  try {
    return JSON.parse(store().getItem(`nextchar.${key}`));
  } catch {
    return null;
  }
}

const forGood = () => localStorage;
const forTab = () => sessionStorage;
export const remember = (key, value) => keep(forGood, key, value);
export const recall = (key) => kept(forGood, key);
export const note = (key, value) => keep(forTab, key, value);
export const noted = (key) => kept(forTab, key);

// --- the strip -----------------------------------------------------------------------------------------------------

export function strip(text, ...buttons) {
  const bar = document.querySelector(".bar");
  const line = bar.querySelector(".bar-note") ?? bar.appendChild(el("div", { class: "bar-note", testid: "bar-note", attrs: { role: "status" } }));
  if (text === undefined) line.remove();
  else line.replaceChildren(el("span", {}, inline(text)), ...buttons.filter(Boolean));
}

export function watchProgram(words) {
  api.on("lost", () => strip(words("program_lost")));
  api.on("found", () => {
    strip(words("program_found"));
    setTimeout(() => {
      if (document.querySelector(".bar-note")?.textContent === words("program_found")) strip();
    }, 2500);
  });
}

export function watchList({ words, onWay }) {
  api.on("gone", ({ message }) => listGone({ message, words, onWay }));
}

// The line that a list is gone, with the way on: the list that is in use now, or this one again where the tab knows it.
export function listGone({ message, words, onWay }) {
  const own = noted("own");
  const way = async () => {
    strip();
    await onWay();
  };
  strip(
    message,
    own && button({
      label: words("list_again"), kind: "quiet", testid: "list-again",
      onClick: async () => {
        await api.post("/data", { text: own }, { anyList: true });
        await way();
      },
    }),
    button({ label: words("list_now"), kind: "quiet", testid: "list-now", onClick: () => {
      note("own", undefined);
      return way();
    } }),
  );
}

// --- a word in the letters of the list -----------------------------------------------------------------------------

export function sayReadAs(words) {
  api.on("answer", (answer) => {
    const input = document.activeElement;
    if (!(input instanceof HTMLInputElement) || input.type !== "text" || input.closest(".door-walk")) return;
    const place = input.closest(".controls") ?? input.closest(".control");
    if (!place || !input.dataset.testid) return;
    const old = place.nextElementSibling?.classList.contains("read-as") ? place.nextElementSibling : null;
    const read = answer?.read_as;
    if (read === undefined) {
      if (old && input.value !== old.dataset.typed) old.remove();
      return;
    }
    old?.remove();
    const hint = el("p", { class: "hint read-as", testid: "read-as", attrs: { "aria-live": "polite" } },
      inline(fill(words("read_as"), { word: read })));
    hint.dataset.typed = input.value;
    place.after(hint);
  });
}
