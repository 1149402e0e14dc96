// Chapter 6: the pair that the model holds for impossible, and what adding k to every count does, with few names and many.

import { carriedName } from "/static/js/chapters/shared.js";

const FEW = ["100", "1000", "all"];

export async function render(root, ctx) {
  const { api, signal } = ctx;
  const [data, zero, one, curve] = await Promise.all([
    ctx.data(),
    api.get("/smoothing", { add: 0 }, { signal }),
    api.get("/smoothing", { add: 1 }, { signal }),
    api.get("/smoothing/curve", {}, { signal }),
  ]);
  const name = carriedName(ctx, data);
  const [before, after] = await Promise.all([0, 1].map((add) => api.post("/score", { text: name, add }, { signal })));
  await Promise.all([impossible(ctx, { zero, one, name, before, after }), smoothing(ctx, one, curve)]);
}

async function impossible(ctx, { zero, one, name, before, after }) {
  const { ui, t } = ctx;
  const side = (answer, score, title, testid) => {
    const { jz } = answer;
    return ui.el(
      "div",
      {},
      ui.heading(title),
      ui.table({
        testid,
        rows: [
          [t("jz_count"), ui.short(jz.count + answer.add)],
          [t("jz_row_total"), ui.integer(answer.jz_row_total)],
          [t("jz_probability"), jz.probability ? ui.short(jz.probability) : "0"],
          [t("jz_nats"), ui.fixed(jz.nats, 4)],
          [t("jz_name", { name }), ui.fixed(score.nats_per_symbol, 4)],
        ],
        numeric: [1],
      }),
    );
  };
  ui.clear(
    ctx.figure("jz"),
    ui.el("p", {}, ui.symbol(zero.jz.pair)),
    ui.grid(
      side(zero, before, t("jz_before"), "jz-before"),
      side(one, after, t("jz_after", { add: 1 }), "jz-after"),
    ),
    ui.message(zero.jz.nats === "inf" ? "bad" : "note", t("jz_says", { pair: `\`${zero.jz.pair}\``, nats: ui.fixed(zero.jz.nats, 4) })),
  );
}

async function smoothing(ctx, first, whole) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("slider");
  const run = api.latest();
  const k = (add) => (add === 0 ? "0" : ui.short(Number(add.toPrecision(3))));
  // 0 has no place on a logarithmic axis: it is drawn at the left, where a label says 0
  const least = whole.add.find((add) => add > 0);
  const place = (add) => (add === 0 ? least / 4 : add);
  const start = whole.add.indexOf(whole.add.reduce((best, add) => (Math.abs(add - 1) < Math.abs(best - 1) ? add : best)));
  let curve = whole;
  let now = first;
  const big = ui.live({ class: "big-number", testid: "smoothing-held-out" });
  const result = ui.live({ testid: "smoothing-result" });
  const left = ui.el("div", {}, ui.heading(t("slider_row", { symbol: first.jz.pair.slice(0, [...first.jz.pair][0].length) })));
  const right = ui.el("div");

  const guess = () => {
    if (!whole.held_out) return;
    const best = whole.add[whole.best];
    const others = [0.01, 0.3, 10, 300].filter((add) => Math.abs(Math.log10(add / (best || 1e-9))) > 0.7);
    const options = [...others.slice(0, 3), best].sort((a, b) => a - b);
    ctx.predict("slider", {
      options: options.map((add) => `k = ${k(add)}`), right: options.indexOf(best),
      values: { k: k(best), loss: ui.fixed(whole.held_out[whole.best], 4) },
    });
  };
  const tell = () => {
    const at = slider.value;
    ui.clear(
      big,
      curve.held_out
        ? [ui.el("span", { class: "big-label", text: t("slider_big") }), ui.fixed(curve.held_out[at], 4)]
        : t("slider_none"),
    );
    ui.clear(
      result,
      ui.stats([
        { label: t("slider_k"), value: k(curve.add[at]), testid: "smoothing-k" },
        { label: t(curve === whole ? "slider_loss" : "slider_loss_few"), value: ui.fixed(curve.loss[at], 4), testid: "smoothing-loss" },
        { label: t("slider_uniform"), value: ui.fixed(first.uniform, 4) },
        { label: t("slider_pair", { pair: now.jz.pair }), value: ui.fixed(now.jz.nats, 4), testid: "smoothing-pair" },
      ]),
    );
  };
  const rowSpec = () => ({
    x: now.labels, y: now.jz_row, highlight: now.labels.indexOf([...now.jz.pair].at(-1)),
    hover: (i) => `${[...now.jz.pair][0]}${now.labels[i]}: ${ui.fixed(now.jz_row[i], 5)}`,
    text: t("slider_map_text", { add: k(now.add), loss: ui.fixed(now.loss, 4) }),
  });
  // The axis shows the surroundings of the minimum, where the choice of k makes a difference.
  const lineSpec = () => {
    const at = slider.value;
    const series = [{ name: t("slider_train"), x: curve.add.map(place), y: curve.loss }];
    if (curve.held_out) series.push({ name: t("slider_held_out"), x: curve.add.map(place), y: curve.held_out });
    const shown = curve.held_out ?? curve.loss;
    return {
      series,
      yRange: curve.range,
      point: { x: place(curve.add[at]), y: shown[at], name: ui.fixed(shown[at], 4), position: "top center" },
      text: t("slider_map_text", { add: k(curve.add[at]), loss: ui.fixed(curve.loss[at], 4) }),
    };
  };
  const show = (index) =>
    ctx.guard(async () => {
      const answer = await run((signal) => api.get("/smoothing", { add: whole.add[index] }, { signal }));
      if (!answer) return;
      now = answer;
      tell();
      await Promise.all([row.update(rowSpec()), line.update(lineSpec())]);
    }, host);
  const slider = ui.slider({
    label: t("slider_k"), min: 0, max: whole.add.length - 1, step: 1, value: start, format: (i) => `k = ${k(whole.add[i])}`,
    onInput: ui.debounce(show, 15), testid: "smoothing-slider",
  });
  const learn = ui.choice({
    label: t("slider_learn"),
    options: FEW.filter((n) => n === "all" || (whole.held_out && Number(n) < whole.names)).map((n) => ({
      value: n, text: n === "all" ? t("slider_all", { count: ui.integer(whole.names) }) : ui.integer(Number(n)),
    })),
    value: "all",
    testid: "smoothing-learn",
    onChange: (n) =>
      ctx.guard(async () => {
        const answer = await run((signal) => api.get("/smoothing/curve", n === "all" ? {} : { names: n }, { signal }));
        if (!answer) return;
        curve = n === "all" ? whole : answer;
        tell();
        await line.update(lineSpec());
      }, host),
  });
  ui.clear(host, ui.controls(learn.node), slider.node, big, result, ui.grid(left, right));
  tell();
  guess();
  const decades = whole.add.filter((add) => add === 0 || Math.abs(Math.log10(add) - Math.round(Math.log10(add))) < 1e-6);
  const [row, line] = await Promise.all([
    ctx.charts.bars({
      into: left, height: 400, yTitle: t("slider_row_y"), label: t("slider_row_aria"), testid: "smoothing-row", ...rowSpec(),
    }),
    ctx.charts.lines({
      into: right, height: 400, xLog: true, xTitle: t("slider_x"), yTitle: t("slider_y"),
      xTicks: { values: decades.map(place), texts: decades.map(k) },
      label: t("slider_line_aria"), testid: "smoothing-curve", ...lineSpec(),
    }),
  ]);
}
