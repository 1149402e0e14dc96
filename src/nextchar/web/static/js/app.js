// The frame: which chapter and language the address names, the navigation, the list in use, and errors.
//
// A chapter is js/chapters/cNN.js with  export async function render(root, ctx).  When it is called, the headings,
// texts and code of the chapter are on the page already; it builds the figures. It returns when the first drawing is
// done, and <main data-ready="true"> is set then.
//
//   ctx.lang            "en" | "zh"
//   ctx.chapter         the document of /api/chapter/{n}
//   ctx.site            the document of /api/site
//   ctx.facts           site.data
//   ctx.api, ctx.charts, ctx.ui   the modules of those names
//   ctx.t(key, values)  a label of the chapter (or else of the site), its {:slots} filled
//   ctx.has(key)        whether there is such a label
//   ctx.named(symbol, boundary)   a symbol as a word in a sentence: the boundary by its name, as its sign would end the
//                       sentence; of an alphabet that is not the list's own, `boundary` is the sign
//   ctx.figure(id)      the element for the figure of the section with that id (null if there is no such section)
//   ctx.data()          Promise of /api/data (asked once for each chapter)
//   ctx.signal          aborted when the chapter is left: give it to requests
//   ctx.onLeave(fn)     called when the chapter is left
//   ctx.guard(work, place)   runs an async function; an ApiError is shown as text in `place`, an abort is let pass
//   ctx.hasTorch             whether PyTorch is there
//   ctx.needsTorch(place)    whether PyTorch is missing; then `place` says so
//   ctx.predict(id, found)   what depends on the list in the guess of a section: see asking.js
//   ctx.remember(key, value) / ctx.recall(key)   kept in the browser (localStorage), under "nextchar."
//   ctx.link(n)         the address of chapter n in this language

import * as api from "/static/js/api.js";
import { asking } from "/static/js/asking.js";
import * as charts from "/static/js/charts.js";
import { runnable } from "/static/js/code.js";
import * as frame from "/static/js/frame.js";
import * as ownList from "/static/js/own_list.js";
import * as places from "/static/js/places.js";
import * as skeletons from "/static/js/skeletons.js";
import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const { LANGUAGES } = frame;
const WORDS = JSON.parse(document.getElementById("words").textContent); // until those of another language are here

const AHEAD = { 5: ["/smoothing/curve", "/net/ready"], 6: ["/net/ready"], 7: ["/equivalence/map"], 8: ["/orders", "/models"], 11: ["/inside/map"] };
// Figures whose first answers came with the page: asked once they are drawn, so that PyTorch is loaded and the net is read
// when the reader types. [path, body]
const SOON = {
  12: ["/inside/moved", { text: "a", moves: [] }],
  13: ["/inside/layers", { depth: 1 }],
  14: ["/inside/hidden", { text: "a" }],
  15: ["/inside/gates", { text: "a" }],
  16: ["/inside/merges", { text: "a" }],
  17: ["/inside/attention", { text: "a", arc: [{ layer: 0, head: 0, reader: 0 }] }],
};
const AHEAD_AFTER = 4000; // ms without a key: what is computed ahead slows the answers to a reader who types
const TORCH = /^\/(net|equivalence|inside)/;

const main = document.getElementById("content");
const nav = document.getElementById("chapters");
const menu = document.getElementById("menu");
const barEnd = document.getElementById("bar-end");

let lang = "en";
let site = null;
let shown = ""; // the address of what is on the page
let visit = null; // {controller, leaving: [fn]} of the chapter on the page

let typed = -Infinity; // when, on the clock of the page
addEventListener("input", () => {
  typed = performance.now();
}, { passive: true });

// --- addresses -----------------------------------------------------------------------------------------------------

function place() {
  const number = Number(/^\/lesson\/(\d+)/.exec(location.pathname)?.[1] ?? 1);
  const wanted = new URLSearchParams(location.search).get("lang");
  const known = LANGUAGES.some(({ code }) => code === wanted);
  return { number, lang: known ? wanted : navigator.language.startsWith("zh") ? "zh" : "en" };
}

