// The workbench: a list on the left, names in the middle, favourites on the right.
//
// Each part is a module with  export function make(bench) -> node  and listens to what the others change:
//
//   bench.lang, bench.t(key, values), bench.has(key)   the language and the words
//   bench.settings                    what is wanted, see settings.js
//   bench.change(part, {soon})        changes settings, the address, and tells everyone ("settings")
//   bench.on(event, fn), bench.tell(event, value)
//   bench.list                        what the server says of the list in use; "list" when it changes, "reading" (true)
//                                     when another one is sent for, (false) when it does not come
//   bench.useText(text), useFile(file), useExample(list)   puts a list in use
//   bench.ask(path, body, options)    POST; a list that the server has lost is sent again by itself
//   bench.guard(work, place)          runs an async function, and shows what went wrong in `place`

import * as api from "/static/js/api.js";
import * as frame from "/static/js/frame.js";
import * as ui from "/static/js/ui.js";
import { make as makeCards } from "/static/js/names/cards.js";
import { make as makeCode } from "/static/js/names/code.js";
import { make as makeFavourites } from "/static/js/names/favourites.js";
import { make as makeList } from "/static/js/names/list.js";
import { make as makeScore } from "/static/js/names/score.js";
import * as settings from "/static/js/names/settings.js";
import { make as makeTake } from "/static/js/names/take.js";
import { makeCompared } from "/static/js/names/train.js";
import { make as makeWishes } from "/static/js/names/wishes.js";

const { el, clear } = ui;
const KEEP = "names.list"; // the visitor's own list, so that it outlives the server's memory
const AGAIN_MS = 1500;

