// Chapter 5: likelihood, its logarithm, the mean; -log p under the hand; ln V as the anchor; the surprisal of a name.

import { carriedName, carryName } from "/static/js/chapters/shared.js";

const LONGEST_WORD = 60;

export async function render(root, ctx) {
  const data = await ctx.data();
  const example = carriedName(ctx, data);
  const score = await ctx.api.post("/score", { text: example }, { signal: ctx.signal });
  await Promise.all([likelihood(ctx, score), logarithm(ctx), anchor(ctx, score), own(ctx, data, example, score)]);
}

function pairs(ctx, score) {
  const symbols = [ctx.facts.boundary, ...score.symbols.map(({ symbol }) => symbol)];
  return score.symbols.map(({ symbol }, i) => symbols[i] + symbol);
}

async function likelihood(ctx, score) {
  const { ui, t } = ctx;
  const names = pairs(ctx, score);
  let sum = 0;
  const rows = score.symbols.map(({ probability, nats }, i) => {
    sum += Number(nats);
    return [ui.symbol(names[i]), ui.fixed(probability, 4), ui.short(Math.exp(-sum)), ui.fixed(-nats, 4), ui.fixed(-sum, 4)];
  });
  ui.clear(
    ctx.figure("likelihood"),
    ui.scroller(
      t("likelihood_aria"),
      ui.table({
        caption: t("likelihood_of", { item: score.item }),
        head: [t("likelihood_pair"), t("likelihood_probability"), t("likelihood_product"), t("likelihood_log"), t("likelihood_sum")],
        rows,
        numeric: [1, 2, 3, 4],
        testid: "likelihood-table",
      }),
    ),
    ui.stats([
      { label: t("own_likelihood"), value: ui.short(score.likelihood), testid: "likelihood-product" },
      { label: t("likelihood_nats"), value: ui.fixed(score.nats, 4), testid: "likelihood-nats" },
      { label: t("likelihood_mean"), value: ui.fixed(score.nats_per_symbol, 4), testid: "likelihood-mean" },
    ]),
  );
}

async function logarithm(ctx) {
  const { ui, t } = ctx;
  const host = ctx.figure("log");
  const xs = Array.from({ length: 200 }, (_, i) => ((i + 1) / 200) ** 2); // closer together where the curve is steep
  const spec = (p) => ({
    point: { x: p, y: -Math.log(p), name: ui.fixed(-Math.log(p), 3), position: p > 0.85 ? "top left" : "top right" },
    text: t("log_says", { p: ui.fixed(p, 3), nats: ui.fixed(-Math.log(p), 4) }),
  });
  const says = ui.el("p", { class: "big-number", testid: "log-says" });
  const box = ui.el("div");
  const show = (p) => {
    says.textContent = t("log_says", { p: ui.fixed(p, 3), nats: ui.fixed(-Math.log(p), 4) });
    chart?.update(spec(p));
  };
  const slider = ui.slider({
    label: t("log_slider"), min: 0.001, max: 1, step: 0.001, value: 0.5, format: (p) => ui.fixed(p, 3), testid: "log-slider",
    onInput: show,
  });
  const marks = [["log_even", 0.5], ["log_uniform", 1 / ctx.facts.alphabet_size], ["log_certain", 1]];
  const jumps = marks.map(([key, p]) =>
    ui.button({
      label: t(key), kind: "quiet",
      onClick: () => {
        slider.value = p;
        show(p);
      },
    }),
  );
  let chart = null;
  ui.clear(host, says, slider.node, ui.controls(...jumps), box);
  show(0.5);
  chart = await ctx.charts.lines({
    into: box, series: [{ name: "−ln p", x: xs, y: xs.map((p) => -Math.log(p)) }], xTitle: t("log_x"), yTitle: t("log_y"),
    xRange: [0, 1.03], yRange: [-0.3, 7.4], label: t("log_aria"), hoverX: ".3f", legend: false, testid: "log-chart", ...spec(0.5),
  });
}