function link(number, language = lang) {
  return `/lesson/${number}?lang=${language}`;
}

// Where the reader goes by a link; to the same chapter in another language it is the same place.
function go(address) {
  const before = place().number;
  history.pushState(null, "", address);
  show(place().number === before ? { place: "same" } : { focus: true });
}

function ownLink(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const anchor = event.target.closest("a");
  if (!anchor || anchor.target || anchor.origin !== location.origin) return;
  if (!/^\/lesson\/\d+$/.test(anchor.pathname)) return;
  event.preventDefault();
  closeMenu();
  go(anchor.href);
}

// --- the frame -----------------------------------------------------------------------------------------------------

function text(key, values) {
  const found = site?.labels?.[key] ?? WORDS[key] ?? key;
  return ui.fill(found, values);
}

function drawFrame(number) {
  document.documentElement.lang = LANGUAGES.find(({ code }) => code === lang).tag;
  document.getElementById("skip").textContent = text("skip");
  const brand = document.getElementById("brand");
  brand.href = `/?lang=${lang}`;
  brand.setAttribute("aria-label", text("to_the_door"));
  menu.textContent = text("menu");
  nav.setAttribute("aria-label", text("chapters"));
  clear(
    nav,
    el(
      "ol",
      {},
      site.chapters.map((chapter) =>
        el(
          "li",
          {},
          el(
            "a",
            {
              testid: `chapter-link-${chapter.number}`,
              attrs: { href: link(chapter.number), "aria-current": chapter.number === number ? "page" : null },
            },
            el("span", { class: "chapter-number", text: String(chapter.number) }),
            el("span", { text: chapter.title }),
          ),
        ),
      ),
    ),
    el("a", { class: "to-glossary", text: text("glossary"), testid: "to-glossary", attrs: { href: `/glossary?lang=${lang}` } }),
  );
  const data = ui.button({ label: "", onClick: openData, kind: "quiet data-button", testid: "data-open" });
  data.append(el("span", { class: "wide-only", text: dataLabel() }), el("span", { class: "narrow-only", text: site.data.data_name }));
  data.setAttribute("aria-label", `${dataLabel()}. ${text("data_heading")}`);
  clear(barEnd, data);
  drawDoors();
  for (const { code } of LANGUAGES) {
    const anchor = document.querySelector(`[data-testid=language-${code}]`);
    anchor.href = link(number, code);
    anchor.toggleAttribute("aria-current", false);
    if (code === lang) anchor.setAttribute("aria-current", "true");
  }
}

// The rooms of the site; on a phone the bar has no room for them, and they stand above the chapters.
function drawDoors() {
  const [learn, names] = document.querySelectorAll(".bar .doors a");
  learn.textContent = text("learn");
  learn.href = link(1);
  names.textContent = text("make_names");
  names.href = `/names?lang=${lang}`;
  document.querySelector(".bar .doors").setAttribute("aria-label", text("doors"));
  document.getElementById("languages").setAttribute("aria-label", text("language"));
  nav.prepend(
    el("div", { class: "doors narrow" },
      el("a", { text: text("to_the_door_short"), attrs: { href: `/?lang=${lang}` } }),
      el("a", { text: text("make_names"), attrs: { href: `/names?lang=${lang}` } })),
  );
}

function dataLabel() {
  return text("data_in_use", { name: site.data.data_name, items: ui.integer(site.data.items) });
}

function closeMenu() {
  menu.setAttribute("aria-expanded", "false");
  nav.classList.remove("open");
}

menu.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", String(open));
  nav.classList.toggle("open", open);
  if (open) nav.querySelector("a")?.focus();
});
nav.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && nav.classList.contains("open")) {
    closeMenu();
    menu.focus();
  }
});

// --- a chapter -----------------------------------------------------------------------------------------------------

const placeKey = () => `${visit.number}.${site?.data?.fingerprint}`;

function leave() {
  if (!visit) return;
  if (visit.drawn) places.keep(placeKey(), main);
  visit.controller.abort();
  for (const fn of visit.leaving) fn();
  charts.dispose();
  visit = null;
}

