// What the chapters on the insides of a net share: the name that the net reads, its letters to choose from, and the
// bars of what may follow. The nets are those that ship with nextchar, whatever list is in use; all numbers come from
// the server.
//
//   netName(ctx, {data, onInput, testid})   -> {node, says, value}: a field that carries the name along; onInput(text) is
//                    called with names that the net can read only, for others `says` tells which character it is
//   letters(ctx, {label, testid, onChoose}) -> {node, draw(symbols, chosen)}: one of the symbols read, chosen by pointer,
//                    touch or arrow keys; onChoose(position)
//   nextBars(ctx, {into, testid})           -> {draw({labels, now, before, label, text})}: probabilities of what follows;
//                    with `before`, those of the untouched net beside them
//   shippedNets(ctx)                        -> Promise: name -> {parameters, test_nats, ...} of the nets that ship
//   netSays(ctx, net)                       -> a line on the net that is shown: its parameters and its loss
//   prefix(symbols, position)               -> what was read up to there, as text
//   symbolName(ctx, symbols, position)      -> the symbol there as a word in a sentence: the boundary is the beginning
//   followSays(ctx, {symbols, position, now, before}) -> a line on what follows there in the name and its nats, with
//                    `before` also those of the untouched net

import { carryName } from "/static/js/chapters/shared.js";

export const LONGEST_NAME = 14;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
const TYPED_AFTER = 60; // ms
const FALLBACK = "emma";

const readable = (text) => [...text.toLowerCase()].every((character) => ALPHABET.includes(character));

export function netName(ctx, { data, onInput, testid }) {
  const { ui } = ctx;
  const says = ui.live({ testid: `${testid}-says`, class: "late-status" });
  const carried = [ctx.recall("name"), data.examples[0]].find((text) => typeof text === "string" && text !== "" && readable(text));
  let read = (carried ?? FALLBACK).slice(0, LONGEST_NAME).toLowerCase();
  const later = ui.debounce((text) => {
    if (text === read) return;
    read = text;
    onInput(text);
  }, TYPED_AFTER);
  ctx.onLeave(later.cancel);
  const field = ui.field({
    label: ctx.t("inside_name"),
    value: read,
    maxLength: LONGEST_NAME,
    testid,
    onInput: (text) => {
      const unknown = [...text.toLowerCase()].filter((character) => !ALPHABET.includes(character));
      if (unknown.length) {
        later.cancel();
        ui.clear(says, ui.message("bad", ctx.t("inside_unknown", { character: unknown.join(" ") }), `${testid}-unknown`));
        return;
      }
      ui.clear(says);
      carryName(ctx, text);
      later(text.toLowerCase());
    },
  });
  return { node: field.node, says, get value() { return field.value.toLowerCase(); } };
}

export function letters(ctx, { label, testid, onChoose }) {
  const { el } = ctx.ui;
  const node = el("div", { class: "inside-letters", testid, attrs: { role: "radiogroup", "aria-label": label } });
  let count = 0;
  let chosen = 0;

  function choose(position) {
    chosen = Math.max(0, Math.min(count - 1, position));
    for (const [i, letter] of [...node.children].entries()) {
      letter.setAttribute("aria-checked", String(i === chosen));
      letter.tabIndex = i === chosen ? 0 : -1;
    }
  }

  function move(position) {
    choose(position);
    node.children[chosen].focus();
    onChoose(chosen);
  }

  node.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: chosen - 1, ArrowUp: chosen - 1, ArrowRight: chosen + 1, ArrowDown: chosen + 1, Home: 0, End: count - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });

  return {
    node,
    draw(symbols, position) {
      const had = node.contains(document.activeElement);
      count = symbols.length;
      node.style.setProperty("--letters", String(count));
      ctx.ui.clear(
        node,
        symbols.map((symbol, i) =>
          el("button", {
            class: "inside-letter", text: ctx.ui.seen(symbol), testid: `${testid}-${i}`,
            attrs: { type: "button", role: "radio", "aria-checked": "false", "aria-label": i === 0 ? ctx.t("inside_boundary") : symbol },
            on: { click: () => move(i) },
          })),
      );
      choose(position);
      if (had) node.children[chosen].focus();
    },
  };
}

export function nextBars(ctx, { into, testid }) {
  const { charts, ui, t } = ctx;
  let chart = null;
  return {
    async draw({ labels, now, before, label, text }) {
      const spec = {
        x: labels,
        y: now,
        name: before ? t("inside_changed") : undefined,
        second: before ? { y: before, name: t("inside_untouched") } : undefined,
        hover: (i) => [`${labels[i]}: ${ui.percent(now[i])}`, before && `${t("inside_untouched")}: ${ui.percent(before[i])}`].filter(Boolean).join("\n"),
        label,
        text,
      };
      if (chart) await chart.update(spec);
      else chart = await charts.bars({ into, height: 230, percent: true, testid, ...spec });
    },
  };
}

export async function shippedNets(ctx) {
  const { nets } = await ctx.api.get("/inside/nets", {}, { signal: ctx.signal });
  return new Map(nets.map((net) => [net.name, net]));
}

export function netSays(ctx, { parameters, test_nats: nats }) {
  const { ui, t } = ctx;
  return t("inside_net", { parameters: ui.integer(parameters), nats: ui.fixed(nats, 2) });
}

export function symbolName(ctx, symbols, position) {
  return position === 0 ? ctx.t("inside_boundary") : ctx.ui.seen(symbols[position]);
}

export function followSays(ctx, { symbols, position, now, before }) {
  const { ui, t } = ctx;
  const words = ["inside", before ? "effect" : "surprise", position === symbols.length - 1 && "end"].filter(Boolean).join("_");
  return t(words, {
    symbol: ui.seen(symbols[position + 1] ?? symbols[0]), nats: ui.fixed(now[position], 3),
    before: before ? ui.fixed(before[position], 3) : "",
  });
}

export function prefix(symbols, position) {
  return symbols.slice(0, position + 1).join("");
}
