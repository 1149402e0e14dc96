// Chapter 7, the neural net: a word as one-hot rows, one example in numbers, training as it happens, and the optimum
// that training walks towards. All numbers come from the server; this file formats and draws.

import { L2S, carriedName, carryName, listSlider, narrow } from "/static/js/chapters/shared.js";
import { training } from "/static/js/chapters/training.js";

export async function render(root, ctx) {
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  // Each figure stands on its own, so that one that cannot be drawn leaves the others.
  const draw = (id, figure) => ctx.guard(() => figure(ctx, ctx.figure(id)), ctx.figure(id));
  const withTorch = (id, figure) => ctx.needsTorch(ctx.figure(id)) || draw(id, figure);
  await Promise.all([
    draw("onehot", oneHot), withTorch("forward", example), withTorch("training", training), withTorch("optimum", optimum),
  ]);
}

// --- a word as one-hot rows ----------------------------------------------------------------------------------------

async function oneHot(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const data = await ctx.data();
  ctx.predict("onehot", { values: { size: data.alphabet.length } });

  const picture = el("div", { testid: "onehot" });
  const shape = ui.live({ testid: "onehot-shape" });
  const draw = (text) =>
    ctx.guard(async () => {
      const answer = await ask(async (signal) => {
        const { unknown } = await api.post("/encode", { text }, { signal });
        return unknown.length ? { unknown } : api.get("/net/onehot", { text }, { signal });
      });
      if (!answer) return;
      if (answer.unknown) {
        ui.clear(shape, ui.message("bad", t("onehot_unknown", { character: answer.unknown.join(" ") }), "onehot-unknown"));
        return;
      }
      ui.clear(picture, ui.scroller(t("onehot_aria", { word: text }), grid(answer)));
      ui.clear(shape, t("onehot_shape", { rows: answer.rows.length, columns: answer.alphabet_size }));
    }, place);
  const later = ui.debounce(draw, 60);
  ctx.onLeave(later.cancel);
  const word = ui.field({
    label: t("onehot_word"),
    value: carriedName(ctx, data).slice(0, 12),
    maxLength: 40,
    onInput: (text) => {
      carryName(ctx, text);
      later(text);
    },
    testid: "onehot-word",
  });
  await draw(word.value);
  place.prepend(ui.controls(word.node), picture, shape);

  function grid({ labels, symbols, rows }) {
    return el(
      "table",
      { class: "late-onehot" },
      el("thead", {}, el("tr", {}, el("td"), labels.map((label) => el("th", { text: label, attrs: { scope: "col" } })))),
      el(
        "tbody",
        {},
        rows.map((row, i) =>
          el(
            "tr",
            {},
            el("th", { text: symbols[i], attrs: { scope: "row" } }),
            row.map((cell) => el("td", { class: cell ? "one" : null, text: String(cell) })),
          ),
        ),
      ),
    );
  }
}

// --- one example in numbers ----------------------------------------------------------------------------------------