function trouble(error) {
  const words = error instanceof api.ApiError ? error.message : text("error_server");
  return ui.message("error", words, "error");
}

// place: "top", or the "same" as when the reader was last here
async function show({ focus = false, place: where = "top" } = {}) {
  leave();
  const controller = new AbortController();
  const wanted = place();
  visit = { controller, leaving: [], number: wanted.number, drawn: false };
  const here = visit;
  main.dataset.ready = "false";
  main.setAttribute("aria-busy", "true");
  shown = location.pathname + location.search;
  ({ lang } = wanted);
  api.setLanguage(lang);
  ui.setLanguage(lang);
  try {
    const options = { signal: controller.signal, anyList: true };
    const [siteDocument, chapter] = await Promise.all([
      api.get("/site", {}, options),
      api.get(`/chapter/${wanted.number}`, {}, options),
    ]);
    site = siteDocument;
    listShown();
    drawFrame(wanted.number);
    drawTexts(chapter, wanted.number);
    const same = where === "same" && places.scroll(placeKey(), main);
    if (same) places.hold(placeKey(), main);
    if (focus && !same) {
      scrollTo(0, 0);
      main.querySelector("h1").focus({ preventScroll: true });
    } else if (location.hash.length > 1 && !same) {
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    }
    await drawFigures(chapter, wanted.number, here);
    if (here !== visit) return;
    here.drawn = true;
    if (wanted.number in AHEAD) lookAhead(wanted.number, controller.signal);
    if (wanted.number in SOON && site.has_torch) getReady(wanted.number, controller.signal);
    places.begin(main);
    places.values(placeKey(), main);
  } catch (error) {
    if (here !== visit || api.isAbort(error)) return;
    console.error(error);
    if (!main.querySelector("h1")) clear(main, el("h1", { text: "nextchar" }));
    main.querySelector("h1").after(trouble(error));
  }
  if (here !== visit) return;
  main.dataset.ready = "true";
  main.removeAttribute("aria-busy");
}

// From now on requests say which list this page shows. Where this tab last had a list of the reader's own and the
// program knows nothing of it, as it was restarted, the strip says so.
function listShown() {
  const { fingerprint, own } = site.data;
  api.setList(fingerprint);
  if (frame.noted("own") !== null && !own) {
    frame.listGone({ message: text("list_lost"), words: text, onWay: () => show({ place: "same" }) });
  }
}

// While a chapter is read, what the next one needs and what takes seconds is computed already, PyTorch loaded included.
async function lookAhead(number, signal) {
  try {
    do await ui.pause(AHEAD_AFTER, signal);
    while (performance.now() - typed < AHEAD_AFTER);
    for (const path of AHEAD[number]) {
      if (site.has_torch || !TORCH.test(path)) await api.get(path, {}, { signal });
    }
  } catch {
    // The next chapter asks again, and says what is wrong.
  }
}

async function getReady(number, signal) {
  try {
    await ui.pause(0, signal); // when the browser has drawn
    await api.post(...SOON[number], { signal });
  } catch {
    // The figure asks again, and says what is wrong.
  }
}

function drawTexts(chapter, number) {
  document.title = `${number}. ${chapter.title} · nextchar`;
  visit.asking = asking({ chapter, number, text, list: site.data });
  const snippets = new Map(chapter.snippets.map((snippet) => [snippet.id, snippet]));
  const codeOf = (id, heading = id) => {
    const snippet = snippets.get(id);
    snippets.delete(id);
    return (
      snippet &&
      runnable({
        snippet, number, name: `${text("code_heading")}: ${heading}`, text, signal: visit.controller.signal,
      })
    );
  };
  const sections = chapter.sections.map((section) => {
    const heading = `h-${section.id}`;
    return el(
      "section",
      { class: "section", id: section.id, attrs: { "aria-labelledby": heading } },
      el("h2", { id: heading, text: section.heading }),
      visit.asking.slot(section.id),
      el("div", { class: "prose" }, ui.rich(section.text)),
      el("div", { class: "figure", testid: `figure-${section.id}`, attrs: { "data-section": section.id } }),
      codeOf(section.id, section.heading),
    );
  });
  clear(
    main,
    el(
      "div",
      { class: "chapter-head" },
      el("p", { class: "eyebrow", text: text("chapter_of", { number, total: site.chapters.length }) }),
      el("h1", { text: chapter.title, attrs: { tabindex: "-1" } }),
      el("p", { class: "goal" }, ui.inline(chapter.goal)),
    ),
    sections,
    [...snippets.keys()].map((id) => codeOf(id)),
    visit.asking.checks(),
    pager(number),
  );
}

