// A figure before it is drawn: it has its height already (so has a guess), and says what it waits for.
//
//   reserve(main, {chapter, lang, words})   keeps the place of each guess and figure free, and puts a skeleton into each
//                                           figure; it goes when something else is drawn there
//   settle(main, {chapter, lang})           all is drawn: remembers the heights for the next time, and gives back what
//                                           was kept free too much where nobody sees it
//   look({words, signal})                   asks the program what it is doing as long as a skeleton is seen

import * as api from "/static/js/api.js";
import { recall, remember } from "/static/js/frame.js";
import { HEIGHTS } from "/static/js/heights.js";
import { el, fill } from "/static/js/ui.js";

const LOOK_AFTER = 400; // ms
const LOOK_EVERY = 700;
const PLACES = ".prediction[data-testid^=guess-], .figure[data-section]";
const width = () => (innerWidth <= 500 ? "phone" : "wide");
const key = (lang) => `heights.${lang}.${width()}`;

export function reserve(main, { chapter, lang, words }) {
  const measured = HEIGHTS[lang]?.[width()]?.[chapter] ?? {};
  const known = { ...measured, ...recall(key(lang))?.[chapter] };
  for (const place of main.querySelectorAll(PLACES)) {
    const height = known[place.dataset.testid];
    if (height) place.style.minHeight = `${height}px`;
    place.classList.toggle("reserved", Boolean(height));
    if (!place.matches(".figure")) continue;
    const bone = el("div", { class: "skeleton" }, el("p", { class: "waiting", text: words("waiting") }));
    place.append(bone);
    place.hidden = !height; // a section of text alone
    const watch = new MutationObserver(() => {
      if (place.childElementCount < 2 && place.contains(bone)) return;
      place.hidden = false;
      bone.remove();
      watch.disconnect();
    });
    watch.observe(place, { childList: true });
  }
}

export function settle(main, { chapter, lang }) {
  const heights = {};
  const places = [...main.querySelectorAll(PLACES)];
  const kept = places.map((place) => (place.getBoundingClientRect().top < innerHeight ? place.style.minHeight : ""));
  for (const place of places) {
    place.querySelector(":scope > .skeleton")?.remove();
    place.style.minHeight = "";
    place.classList.remove("reserved");
  }
  for (const place of places) if (place.childElementCount) heights[place.dataset.testid] = place.offsetHeight;
  for (const [i, place] of places.entries()) if (place.childElementCount) place.style.minHeight = kept[i];
  remember(key(lang), { ...recall(key(lang)), [chapter]: heights });
}

export async function look({ words, signal }) {
  await new Promise((resolve) => setTimeout(resolve, LOOK_AFTER));
  while (!signal.aborted) {
    const waiting = [...document.querySelectorAll(".skeleton .waiting")];
    if (waiting.length === 0) return;
    try {
      const { doing } = await api.get("/doing", {}, { signal, anyList: true });
      const [now] = doing;
      const text = now ? fill(words("waiting_for"), { what: now.what, seconds: Math.round(now.seconds) }) : words("waiting");
      for (const line of waiting) line.textContent = text;
    } catch {
      return; // the strip says more
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}
