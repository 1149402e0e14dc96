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
import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const { LANGUAGES } = frame;
const UPLOAD_BYTES = 2_000_000;

const main = document.getElementById("content");
const nav = document.getElementById("chapters");
const menu = document.getElementById("menu");
const barEnd = document.getElementById("bar-end");

let lang = "en";
let site = null;
let shown = ""; // the address of what is on the page
let visit = null; // {controller, leaving: [fn]} of the chapter on the page

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

function go(address, { focus = true } = {}) {
  history.pushState(null, "", address);
  show({ focus });
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
  const found = site?.labels?.[key] ?? key;
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

function leave() {
  if (!visit) return;
  visit.controller.abort();
  for (const fn of visit.leaving) fn();
  charts.dispose();
  visit = null;
}

function trouble(error) {
  const words = error instanceof api.ApiError ? error.message : text("error_server");
  return ui.message("error", words, "error");
}

async function show({ focus = false } = {}) {
  leave();
  const controller = new AbortController();
  visit = { controller, leaving: [] };
  const here = visit;
  main.dataset.ready = "false";
  main.setAttribute("aria-busy", "true");
  const wanted = place();
  shown = location.pathname + location.search;
  ({ lang } = wanted);
  api.setLanguage(lang);
  ui.setLanguage(lang);
  try {
    const options = { signal: controller.signal };
    const [siteDocument, chapter] = await Promise.all([
      api.get("/site", {}, options),
      api.get(`/chapter/${wanted.number}`, {}, options),
    ]);
    site = siteDocument;
    drawFrame(wanted.number);
    drawTexts(chapter, wanted.number);
    if (focus) {
      scrollTo(0, 0);
      main.querySelector("h1").focus({ preventScroll: true });
    } else if (location.hash.length > 1) {
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    }
    await drawFigures(chapter, wanted.number, here);
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
  const module = await import(`/static/js/chapters/c${String(number).padStart(2, "0")}.js`);
  if (here !== visit) return;
  await module.render(main, context(chapter, here));
  for (const figure of main.querySelectorAll(".figure")) {
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

// UTF-8, or UTF-16 where a byte order mark says so, as Notepad and Excel write it
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark = bytes.length > 1 ? (bytes[0] << 8) | bytes[1] : 0;
  return new TextDecoder({ 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[mark] ?? "utf-8").decode(bytes);
}

function openData() {
  const problem = el("div", { class: "dialog-problem", testid: "data-error" });
  const area = el("textarea", {
    id: "data-text", class: "input", testid: "data-text",
    attrs: { rows: "9", spellcheck: "false", placeholder: text("data_paste_placeholder") },
  });
  const file = el("input", { id: "data-file", testid: "data-file", attrs: { type: "file", accept: ".txt,.csv,text/plain" } });
  const refuse = (error) => clear(problem, trouble(error));
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    clear(problem);
    if (chosen.size > UPLOAD_BYTES) {
      clear(problem, ui.message("error", text("data_too_large")));
      file.value = "";
      return;
    }
    area.value = await textOf(chosen);
  });
  const changed = async (work) => {
    clear(problem);
    dialog.setAttribute("aria-busy", "true");
    try {
      await work();
      dialog.close();
      await show();
      ui.announce(text("data_changed", { name: site.data.data_name, items: ui.integer(site.data.items) }));
    } catch (error) {
      refuse(error);
    } finally {
      dialog.removeAttribute("aria-busy");
    }
  };
  const dialog = el(
    "dialog",
    { class: "dialog", testid: "data-dialog", attrs: { "aria-labelledby": "data-heading" } },
    el("h2", { id: "data-heading", text: text("data_heading") }),
    el("p", { class: "dialog-note" }, ui.inline(text("data_about"))),
    el("p", { class: "dialog-now", text: dataLabel(), testid: "data-now" }),
    el("div", { class: "control wide" }, el("label", { text: text("data_paste"), attrs: { for: "data-text" } }), area),
    el("div", { class: "control wide" }, el("label", { text: text("data_file"), attrs: { for: "data-file" } }), file),
    problem,
    el(
      "div",
      { class: "dialog-buttons" },
      ui.button({
        label: text("data_use"), kind: "primary", testid: "data-use",
        onClick: () => changed(() => api.post("/data", { text: area.value })),
      }),
      site.data.own &&
        ui.button({
          label: text("data_reset"), testid: "data-reset", onClick: () => changed(() => api.remove("/data")),
        }),
      ui.button({ label: text("data_cancel"), kind: "quiet", testid: "data-cancel", onClick: () => dialog.close() }),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    document.querySelector("[data-testid=data-open]")?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", ownLink);
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) show({ focus: true }); // else only the #part has changed
});
charts.load().catch(() => {}); // whoever draws a chart hears of it
show();
