// The names: how many qualify, a card for each, and what can be done with a card.

import * as api from "/static/js/api.js";
import * as ui from "/static/js/ui.js";
import { openFill, openWhy } from "/static/js/names/dialogs.js";
import { body } from "/static/js/names/settings.js";

const { el, clear } = ui;
const STEP = 24;
const MOST = 200;
const LARGE = 5000; // names of a list that takes a moment to learn from
const SLOW_MS = 400;
const TONES = 5;
const LONG = 9; // letters of a name that does not fit a phone's card in large letters

export function heart(bench, name, testid) {
  const node = el("button", { class: "heart", testid, attrs: { type: "button" } });
  const show = () => {
    const kept = bench.favourites.has(name.text);
    node.textContent = kept ? "♥" : "♡";
    node.setAttribute("aria-pressed", String(kept));
    node.setAttribute("aria-label", bench.t("card_like", { name: name.text }));
  };
  node.addEventListener("click", () => bench.favourites.toggle(name.text));
  node.refresh = show;
  show();
  return node;
}

// What a card says of its name: in the list, or how near to which one of it.
export function nearness(bench, name) {
  if (name.known) return bench.t("card_known");
  return bench.t(name.edits === 1 ? "card_near_one" : "card_near", { edits: name.edits, name: name.nearest });
}

