// Chapter 7, the neural net: a word as one-hot rows, one example in numbers, training as it happens, and the optimum
// that training walks towards. All numbers come from the server; this file formats and draws.

const RATES = [0.1, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000];
const HALF_THE_LECTURES = 25;
const L2S = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const STEPS = [20, 100, 200, 500, 1000, 5000, 20000];
const SPEEDS = [10, 50, 200, 1000, 20000];
const KEEP_SAMPLES_AT = [0, 10, 30, 100, 300, 1000, 3000, 10000];

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
  const { examples } = await ctx.data();

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
    value: examples[0].slice(0, 12),
    maxLength: 40,
    onInput: later,
    testid: "onehot-word",
  });
  ui.clear(place, ui.controls(word.node), picture, shape);
  await draw(word.value);

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
  ui.clear(
    place,
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
  await draw();

  function draw() {
    return ctx.guard(async () => {
      const answer = await ask((signal) => api.post("/net/forward", { first: Number(chooser.value), seed }, { signal }));
      if (!answer) return;
      const { labels, symbol } = answer;
      const strip = {
        z: [answer.logits],
        rows: [symbol],
        columns: labels,
        hover: (_, i) => `${labels[i]}: ${ui.fixed(answer.logits[i])}`,
        label: t("forward_logits_aria", { symbol }),
      };
      if (stages.logits) await stages.logits.update(strip);
      else stages.logits = await charts.heatmap({ into: places.logits, diverging: true, bar: false, size: narrow() ? 312 : 1200, minimum: 300, ...strip });
      for (const name of ["counts", "probabilities"]) {
        const values = answer[name];
        const spec = {
          x: labels,
          y: values,
          hover: (i) => `${labels[i]}: ${ui.fixed(values[i])}`,
          label: t(`forward_${name}_aria`, { symbol }),
        };
        if (stages[name]) await stages[name].update(spec);
        else stages[name] = await charts.bars({ into: places[name], height: 190, percent: name === "probabilities", ...spec });
      }
      ui.clear(sum, t("forward_sum", { total: ui.fixed(answer.total), symbol }));
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
    }, place);
  }
}

// --- training as it happens ----------------------------------------------------------------------------------------