function pager(number) {
  const to = (target, kind) => {
    const chapter = site.chapters.find((entry) => entry.number === target);
    if (!chapter) return el("span");
    return el(
      "a",
      { class: `pager-${kind}`, testid: kind, attrs: { href: link(target), rel: kind === "next" ? "next" : "prev" } },
      el("span", { class: "pager-word", text: text(kind) }),
      el("span", { class: "pager-title", text: `${chapter.number}. ${chapter.title}` }),
    );
  };
  return el(
    "nav",
    { class: "pager", attrs: { "aria-label": text("pager") } },
    to(number - 1, "previous"),
    to(number + 1, "next"),
  );
}

async function drawFigures(chapter, number, here) {
  const figures = [...main.querySelectorAll(".figure[data-section]")];
  skeletons.reserve(main, { chapter: number, lang, words: text });
  skeletons.look({ words: text, signal: here.controller.signal });
  const module = await import(`/static/js/chapters/c${String(number).padStart(2, "0")}.js`);
  if (here !== visit) return;
  await module.render(main, context(chapter, here));
  skeletons.settle(main, { chapter: number, lang });
  for (const figure of figures) {
    if (!figure.childElementCount) figure.remove();
  }
}

function context(chapter, here) {
  const { signal } = here.controller;
  let data = null;
  return {
    lang, chapter, site, facts: site.data, api, charts, ui, signal, link,
    t: (key, values) => ui.fill(chapter.labels[key] ?? site.labels[key] ?? key, values),
    has: (key) => key in chapter.labels,
    named: (symbol, boundary = site.data.boundary) => (symbol === boundary ? text("boundary_name") : ui.seen(symbol)),
    figure: (id) => main.querySelector(`[data-section="${CSS.escape(id)}"]`),
    data: () => (data ??= api.get("/data", {}, { signal })),
    onLeave: (fn) => here.leaving.push(fn),
    async guard(work, where) {
      try {
        const result = await work();
        for (const old of where?.querySelectorAll(":scope > .message.error") ?? []) old.remove();
        return result;
      } catch (error) {
        if (api.isAbort(error) || signal.aborted) return undefined;
        if (!(error instanceof api.ApiError)) console.error(error);
        for (const old of where?.querySelectorAll(":scope > .message.error") ?? []) old.remove();
        where?.append(trouble(error));
        return undefined;
      }
    },
    predict: here.asking.predict,
    hasTorch: site.has_torch,
    needsTorch(where) {
      if (!site.has_torch) ui.clear(where, ui.message("note", text("needs_torch"), "needs-torch"));
      return !site.has_torch;
    },
    remember: frame.remember,
    recall: frame.recall,
  };
}

// --- a list of one's own -------------------------------------------------------------------------------------------

function openData() {
  ownList.open({
    words: text,
    now: dataLabel(),
    own: site.data.own,
    async onChange() {
      await show({ place: "same" });
      ui.announce(text("data_changed", { name: site.data.data_name, items: ui.integer(site.data.items) }));
    },
  });
}

document.addEventListener("click", ownLink);
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) show({ focus: true, place: "same" }); // else only the #part has changed
});
addEventListener("pagehide", () => {
  if (visit?.drawn) places.keep(placeKey(), main);
});
history.scrollRestoration = "manual";
frame.watchProgram(text);
frame.watchList({ words: text, onWay: () => show({ place: "same" }) });
frame.sayReadAs(text);
const [navigation] = performance.getEntriesByType("navigation");
show(location.hash.length > 1 || navigation?.type === "navigate" ? {} : { place: "same" });