async function start() {
  const { lang } = document.body.dataset;
  api.setLanguage(lang);
  ui.setLanguage(lang);
  const labels = JSON.parse(document.getElementById("words").textContent);
  frame.watchProgram((key) => labels[key]);
  const listeners = new Map();
  let fragment = location.hash;
  const bench = {
    lang,
    settings: settings.read(),
    list: null,
    text: null, // of a list of one's own
    t: (key, values) => ui.fill(labels[key] ?? key, values),
    has: (key) => key in labels,
    on(event, fn) {
      listeners.set(event, [...(listeners.get(event) ?? []), fn]);
    },
    tell(event, value) {
      for (const fn of listeners.get(event) ?? []) fn(value);
    },
    change(part) {
      Object.assign(bench.settings, part);
      settings.write(bench.settings, lang, fragment);
      drawLinks();
      bench.tell("settings", Object.keys(part));
    },
    async useText(text, options) {
      return keep(await reading(api.post("/names/list", { text }, options)), text);
    },
    async useFile(file) {
      const found = await reading(api.post("/names/open", file));
      return keep(found, found.text);
    },
    async useExample(list) {
      bench.list = await reading(api.get("/names/list", { list }));
      bench.text = null;
      fragment = "";
    },
    get inAddress() {
      return !bench.list?.own || fragment !== "";
    },
    async ask(path, body, options) {
      try {
        return await api.post(path, body, options);
      } catch (error) {
        if (error.code === "not-trained") {
          ui.announce(bench.t("train_lost"));
          bench.train(bench.settings.model); // which asks for names anew when it is done
          throw new DOMException("trained first", "AbortError");
        }
        if (error.code !== "list-gone" || !bench.text) throw error;
        await bench.useText(bench.text, options);
        return api.post(path, body, options);
      }
    },
    async guard(work, place) {
      try {
        const result = await work();
        for (const old of place.querySelectorAll(":scope > .message.error")) old.remove();
        return result;
      } catch (error) {
        if (api.isAbort(error)) return undefined;
        if (!(error instanceof api.ApiError)) console.warn(error);
        for (const old of place.querySelectorAll(":scope > .message.error")) old.remove();
        place.append(ui.message("error", error instanceof api.ApiError ? error.message : bench.t("error_server"), "error"));
        if (!(error instanceof api.ApiError)) again();
        return undefined;
      }
    },
  };

  // From the first moment on the names' place says what is going on.
  async function reading(answer) {
    bench.tell("reading", true);
    try {
      return await answer;
    } catch (error) {
      bench.tell("reading", false);
      throw error;
    }
  }

  async function keep(found, text) {
    bench.text = text;
    bench.list = found;
    frame.remember(KEEP, { list: found.list, text });
    const part = "CompressionStream" in globalThis ? await settings.pack(text) : "";
    fragment = part && part.length <= settings.MOST_PACKED ? `#list=${part}` : "";
    return found;
  }

  // The server is gone: asked again and again, and the page goes on when it is back.
  let waiting = null;
  function again() {
    waiting ??= setInterval(async () => {
      try {
        await api.get("/names/list", { list: settings.usual().list });
      } catch {
        return;
      }
      clearInterval(waiting);
      waiting = null;
      for (const old of document.querySelectorAll(".message.error")) old.remove();
      bench.tell("settings", []);
    }, AGAIN_MS);
  }

  function drawLinks() {
    for (const { code } of frame.LANGUAGES) {
      document.querySelector(`[data-testid=language-${code}]`).href = `/names${settings.query(bench.settings, code)}${fragment}`;
    }
  }

  const main = document.getElementById("content");
  clear(
    main,
    main.querySelector(".bench-head"),
    el(
      "div",
      { class: "bench" },
      el("section", { class: "panel left", attrs: { "aria-labelledby": "h-list" } }, makeList(bench)),
      el(
        "div",
        { class: "middle" },
        el("section", { class: "panel", attrs: { "aria-labelledby": "h-wishes" } }, makeWishes(bench)),
        el("section", { class: "names", id: "names", attrs: { "aria-labelledby": "h-names", tabindex: "-1" } }, makeCards(bench)),
      ),
      el("section", { class: "panel right", attrs: { "aria-labelledby": "h-kept" } }, makeFavourites(bench)),
    ),
    el("section", { class: "below", attrs: { "aria-labelledby": "h-code" } }, makeCode(bench)),
    el(
      "section",
      { class: "below", attrs: { "aria-labelledby": "h-more" } },
      el("h2", { id: "h-more", text: bench.t("more_heading") }),
      el("div", { class: "more-parts" }, el("div", { class: "panel" }, makeScore(bench)), el("div", { class: "panel" }, makeCompared(bench)), el("div", { class: "panel" }, makeTake(bench))),
    ),
  );
  main.append(toNames(bench));
  addEventListener("popstate", () => location.reload());
  await openList(bench, frame.recall(KEEP) ?? {});
  bench.tell("list");
  bench.change({});
}

// On a phone the names are far below the list and the conditions: a button leads there as long as they are.
function toNames(bench) {
  const names = document.getElementById("names");
  const button = ui.button({
    label: bench.t("to_names"), kind: "primary to-names", testid: "to-names", onClick: () => names.scrollIntoView({ block: "start" }),
  });
  button.hidden = true;
  new IntersectionObserver(([entry]) => {
    button.hidden = entry.isIntersecting || entry.boundingClientRect.top < 0;
  }).observe(names);
  return button;
}

// The list that the address means: an example, the one inside the address, or the one kept in this browser.
async function openList(bench, remembered) {
  const { list } = bench.settings;
  const part = /^#list=([\w-]+)$/.exec(location.hash)?.[1];
  let text = remembered.list === list ? remembered.text : null;
  if (part) {
    try {
      text = await settings.unpack(part);
    } catch {
      // Cut off, say: what the browser has kept may do.
    }
  }
  try {
    if (text !== null) await bench.useText(text);
    else await bench.useExample(list);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    bench.lost = error.message;
    await bench.useExample(settings.usual().list);
  }
  bench.settings.list = bench.list.list;
}

start()
  .catch((error) => {
    console.error(error);
    document.getElementById("content").append(ui.message("error", error.message, "error"));
  })
  .finally(() => {
    document.getElementById("content").dataset.ready = "true";
  });
