// What the chapters on the insides of a net share: the name that the net reads, its letters to choose from, and the
// bars of what may follow. The nets are those that ship with nextchar, whatever list is in use, and the one that the reader
// has trained; all numbers come from the server.
//
//   netName(ctx, {data, which, onInput, testid})   -> {node, says, value}: a field that carries the name along;
//                    onInput(text) is called with names that the net can read only, for others `says` tells which character
//                    it is; `which` is the choice of the net
//   letters(ctx, {label, testid, onChoose}) -> {node, draw(symbols, chosen)}: one of the symbols read, chosen by pointer,
//                    touch or arrow keys; onChoose(position)
//   nextBars(ctx, {into, testid})           -> {draw({labels, now, before, label, text})}: probabilities of what follows;
//                    with `before`, those of the untouched net beside them
//   drawNets(root, ctx, {figures, family, settings})   draws the figures of a chapter, {id: (ctx, place, which)}, and the
//                    training of a net of that family beside them
//   netChoice(ctx)                          -> {node, asked, alphabet, boundary, onChange(fn), offer(net, labels)}: the net that
//                    ships, or the one just trained; `asked` goes with every request
//   questions(ctx)                          -> {ask(work), line}: as api.inTurn(), and the line says so where an answer
//                    takes longer: the first one waits for PyTorch
//   netSays(ctx, net)                       -> a line on the net that is shown: its parameters and its loss
//   prefix(ctx, symbols, position)          -> what was read up to there, as text
//   symbolName(ctx, symbols, position)      -> the symbol there as a word in a sentence: the boundary is the beginning
//   followSays(ctx, {symbols, position, now, before}) -> a line on what follows there in the name and its nats, with
//                    `before` also those of the untouched net

import { netTraining } from "/static/js/chapters/net_training.js";
import { carryName } from "/static/js/chapters/shared.js";

export const LONGEST_NAME = 14;
const LABELS = [...".abcdefghijklmnopqrstuvwxyz"]; // of the nets that ship; the first is the boundary
const FALLBACK = "emma";
const SIGN_AFTER = 350; // ms

export function netName(ctx, { data, which, onInput, testid }) {
  const { ui } = ctx;
  const says = ui.live({ testid: `${testid}-says`, class: "late-status" });
  // The letters that the net does not know; those that ship read small letters for capital ones.
  const unknown = (text) => [...text].filter((character) => ![character, character.toLowerCase()].some((one) => which.alphabet.includes(one)));
  const readable = (text) => typeof text === "string" && text !== "" && unknown(text).length === 0;
  const first = () => [ctx.recall("name"), data.examples[0]].find(readable) ?? FALLBACK;
  const short = (text) => (which.asked.trained ? text : text.toLowerCase()).slice(0, LONGEST_NAME);
  let read = short(first());
  const field = ui.field({
    label: ctx.t("inside_name"),
    value: read,
    maxLength: LONGEST_NAME,
    testid,
    onInput: (text) => {
      const strange = unknown(text);
      if (strange.length) {
        const words = ctx.t(which.asked.trained ? "inside_unknown_trained" : "inside_unknown", { character: strange.join(" ") });
        ui.clear(says, ui.message("bad", words, `${testid}-unknown`));
        return;
      }
      ui.clear(says);
      carryName(ctx, text);
      if (short(text) === read) return;
      read = short(text);
      onInput(read);
    },
  });
  which.onChange(() => {
    if (!readable(field.value)) field.value = short(first());
    read = short(field.value);
    ui.clear(says);
  });
  return { node: field.node, says, get value() { return short(field.value); } };
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

export async function drawNets(root, ctx, { figures, family, settings }) {
  ctx.charts.load().catch(() => {}); // while the server reads the net; whoever draws a chart hears of it
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  const which = netChoice(ctx);
  const all = {
    ...figures,
    training: (_, place) => netTraining(ctx, place, { family, settings, onTrained: which.offer }),
  };
  await Promise.all(Object.entries(all).map(([id, draw]) => {
    const place = ctx.figure(id);
    return ctx.needsTorch(place) || ctx.guard(() => draw(ctx, place, which), place);
  }));
}

export function netChoice(ctx) {
  const { ui, t } = ctx;
  const node = ui.el("div", { testid: "which-net" });
  const listeners = [];
  let net = null;
  let known = LABELS;
  const choice = ui.choice({
    label: t("inside_which"), testid: "which-net-choice", value: "shipped",
    options: [{ value: "shipped", text: t("inside_shipped") }, { value: "trained", text: t("inside_trained") }],
    onChange: tell,
  });
  node.hidden = true;
  node.append(choice.node);

  function tell() {
    for (const listener of listeners) listener();
  }

  function labels() {
    return net && choice.value === "trained" ? known : LABELS;
  }

  return {
    node,
    get asked() { return net && choice.value === "trained" ? { trained: net } : {}; },
    get alphabet() { return labels().slice(1); },
    get boundary() { return labels()[0]; },
    onChange: (listener) => listeners.push(listener),
    offer(fingerprint, all) {
      net = fingerprint;
      known = all;
      node.hidden = false;
      choice.value = "trained";
      tell();
      node.scrollIntoView({ block: "center", behavior: ui.reducedMotion() ? "auto" : "smooth" });
      node.querySelector("input:checked").focus({ preventScroll: true });
    },
  };
}

export function questions(ctx) {
  const { api, ui, t } = ctx;
  const run = api.inTurn(ctx.signal);
  const line = ui.live({ testid: "inside-waiting", class: "inside-waiting" });
  let last = 0;
  return {
    line,
    async ask(work) {
      last += 1;
      const mine = last;
      const sign = setTimeout(() => ui.clear(line, ui.el("p", { text: t("inside_waiting") })), SIGN_AFTER);
      try {
        return await run(work);
      } finally {
        clearTimeout(sign);
        if (mine === last) ui.clear(line);
      }
    },
  };
}

export function netSays(ctx, { parameters, test_nats: nats, trained }) {
  const { ui, t } = ctx;
  return t(trained ? "inside_net_trained" : "inside_net", { parameters: ui.integer(parameters), nats: nats === null ? "—" : ui.fixed(nats, 2) });
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

export function prefix(ctx, symbols, position) {
  return position === 0 ? ctx.t("inside_boundary") : symbols.slice(0, position + 1).join("");
}
