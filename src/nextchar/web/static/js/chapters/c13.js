// Chapter 13: what arrives at each layer of a deep net, forwards and backwards, and whether it trains. Two figures share
// the knobs: the layers before the first step, and the loss and the updates of some steps.

import { questions } from "/static/js/chapters/inside.js";
import { listSlider } from "/static/js/chapters/shared.js";
import { shape } from "/static/js/svg.js";

const SCALES = [0.1, 0.3, 0.5, 1, 1.667, 2, 3, 5];
const FIRST = { depth: 6, scale: 0.5, normed: false };
const DEEPEST = 8;
const STEPS = 100;
const LITTLE = 0.2; // of the spread of the first layer
const FLAT = 0.3; // share of saturated activations
const RUNS_KEPT = 6;

export async function render(root, ctx) {
  ctx.charts.load().catch(() => {}); // while the server reads the net; whoever draws a chart hears of it
  const [layers, training] = ["layers", "training"].map(ctx.figure);
  if (ctx.needsTorch(layers)) {
    ctx.needsTorch(training);
    return;
  }
  const knobs = await health(ctx, layers);
  await ctx.guard(() => steps(ctx, training, knobs), training);
}

function histogram(shares, label, kind) {
  const width = 200;
  const height = 56;
  const most = Math.max(...shares) || 1;
  const step = width / shares.length;
  return shape(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: `histogram ${kind}`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
    shape("line", { x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
    ...shares.map((share, i) => {
      const high = (share / most) * (height - 4);
      return shape("rect", { x: i * step, y: height - 1 - high, width: Math.max(step - 0.6, 0.5), height: high });
    }),
  );
}

async function health(ctx, host) {
  const { ui, t, api } = ctx;
  const { el } = ui;
  const { ask: run, line } = questions(ctx);
  const listeners = [];
  const depth = ui.slider({
    label: t("layers_depth"), min: 1, max: DEEPEST, step: 1, value: FIRST.depth, testid: "layers-depth", onInput: () => later(),
  });
  const scale = listSlider(ui, { label: t("layers_scale"), values: SCALES, value: FIRST.scale, testid: "layers-scale", onInput: () => later() });
  const norm = ui.checkbox({ label: t("layers_norm"), checked: false, testid: "layers-norm", onChange: () => later() });
  const says = ui.live({ testid: "layers-says" });
  const rows = el("div", { class: "layer-rows", testid: "layers-rows" });
  const range = el("p", { class: "nets-hint" });
  const settings = () => ({ depth: depth.value, scale: scale.value, normed: norm.checked });
  const later = ui.debounce(() => ctx.guard(ask, host), 25);
  ctx.onLeave(later.cancel);

  async function ask() {
    for (const tell of listeners) tell();
    const answer = await run((signal) => api.post("/inside/layers", { ...settings(), steps: 0 }, { signal }));
    if (answer) show(answer);
  }

  function show({ layers, gradient_range: reach }) {
    const [first, last] = [layers[0], layers.at(-1)];
    if (last.saturated > FLAT) ui.clear(says, ui.message("bad", t("layers_says_saturated", { share: ui.percent(last.saturated, 0) })));
    else if (last.deviation < LITTLE * first.deviation) ui.clear(says, ui.message("bad", t("layers_says_small", { share: ui.percent(last.deviation / first.deviation) })));
    else ui.clear(says, ui.message("good", t("layers_says_healthy", { first: ui.fixed(first.deviation, 2), last: ui.fixed(last.deviation, 2) })));
    range.textContent = t("layers_range", { range: ui.short(reach, 2) });
    ui.clear(
      rows,
      el("div", { class: "layer-row head", attrs: { "aria-hidden": "true" } }, el("span"), el("span", { text: t("layers_activations") }), el("span", { text: t("layers_gradients") })),
      layers.map(({ activations, gradients, ...of }, i) => {
        const layer = String(i + 1);
        const [spread, pull] = [ui.fixed(of.deviation, 3), ui.short(of.gradient_deviation, 2)];
        const saturated = ui.percent(of.saturated, 0);
        return el(
          "div",
          { class: "layer-row", testid: `layer-${layer}` },
          el("span", { class: "layer-name", text: t("layers_layer", { layer }) }),
          el("div", {}, histogram(activations, t("layers_activations_aria", { layer, spread, saturated }), "forwards"),
            el("span", { class: "layer-numbers" }, [`${t("layers_spread")} ${spread}`, `${t("layers_saturated")} ${saturated}`].map((text) => el("span", { text })))),
          el("div", {}, histogram(gradients, t("layers_gradients_aria", { layer, spread: pull }), "backwards"),
            el("span", { class: "layer-numbers", text: `${t("layers_spread")} ${pull}` })),
        );
      }),
    );
  }

  ctx.predict("layers", {});
  ui.clear(host, el("div", { class: "nets-settings" }, depth.node, scale.node, norm.node), line, says, rows, range);
  await ctx.guard(ask, host);
  return { settings, onChange: (tell) => listeners.push(tell) };
}

async function steps(ctx, host, { settings, onChange }) {
  const { ui, t, api, charts } = ctx;
  const { el } = ui;
  const run = api.latest();
  const kept = [];
  const now = el("p", { class: "nets-hint", testid: "train-settings" });
  const says = ui.live({ testid: "train-says" });
  const tried = el("div", { testid: "train-tried" });
  const left = el("div", {}, ui.heading(t("training_loss")));
  const right = el("div", {}, ui.heading(t("training_ratio")));
  const start = ui.button({ label: t("training_start", { steps: STEPS }), kind: "primary", testid: "train-start", onClick: () => ctx.guard(train, host) });
  const words = ({ depth, scale, normed }) =>
    t("training_settings", { depth: String(depth), scale: String(scale), norm: t(normed ? "training_with" : "training_without") });
  const tell = () => (now.textContent = words(settings()));
  let pictures = null;
  onChange(tell);
  tell();

  async function train() {
    const chosen = settings();
    host.dataset.training = "on";
    ui.clear(says, ui.message("note", t("training_running")));
    const answer = await run((signal) => api.post("/inside/layers", { ...chosen, steps: STEPS }, { signal })).finally(() => (host.dataset.training = "off"));
    if (answer) await show(chosen, answer);
  }

  async function show(chosen, { losses, loss: after, ratios, ratio_steps: at, uniform }) {
    const [before] = losses;
    ui.clear(says, ui.message(after < before ? "note" : "bad", t("training_says", { steps: STEPS, before: ui.fixed(before, 3), after: ui.fixed(after, 3) })));
    kept.unshift({ words: words(chosen), after });
    kept.splice(RUNS_KEPT);
    ui.clear(
      tried,
      ui.table({
        caption: t("training_runs"),
        head: [t("training_run"), t("training_after", { steps: STEPS })],
        rows: kept.map((entry) => [entry.words, ui.fixed(entry.after, 3)]),
        numeric: [1],
      }),
    );
    const loss = {
      series: [{ name: t("training_loss"), x: losses.map((_, i) => i), y: losses }],
      levels: [{ y: uniform, name: t("training_uniform", { loss: ui.fixed(uniform, 2) }) }],
      text: t("training_says", { steps: STEPS, before: ui.fixed(before, 3), after: ui.fixed(after, 3) }),
    };
    const ratio = {
      series: ratios.map((of, i) => ({ name: t("layers_layer", { layer: String(i + 1) }), x: at, y: of.map((value) => (value > 0 ? value : null)) })),
      levels: [{ y: 1e-3, name: t("training_target") }],
    };
    if (pictures) {
      await Promise.all([pictures[0].update(loss), pictures[1].update(ratio)]);
      return;
    }
    pictures = await Promise.all([
      charts.lines({ into: left, height: 300, xTitle: t("training_step"), yTitle: t("training_loss_y"), label: t("training_loss_aria"), legend: false, testid: "train-losses", ...loss }),
      charts.lines({ into: right, height: 300, yLog: true, xTitle: t("training_step"), yTitle: t("training_ratio_y"), label: t("training_ratio_aria"), testid: "train-ratios", ...ratio }),
    ]);
  }

  ctx.predict("training", {});
  host.dataset.training = "off";
  ui.clear(host, ui.controls(start), now, says, ui.grid(left, right), tried);
  await train();
}
