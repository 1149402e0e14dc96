// Chapter 6: the pair that the model holds for impossible, and what adding k to every count does.

export async function render(root, ctx) {
  const { api, signal } = ctx;
  const [zero, one, curve] = await Promise.all([
    api.get("/smoothing", { add: 0 }, { signal }),
    api.get("/smoothing", { add: 1 }, { signal }),
    api.get("/smoothing/curve", {}, { signal }),
  ]);
  await Promise.all([impossible(ctx, zero, one), smoothing(ctx, one, curve)]);
}

async function impossible(ctx, zero, one) {
  const { ui, t } = ctx;
  const side = (answer, name, testid) => {
    const { jz } = answer;
    return ui.el(
      "div",
      {},
      ui.heading(name),
      ui.table({
        testid,
        rows: [
          [t("jz_count"), ui.integer(jz.count)],
          [t("jz_row_total"), ui.integer(jz.row_total)],
          [t("jz_probability"), jz.probability ? ui.short(jz.probability) : "0"],
          [t("jz_nats"), ui.fixed(jz.nats, 4)],
        ],
        numeric: [1],
      }),
    );
  };
  ui.clear(
    ctx.figure("jz"),
    ui.el("p", {}, ui.symbol(zero.jz.pair)),
    ui.grid(side(zero, t("jz_before"), "jz-before"), side(one, t("jz_after", { add: 1 }), "jz-after")),
    ui.message(zero.jz.nats === "inf" ? "bad" : "note", t("jz_says", { pair: `\`${zero.jz.pair}\``, nats: ui.fixed(zero.jz.nats, 4) })),
  );
}

async function smoothing(ctx, first, curve) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("slider");
  const run = api.latest();
  const start = curve.add.indexOf(curve.add.reduce((best, add) => (Math.abs(add - 1) < Math.abs(best - 1) ? add : best)));
  const k = (add) => (add === 0 ? "0" : ui.short(Number(add.toPrecision(3))));
  // 0 has no place on a logarithmic axis: it is drawn at the left, where a label says 0
  const least = curve.add.find((add) => add > 0);
  const place = (add) => (add === 0 ? least / 4 : add);
  const result = ui.live({ testid: "smoothing-result" });
  const left = ui.el("div");
  const right = ui.el("div");

  const tell = (answer) =>
    ui.clear(
      result,
      ui.stats([
        { label: t("slider_k"), value: k(answer.add), testid: "smoothing-k" },
        { label: t("slider_loss"), value: ui.fixed(answer.loss, 4), testid: "smoothing-loss" },
        { label: t("slider_uniform"), value: ui.fixed(answer.uniform, 4) },
        { label: t("slider_pair", { pair: answer.jz.pair }), value: ui.fixed(answer.jz.nats, 4), testid: "smoothing-pair" },
      ]),
    );
  const mapSpec = (answer) => ({
    z: answer.table,
    hover: (r, c) => `${answer.labels[r]}${answer.labels[c]}: ${ui.fixed(answer.table[r][c], 5)}`,
    text: t("slider_map_text", { add: k(answer.add), loss: ui.fixed(answer.loss, 4) }),
  });
  const lineSpec = (answer) => ({
    point: { x: place(answer.add), y: answer.loss, name: ui.fixed(answer.loss, 4), position: "top center" },
    text: t("slider_map_text", { add: k(answer.add), loss: ui.fixed(answer.loss, 4) }),
  });
  const show = (index) =>
    ctx.guard(async () => {
      const answer = await run((signal) => api.get("/smoothing", { add: curve.add[index] }, { signal }));
      if (!answer) return;
      tell(answer);
      await Promise.all([map.update(mapSpec(answer)), line.update(lineSpec(answer))]);
    }, host);
  const slider = ui.slider({
    label: t("slider_k"), min: 0, max: curve.add.length - 1, step: 1, value: start, format: (i) => `k = ${k(curve.add[i])}`,
    onInput: ui.debounce(show, 15), testid: "smoothing-slider",
  });
  ui.clear(host, slider.node, result, ui.grid(left, right));
  tell(first);
  const series = [{ name: t("slider_train"), x: curve.add.map(place), y: curve.loss }];
  if (curve.held_out) series.push({ name: t("slider_held_out"), x: curve.add.map(place), y: curve.held_out });
  const decades = curve.add.filter((add) => add === 0 || Math.abs(Math.log10(add) - Math.round(Math.log10(add))) < 1e-6);
  const [map, line] = await Promise.all([
    ctx.charts.heatmap({
      into: left, rows: first.labels, scale: "root", zmin: 0, zmax: 1, size: 420, minimum: 300, bar: false,
      label: t("slider_map_aria"), testid: "smoothing-map", ...mapSpec(first),
    }),
    ctx.charts.lines({
      into: right, height: 400, series, xLog: true, xTitle: t("slider_x"), yTitle: t("slider_y"),
      xTicks: { values: decades.map(place), texts: decades.map(k) },
      levels: [{ y: first.uniform, name: t("slider_level", { uniform: ui.fixed(first.uniform, 4) }), dash: "dot" }],
      label: t("slider_line_aria"), testid: "smoothing-curve", ...lineSpec(first),
    }),
  ]);
}