async function training(ctx, place) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;

  // The lecture's rate of 50 suits names; a list of few symbols or short items needs a smaller one.
  const { steady_rate: steady } = await api.get("/net/optimum", { l2: 0.01 }, { signal: ctx.signal });
  const first = steady > HALF_THE_LECTURES ? 50 : RATES.findLast((value) => value <= steady) ?? RATES[0];
  const rate = listSlider(ui, { label: t("training_rate"), values: RATES, value: first, testid: "train-rate" });
  const l2 = listSlider(ui, { label: t("training_l2"), values: L2S, value: 0.01, testid: "train-l2" });
  const steps = ui.select({
    label: t("training_steps"),
    options: STEPS.map((n) => ({ value: n, text: ui.integer(n) })),
    value: 100,
    testid: "train-steps",
  });
  const speed = ui.select({
    label: t("training_speed"),
    options: SPEEDS.map((n) => ({ value: n, text: t("training_speed_option", { speed: ui.integer(n) }) })),
    value: 50,
    testid: "train-speed",
  });
  const start = ui.button({ label: t("training_start"), kind: "primary", onClick: () => run(Number(speed.value)), testid: "train-start" });
  const stop = ui.button({ label: t("training_stop"), onClick: halt, testid: "train-stop" });
  const status = ui.live({ testid: "train-status", class: "late-status" });
  const meter = el("progress", { class: "late-meter", testid: "train-meter", attrs: { max: 1, value: 0, "aria-label": t("training_step") } });
  const values = Object.fromEntries(["step", "loss", "data_loss", "difference"].map((name) => [name, el("span", { text: "—", testid: `train-${name}` })]));
  const numbers = ui.stats([
    { label: t("training_step"), value: values.step },
    { label: t("training_loss"), value: values.loss },
    { label: t("training_data_loss"), value: values.data_loss },
    { label: t("training_difference"), value: values.difference },
  ]);
  const curve = el("div", { testid: "train-curve" });
  const netPlace = el("div", { testid: "train-net" }, ui.heading(t("training_net")));
  const countPlace = el("div", { testid: "train-counts" }, ui.heading(t("training_counts")));
  const samples = el("tbody");
  const sampleTable = el(
    "table",
    { class: "table late-samples", testid: "train-samples" },
    el("caption", { text: t("training_samples") }),
    el("thead", {}, el("tr", {}, [t("training_step"), t("training_samples_names")].map((text) => el("th", { text, attrs: { scope: "col" } })))),
    samples,
  );
  ui.clear(
    place,
    el("div", { class: "late-settings" }, rate.node, l2.node),
    ui.controls(steps.node, speed.node, el("div", { class: "late-buttons" }, start, stop)),
    meter,
    status,
    numbers,
    curve,
    ui.grid(netPlace, countPlace),
    ui.scroller(t("training_samples"), sampleTable),
  );

  const N = await api.get("/counts", { what: "probs" }, { signal: ctx.signal });
  const most = Math.max(...N.table.flat());
  let P = null;
  const cell = (r, c) => `${N.labels[r]}${N.labels[c]}\n${t("training_net")}: ${P ? ui.fixed(P[r][c]) : "—"}\n${t("training_counts")}: ${ui.fixed(N.table[r][c])}`;
  const map = (into, label, z) =>
    charts.heatmap({
      into, z, rows: N.labels, scale: "root", zmin: 0, zmax: most, size: mapSize(), minimum: 300, bar: false,
      rowTitle: t("training_first"), columnTitle: t("training_second"), hover: cell, label,
    });
  await map(countPlace, t("training_counts_aria"), N.table);
  let netMap = null;
  let chart = null;
  let controller = null;
  ctx.onLeave(() => {
    controller?.abort();
    controller = null;
  });
  busy(false);
  await run(ui.reducedMotion() ? SPEEDS.at(-1) : 100); // something to see before the first click

  function busy(yes) {
    stop.setAttribute("aria-disabled", String(!yes));
    place.dataset.training = yes ? "on" : "off";
  }

  async function halt() {
    if (!controller) return;
    await ctx.guard(() => api.remove("/net/train"), place);
  }

  async function run(stepsPerSecond) {
    controller?.abort();
    controller = new AbortController();
    const mine = controller;
    const total = Number(steps.value);
    const settings = { learning_rate: rate.value, l2: l2.value, steps: total, steps_per_second: stepsPerSecond, init: "randn" };
    let begin = null;
    let ended = false;
    const losses = { x: [], y: [] };
    let top = 0;
    const kept = [];
    busy(true);
    ui.clear(status, t("training_running"));
    meter.value = 0;
    ui.clear(samples);

    // The numbers follow every frame; the pictures, which take longer to draw, follow as fast as they can.
    const curvePace = pace(100, drawCurve);
    const mapPace = pace(400, () => drawMap(false));
    const onEvent = (name, data) => {
      if (mine !== controller) return;
      if (name === "start") begin = data;
      else if (name === "step") {
        losses.x.push(data.step);
        losses.y.push(data.loss);
        if (Number.isFinite(data.loss)) top = Math.max(top, data.loss);
        keep(data);
        numbersOf(data);
        drawSamples(data);
        meter.value = data.step / total;
        curvePace();
        if (data.probabilities) {
          P = data.probabilities;
          mapPace();
        }
      } else {
        finish(name, data);
        drawCurve();
        if (P) drawMap(true);
      }
    };

    // Runs the work now, or, if it ran a moment ago or still runs, as soon as it may again.
    function pace(ms, work) {
      let working = false;
      let wanted = false;
      const go = async () => {
        if (working) {
          wanted = true;
          return;
        }
        working = true;
        do {
          wanted = false;
          const begun = performance.now();
          await work();
          await ui.pause(Math.max(ms, 2 * (performance.now() - begun)));
        } while (wanted && mine === controller);
        working = false;
      };
      return go;
    }

    // What the pointer shows of a cell is made when training has ended: 4 times a second would be too much of it.
    async function drawMap(ended) {
      if (netMap) return netMap.update({ z: P, hover: ended ? cell : undefined });
      netMap = { update() {} };
      const drawn = P;
      netMap = await map(netPlace, t("training_net_aria"), drawn);
      if (P !== drawn) await netMap.update({ z: P });
    }

    function numbersOf({ step, loss, data_loss, largest_difference }) {
      values.step.textContent = `${ui.integer(step)} / ${ui.integer(total)}`;
      values.loss.textContent = amount(loss);
      values.data_loss.textContent = amount(data_loss);
      if (largest_difference !== undefined) values.difference.textContent = ui.fixed(largest_difference);
    }

    function amount(loss) {
      if (loss === null || !Number.isFinite(Number(loss))) return "∞";
      return Number(loss) < 1000 ? ui.fixed(loss) : ui.short(loss);
    }

    // The first frame after each mark stays, so that one sees what the net wrote early on.
    function keep({ weights_of: step, samples: names }) {
      const due = KEEP_SAMPLES_AT.filter((mark) => mark <= step).length;
      if (names && due > (kept.at(-1)?.due ?? 0)) kept.push({ step, names, due });
    }

    function drawSamples({ weights_of: step, samples: names }) {
      if (!names) return;
      const rows = [...kept.filter((entry) => entry.step < step), { step, names }];
      ui.clear(
        samples,
        rows.map((entry, index) =>
          el(
            "tr",
            { class: index === rows.length - 1 ? "late-now" : null },
            el("th", { class: "number", text: ui.integer(entry.step), attrs: { scope: "row" } }),
            el("td", {}, ui.items(entry.names)),
          ),
        ),
      );
    }

    function level(name) {
      const value = begin[name];
      return { name: t(`training_level_${name}`, { loss: ui.fixed(value) }), x: [0, total], y: [value, value], width: 2 };
    }

    async function drawCurve() {
      const spec = {
        series: [
          { name: t("training_loss"), x: losses.x, y: losses.y },
          level("uniform"),
          level("optimum"),
          level("counts"),
        ],
        xRange: [0, total],
        yRange: yRange(),
        text: t("training_curve_text", { step: ui.integer(losses.x.at(-1) ?? 0), loss: amount(losses.y.at(-1) ?? null) }),
      };
      if (!chart) {
        chart = { update() {} };
        chart = await charts.lines({
          into: curve, xTitle: t("training_step"), yTitle: t("training_curve_y"), height: 340,
          label: t("training_curve_aria"), ...spec,
        });
      } else await chart.update(spec);
    }

    function yRange() {
      const low = begin.counts - 0.12 * (Math.max(top, begin.uniform) - begin.counts);
      return [low, Math.max(top, begin.uniform) + 0.06 * (Math.max(top, begin.uniform) - begin.counts)];
    }

    function finish(name, { message, diverged }) {
      ended = true;
      const kind = diverged ? "bad" : name === "done" ? "good" : "note";
      ui.clear(status, ui.message(kind, message, diverged ? "train-diverged" : undefined));
    }

    try {
      await api.stream("/net/train", settings, { signal: controller.signal, onEvent });
    } catch (error) {
      if (mine !== controller || api.isAbort(error)) return;
      ui.clear(status, ui.message("error", error.message ?? String(error)));
    }
    if (mine === controller) {
      controller = null;
      busy(false);
      if (!ended && !status.querySelector(".error")) ui.clear(status, ui.message("error", t("error_server")));
    }
  }
}

// Two maps stand side by side, or on a phone one below the other, each of them whole.
function mapSize() {
  return narrow() ? 312 : 460;
}

function narrow() {
  return matchMedia("(max-width: 500px)").matches;
}

// A slider over a list of values, for settings that span powers of ten.
function listSlider(ui, { label, values, value, onInput, testid }) {
  const slider = ui.slider({
    label,
    min: 0,
    max: values.length - 1,
    step: 1,
    value: values.indexOf(value),
    format: (at) => values[at].toLocaleString("en-US", { maximumFractionDigits: 6 }),
    onInput: onInput && ((at) => onInput(values[at])),
    testid,
  });
  return {
    node: slider.node,
    get value() {
      return values[slider.value];
    },
  };
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
  ui.clear(place, slider.node, now, body);

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

  const few = [0, 0.001, 0.01, 0.1, 1];
  const rows = [];
  for (const l2 of few) rows.push(await solve(l2, ctx.signal));
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