async function example(ctx, place) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const { alphabet } = await ctx.data();
  let seed = 2147483647; // the lecture's

  const chooser = ui.select({
    label: t("forward_symbol"),
    options: alphabet.map((symbol, id) => ({ value: id, text: symbol })),
    value: 0,
    onChange: () => draw(),
    testid: "forward-symbol",
  });
  const redraw = ui.button({
    label: t("forward_new"),
    onClick: () => {
      seed = Math.floor(Math.random() * 2 ** 31);
      draw();
    },
    testid: "forward-new",
  });
  const stages = { logits: null, counts: null, probabilities: null };
  const places = Object.fromEntries(Object.keys(stages).map((name) => [name, el("div", { class: "late-stage", testid: `forward-${name}` })]));
  const sum = ui.live({ testid: "forward-sum" });
  const targets = el("div", { testid: "forward-targets" });
  const numbers = el("div", { testid: "forward-numbers" });
  const put = () => {
    if (sum.isConnected) return;
    place.prepend(
      ui.controls(chooser.node, redraw),
      el(
        "ol",
        { class: "late-stages" },
        Object.entries(places).map(([name, node]) => el("li", {}, ui.heading(t(`forward_${name}`)), el("p", { class: "late-formula" }, ui.inline(t(`forward_${name}_how`))), node)),
      ),
      sum,
      targets,
      numbers,
    );
  };
  await draw();
  put(); // where there was no answer

  function draw() {
    return ctx.guard(async () => {
      const answer = await ask((signal) => api.post("/net/forward", { first: Number(chooser.value), seed }, { signal }));
      if (!answer) return;
      const { labels, symbol } = answer;
      ui.clear(sum, t("forward_sum", { total: ui.fixed(answer.total), symbol: ctx.named(symbol) }));
      ui.clear(
        targets,
        ui.scroller(t("forward_targets"), ui.table({
          caption: t("forward_targets"),
          head: [t("forward_target"), t("forward_target_count"), t("forward_target_probability"), t("forward_target_nats")],
          rows: answer.target_examples.map((target) => [
            ui.symbol(symbol + target.symbol), ui.integer(target.count), ui.fixed(target.probability), ui.fixed(target.nats),
          ]),
          numeric: [1, 2, 3],
        })),
      );
      const open = numbers.querySelector("details")?.open ?? false; // what the reader has opened stays open
      ui.clear(
        numbers,
        ui.alternative(t("forward_numbers"), {
          head: [t("forward_next"), t("forward_onehot"), t("forward_logits"), t("forward_counts"), t("forward_probabilities")],
          rows: labels.map((label, i) => [
            ui.symbol(label), String(answer.one_hot[i]), ui.fixed(answer.logits[i]), ui.fixed(answer.counts[i]), ui.fixed(answer.probabilities[i]),
          ]),
          numeric: [1, 2, 3, 4],
        }),
      );
      numbers.querySelector("details").open = open;
      put();
      const strip = {
        z: [answer.logits],
        rows: [symbol],
        columns: labels,
        hover: (_, i) => `${labels[i]}: ${ui.fixed(answer.logits[i])}`,
        label: t("forward_logits_aria", { symbol: ctx.named(symbol) }),
      };
      const bars = (name) => ({
        x: labels,
        y: answer[name],
        hover: (i) => `${labels[i]}: ${ui.fixed(answer[name][i])}`,
        label: t(`forward_${name}_aria`, { symbol: ctx.named(symbol) }),
      });
      await Promise.all([
        drawStage("logits", strip, (spec) => charts.heatmap({ into: places.logits, diverging: true, bar: false, size: narrow() ? 312 : 1200, minimum: 300, ...spec })),
        ...["counts", "probabilities"].map((name) =>
          drawStage(name, bars(name), (spec) => charts.bars({ into: places[name], height: 190, percent: name === "probabilities", ...spec }))),
      ]);
    }, place);
  }

  async function drawStage(name, spec, make) {
    if (stages[name]) await stages[name].update(spec);
    else stages[name] = await make(spec);
  }
}

// --- the optimum ---------------------------------------------------------------------------------------------------

async function optimum(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const known = new Map();
  const body = el("div", { testid: "optimum" });
  const solve = async (l2, signal) => {
    if (!known.has(l2)) known.set(l2, await api.get("/net/optimum", { l2 }, { signal }));
    return known.get(l2);
  };
  const slider = listSlider(ui, { label: t("optimum_l2"), values: L2S, value: 0.01, onInput: (l2) => later(l2), testid: "optimum-l2" });
  const now = ui.live({ testid: "optimum-now" });
  const show = (l2) =>
    ctx.guard(async () => {
      const found = await ask((signal) => solve(l2, signal));
      if (!found) return;
      ui.clear(
        now,
        ui.stats([
          { label: t("optimum_loss"), value: ui.fixed(found.loss, 6), testid: "optimum-loss" },
          { label: t("optimum_data_loss"), value: ui.fixed(found.data_loss, 6), testid: "optimum-data-loss" },
          { label: t("optimum_iterations"), value: ui.integer(found.iterations), testid: "optimum-iterations" },
        ]),
        found.stopped && ui.message("note", t("optimum_no_finite")),
      );
    }, place);
  const later = ui.debounce(show, 80);
  ctx.onLeave(later.cancel);
  await show(0.01);
  place.prepend(slider.node, now, body);

  const few = [0, 0.001, 0.01, 0.1, 1];
  const rows = await Promise.all(few.map((l2) => solve(l2, ctx.signal)));
  ui.clear(
    body,
    ui.scroller(t("optimum_table"), ui.table({
      caption: t("optimum_table"),
      head: [t("optimum_l2"), t("optimum_loss"), t("optimum_data_loss"), t("optimum_iterations")],
      rows: rows.map((row) => [ui.short(row.l2), ui.fixed(row.loss, 6), ui.fixed(row.data_loss, 6), ui.integer(row.iterations)]),
      numeric: [0, 1, 2, 3],
    })),
  );
}