export function make(bench) {
  const { t, settings } = bench;
  const runNames = api.latest();
  const hidden = new Set();
  let answer = null;
  let drawn = new Map(); // the cards, by all that they say
  let learned = ""; // the list and the model of the last names: the program has learned them

  const odds = ui.live({ testid: "odds", class: "odds" });
  const cards = el("ul", { class: "cards", testid: "cards", attrs: { "aria-labelledby": "h-names" } });
  const trouble = el("div", { class: "trouble", testid: "names-trouble", attrs: { "aria-live": "polite" } });
  const note = ui.live({ testid: "names-note", class: "hint" });
  const seed = ui.field({
    label: t("wish_seed"), type: "number", min: 0, step: 1, value: settings.seed, testid: "seed",
    onInput: ui.debounce((text) => {
      if (/^\d{1,19}$/.test(text)) bench.change({ seed: text });
    }, 200),
  });
  const other = ui.button({
    label: t("wish_another"), kind: "primary", testid: "another",
    onClick: () => bench.change({ seed: String((BigInt(settings.seed || "0") + 1n) % 10n ** 19n), n: STEP }),
  });
  const more = ui.button({
    label: t("wish_more"), testid: "more", onClick: () => bench.change({ n: Math.min(settings.n + STEP, MOST) }),
  });
  const legend = el(
    "p",
    { class: "legend hint" },
    el("span", { text: t("names_legend") }),
    el("span", { text: t("names_low") }),
    Array.from({ length: TONES }, (_, tone) => el("span", { class: "swatch", attrs: { "data-tone": tone, "aria-hidden": "true" } })),
    el("span", { text: t("names_high") }),
  );

  const card = (name) => {
    const act = (label, long, testid, onClick) => {
      const node = el("button", { class: "card-act", text: label, testid, attrs: { type: "button", "aria-label": long } });
      node.addEventListener("click", onClick);
      return node;
    };
    const hide = act("×", t("card_hide", { name: name.text }), "card-hide", () => {
      hidden.add(name.text);
      draw();
    });
    const node = el(
      "li",
      { class: "card", testid: "card", attrs: { "data-tone": name.tone } },
      el(
        "div",
        { class: "card-top" },
        el("span", { class: name.text.length > LONG ? "card-name long" : "card-name", text: name.text }),
        heart(bench, name, "card-heart"),
      ),
      el("span", { class: "card-near", text: nearness(bench, name) }),
      el("span", { class: "visually-hidden", text: t("card_tone", { tone: name.tone + 1 }) }),
      el(
        "div",
        { class: "card-acts" },
        act(t("card_fill_short"), t("card_fill", { name: name.text }), "card-fill", () => openFill(bench, name)),
        act(t("card_why_short"), t("card_why", { name: name.text }), "card-why", () => openWhy(bench, name)),
        hide,
      ),
    );
    return node;
  };

  // Arrow keys go to the same button of the next card, up and down included.
  cards.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const from = event.target.closest(".card");
    if (!step || !from) return;
    const all = [...cards.children];
    const next = all[all.indexOf(from) + step];
    if (!next) return;
    event.preventDefault();
    const which = [...from.querySelectorAll("button")].indexOf(event.target);
    next.querySelectorAll("button")[Math.max(which, 0)].focus();
  });

  // A card stays while its name does, so that a dialog finds the button that opened it. What gives the focus back: to the
  // same button, or where its name is gone, to that of the card which is there now.
  function focusedButton() {
    const button = document.activeElement;
    const from = button?.closest(".card");
    if (!from || !cards.contains(from)) return null;
    const place = [...cards.children].indexOf(from);
    const which = [...from.querySelectorAll("button")].indexOf(button);
    return () => {
      const now = from.isConnected ? from : cards.children[Math.min(place, cards.children.length - 1)];
      (now?.querySelectorAll("button")[which] ?? other).focus();
    };
  }

  function draw() {
    const names = answer.names.filter(({ text }) => !hidden.has(text));
    const focused = focusedButton();
    const before = drawn;
    drawn = new Map();
    for (const name of names) {
      let key = JSON.stringify(name);
      while (drawn.has(key)) key += "+"; // the same name again
      drawn.set(key, before.get(key) ?? card(name));
    }
    clear(cards, [...drawn.values()]);
    focused?.();
    const gone = answer.names.length - names.length;
    const few = answer.names.length < answer.wanted;
    clear(
      note,
      !answer.names.length && el("span", { text: t("names_none") }),
      few && answer.names.length > 0 && el("span", { text: t("names_few", { n: answer.names.length }), testid: "names-few" }),
      gone > 0 && el("span", { text: t("names_hidden", { n: gone }) }),
      gone > 0 &&
        ui.button({
          label: t("names_show_hidden"), kind: "quiet", testid: "show-hidden",
          onClick: () => {
            hidden.clear();
            draw();
            cards.querySelector("button")?.focus();
          },
        }),
    );
    more.disabled = few || settings.n >= MOST;
  }

  function drawOdds() {
    if (answer.one_in === null) {
      clear(odds, el("p", { text: t("odds_too_large") }));
      return;
    }
    const far = answer.far_share;
    const every = answer.one_in < 1.005 ? "odds_every" : settings.new && far === null ? "odds_one_in_new" : "odds_one_in";
    const n = answer.one_in < 10 ? ui.fixed(answer.one_in, 1) : answer.one_in < 1e6 ? ui.integer(answer.one_in) : ui.short(answer.one_in);
    const words = [t(every, { n })];
    if (far !== null && far < 0.995) words.push(t("odds_far", { share: ui.percent(far, 0) }));
    if (!answer.exact) words.push(t("odds_about"));
    clear(odds, el("p", {}, ui.inline(words.join(bench.lang === "zh" ? "" : " "))));
  }

  function fault(error) {
    for (const field of Object.values(bench.fields)) field.input.removeAttribute("aria-invalid");
    const at = bench.fields[error?.details?.field];
    at?.input.setAttribute("aria-invalid", "true");
  }

  // What goes on, where the names will be.
  function wait(text) {
    clear(note, el("span", { text, testid: "names-wait" }), el("progress", { class: "wait", attrs: { "aria-label": text } }));
  }

  function busy() {
    cards.setAttribute("aria-busy", "true");
    if (!answer) clear(cards, Array.from({ length: 12 }, () => el("li", { class: "card blank", attrs: { "aria-hidden": "true" } })));
  }

  const refresh = () => {
    const wanted = body(settings);
    const large = bench.list.names > LARGE;
    const text = t(large ? "names_learning" : "names_wait", { names: ui.integer(bench.list.names) });
    const first = learned !== `${bench.list.list} ${settings.model}`;
    busy();
    if (!answer || (large && first)) wait(text);
    const slow = setTimeout(() => wait(text), SLOW_MS);
    bench.guard(async () => {
      try {
        const found = await runNames((signal) => bench.ask("/names/write", wanted, { signal }));
        clearTimeout(slow);
        if (!found) return;
        answer = found;
        learned = `${wanted.list} ${wanted.model}`;
        fault(null);
        draw();
        drawOdds();
        cards.removeAttribute("aria-busy");
        bench.tell("names", found);
      } catch (error) {
        clearTimeout(slow);
        fault(error);
        cards.removeAttribute("aria-busy");
        answer = { names: [], wanted: 0 };
        drawn = new Map();
        clear(cards);
        clear(note);
        clear(odds);
        throw error;
      }
    }, trouble);
  };
  bench.on("settings", () => {
    if (document.activeElement !== seed.input) seed.value = settings.seed;
    if (bench.list) refresh();
  });
  bench.on("list", () => hidden.clear());
  bench.on("reading", (begins) => {
    if (begins) {
      busy();
      wait(t("names_reading"));
    } else {
      cards.removeAttribute("aria-busy");
      if (answer) draw();
      else clear(note);
    }
  });
  bench.on("favourites", () => {
    for (const node of cards.querySelectorAll(".heart")) node.refresh();
  });

  return [
    el("div", { class: "names-head" }, el("h2", { id: "h-names", text: t("names_heading") }), odds),
    el("div", { class: "controls names-controls" }, other, seed.node, legend),
    trouble,
    cards,
    note,
    el("div", { class: "controls" }, more),
  ];
}