async function anchor(ctx, score) {
  const { ui, t } = ctx;
  const host = ctx.figure("anchor");
  const shares = [0.3, 0.5, 0.75, 0.98];
  const share = score.mean_of_data / score.uniform;
  const nearest = shares.reduce((best, value, i) => (Math.abs(value - share) < Math.abs(shares[best] - share) ? i : best), 0);
  ctx.predict("anchor", {
    options: shares.map((value, i) => ui.fixed(i === nearest ? score.mean_of_data : value * score.uniform, 2)), right: nearest,
    values: { uniform: ui.fixed(score.uniform, 4), loss: ui.fixed(score.mean_of_data, 4) },
  });
  const rows = [
    [t("anchor_uniform", { size: ctx.facts.alphabet_size }), score.uniform],
    [t("anchor_model"), score.mean_of_data],
  ];
  ui.clear(
    host,
    ui.stats([
      { label: rows[0][0], value: ui.fixed(score.uniform, 4), testid: "anchor-uniform" },
      { label: rows[1][0], value: ui.fixed(score.mean_of_data, 4), testid: "anchor-model" },
    ]),
  );
  await ctx.charts.bars({
    into: host, horizontal: true, words: true, x: rows.map(([name]) => name), y: rows.map(([, nats]) => nats),
    values: (i) => ui.fixed(rows[i][1], 4), hover: (i) => `${rows[i][0]}: ${ui.fixed(rows[i][1], 4)}`,
    highlight: 1, label: t("anchor_aria"), text: rows.map(([name, nats]) => `${name} ${ui.fixed(nats, 4)}`).join(", "),
    testid: "anchor-chart",
  });
  host.append(ui.el("p", { class: "hint", text: t("anchor_x") }));
}

async function own(ctx, data, example, first) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("own");
  const run = api.latest();
  const known = new Set(data.alphabet.slice(1));
  const result = ui.live({ testid: "own-result" });
  const box = ui.el("div");
  const problem = ui.el("div", { attrs: { "aria-live": "polite" }, testid: "own-problem" });
  const spec = (score) => {
    const names = pairs(ctx, score);
    // the surprisal of an impossible symbol is infinite: its bar is drawn to the top of the chart and named ∞
    const nats = score.symbols.map((entry) => (entry.nats === "inf" ? Infinity : entry.nats));
    const top = Math.max(...nats.filter(Number.isFinite), score.uniform) * 1.15;
    return {
      x: names, y: nats.map((value) => (Number.isFinite(value) ? value : top)), yMax: top,
      values: (i) => ui.fixed(nats[i], 2),
      hover: (i) => t("own_hover", { pair: names[i], probability: ui.fixed(score.symbols[i].probability, 4), nats: ui.fixed(nats[i], 4) }),
      highlight: nats.indexOf(Math.max(...nats)),
      text: names.map((name, i) => `${name} ${ui.fixed(nats[i], 2)}`).join(", "),
    };
  };
  const names = [...new Set(pairs(ctx, first))];
  if (names.length > 2) {
    const nats = first.symbols.map((entry) => (entry.nats === "inf" ? Infinity : entry.nats));
    const most = nats.indexOf(Math.max(...nats));
    ctx.predict("own", {
      options: names, right: names.indexOf(pairs(ctx, first)[most]), values: { name: example, nats: ui.fixed(nats[most], 2) },
    });
  }
  const tell = (score) => {
    const lines = [
      ui.stats([
        { label: t("own_nats"), value: ui.fixed(score.nats, 4), testid: "own-nats" },
        { label: t("own_mean"), value: ui.fixed(score.nats_per_symbol, 4), testid: "own-mean" },
        { label: t("own_likelihood"), value: ui.short(score.likelihood), testid: "own-likelihood" },
        { label: t("own_data"), value: ui.fixed(score.mean_of_data, 4) },
        { label: t("own_uniform"), value: ui.fixed(score.uniform, 4) },
      ]),
    ];
    if (score.nats === "inf") lines.push(ui.message("bad", t("own_impossible"), "own-impossible"));
    ui.clear(result, lines);
  };
  // a name that is refused leaves no numbers and bars of the one before
  const refuse = (...messages) => {
    ui.clear(problem, messages);
    ui.clear(result);
    box.hidden = true;
  };
  const show = async (text) => {
    carryName(ctx, text);
    if (text === "") {
      run(async () => undefined);
      refuse(ui.message("note", t("own_empty")));
      return;
    }
    try {
      // characters that look unknown are asked about first: the server knows how it reads them
      const foreign = [...text].some((character) => !known.has(character));
      const word = foreign ? await run((signal) => api.post("/encode", { text }, { signal })) : { unknown: [] };
      if (!word) return;
      if (word.unknown.length) {
        refuse(word.unknown.map((character) => ui.message("bad", t("own_unknown", { character }))));
        return;
      }
      const score = await run((signal) => api.post("/score", { text }, { signal }));
      if (!score) return;
      ui.clear(problem);
      box.hidden = false;
      tell(score);
      chart.update(spec(score));
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      refuse(ui.message("bad", error.message));
    }
  };
  const field = ui.field({
    label: t("own_word"), value: example, maxLength: LONGEST_WORD, testid: "own-word", onInput: show,
  });
  ui.clear(host, ui.controls(field.node), problem, result, box);
  tell(first);
  const chart = await ctx.charts.bars({
    into: box, height: 240, yTitle: t("own_y"), label: t("own_aria"), minBar: 34, testid: "own-chart", ...spec(first),
  });
}
