// A figure before it is drawn: it has its height already, and says what it waits for.
//
//   reserve(figures, {chapter, words})   puts a skeleton into each empty figure; it goes when something else is drawn there
//   settle(chapter, figures)             all is drawn: remembers the heights for the next time
//   look({words, lang, signal})          asks the program what it is doing as long as a skeleton is seen

import * as api from "/static/js/api.js";
import { recall, remember } from "/static/js/frame.js";
import { HEIGHTS } from "/static/js/heights.js";
import { el, fill } from "/static/js/ui.js";

const LOOK_AFTER = 400; // ms
const LOOK_EVERY = 700;
const width = () => (innerWidth <= 500 ? "phone" : "wide");

export function reserve(figures, { chapter, words }) {
  const known = { ...HEIGHTS[width()], ...recall(`heights.${width()}`) };
  for (const figure of figures) {
    const height = known[`${chapter}.${figure.dataset.section}`];
    if (height) figure.style.minHeight = `${height}px`;
    const bone = el("div", { class: "skeleton" }, el("p", { class: "waiting", text: words("waiting") }));
    figure.append(bone);
    const watch = new MutationObserver(() => {
      if (figure.childElementCount < 2 && figure.contains(bone)) return;
      bone.remove();
      watch.disconnect();
    });
    watch.observe(figure, { childList: true });
  }
}

export function settle(chapter, figures) {
  const heights = recall(`heights.${width()}`) ?? {};
  for (const figure of figures) {
    figure.querySelector(":scope > .skeleton")?.remove();
    figure.style.minHeight = "";
    if (figure.childElementCount) heights[`${chapter}.${figure.dataset.section}`] = figure.offsetHeight;
  }
  remember(`heights.${width()}`, heights);
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
