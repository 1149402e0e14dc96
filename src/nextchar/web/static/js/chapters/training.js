// Training as it happens, of chapter 7: the frames that the server sends, as numbers, a curve, a table and names.

import { L2S, listSlider, mapSize } from "/static/js/chapters/shared.js";

const RATES = [0.1, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000];
const HALF_THE_LECTURES = 25;
const STEPS = [20, 100, 200, 500, 1000, 5000, 20000];
const SPEEDS = [10, 50, 200, 1000, 20000];
const CURVE_HEIGHT = 340;
const KEEP_SAMPLES_AT = [0, 10, 30, 100, 300, 1000, 3000, 10000];

export async function training(ctx, place) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;

  // The lecture's rate of 50 suits names; a list of few symbols or short items needs a smaller one.
  const [{ steady_rate: steady }, N] = await Promise.all([
    api.get("/net/optimum", { l2: 0.01 }, { signal: ctx.signal }),
    api.get("/counts", { what: "probs" }, { signal: ctx.signal }),
  ]);
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
  const status = ui.live({ testid: "train-status", class: "late-status training-status" });
  const meter = el("progress", { class: "late-meter", testid: "train-meter", attrs: { max: 1, value: 0, "aria-label": t("training_step") } });
  const values = Object.fromEntries(["step", "loss", "data_loss", "difference"].map((name) => [name, el("span", { text: "—", testid: `train-${name}` })]));
  const numbers = ui.stats([
    { label: t("training_step"), value: values.step },
    { label: t("training_loss"), value: values.loss },
    { label: t("training_data_loss"), value: values.data_loss },
    { label: t("training_difference"), value: values.difference },
  ]);
  const curve = el("div", { testid: "train-curve" });
  curve.style.minHeight = `${CURVE_HEIGHT}px`;
  const netPlace = el("div", { testid: "train-net" }, ui.heading(t("training_net")));
  const countPlace = el("div", { testid: "train-counts" }, ui.heading(t("training_counts")));
  const samples = el("tbody");
  // what the net wrote before the first step stays beside what it writes now
  const before = el("div", { class: "training-names", testid: "train-before" });
  const now = el("div", { class: "training-names", testid: "train-now" });
  const nowHeading = ui.heading(t("training_now", { step: 0 }));
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
    ui.grid(
      el("div", {}, ui.heading(t("training_before")), before),
      el("div", {}, nowHeading, now),
    ),
    ui.more(t("training_samples"), ui.scroller(t("training_samples"), sampleTable)),
  );

  const most = Math.max(...N.table.flat());
  let P = null;
  const cell = (r, c) => `${N.labels[r]}${N.labels[c]}\n${t("training_net")}: ${P ? ui.fixed(P[r][c]) : "—"}\n${t("training_counts")}: ${ui.fixed(N.table[r][c])}`;
  const map = (into, label, z) =>
    charts.heatmap({
      into, z, rows: N.labels, scale: "root", zmin: 0, zmax: most, size: mapSize(), minimum: 300, bar: false,
      rowTitle: t("training_first"), columnTitle: t("training_second"), hover: cell, label,
    });
  const counted = map(countPlace, t("training_counts_aria"), N.table);
  netPlace.style.minHeight = `${countPlace.offsetHeight}px`; // the net's map will be as high
  await counted;
  let netMap = null;
  let chart = null;
  let controller = null;
  let begun = false;
  ctx.onLeave(() => {
    controller?.abort();
    controller = null;
  });
  busy(false);
  onScreen(netPlace, () => {
    // something to see before the first click, but not before there is somebody to see it
    if (!begun) ctx.guard(() => run(ui.reducedMotion() ? SPEEDS.at(-1) : 100), place);
  });

  // Calls back once, when most of an element is on the screen.
  function onScreen(element, work) {
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      work();
    }, { threshold: 0.25 });
    watcher.observe(element);
    ctx.onLeave(() => watcher.disconnect());
  }

  function busy(yes) {
    stop.setAttribute("aria-disabled", String(!yes));
    place.dataset.training = yes ? "on" : "off";
  }

  async function halt() {
    if (!controller) return;
    await ctx.guard(() => api.remove("/net/train"), place);
  }

  async function run(stepsPerSecond) {
    begun = true;
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
    for (const old of [samples, before, now]) ui.clear(old);

    // The numbers follow every frame; the pictures, which take longer to draw, follow as fast as they can.
    const curvePace = pace(100, drawCurve);
    const mapPace = pace(400, () => drawMap(false));
    const onEvent = (name, data) => {
      if (mine !== controller) return;
      if (name === "start") begin = data;
      else if (name === "step") {
        for (const [step, loss] of data.losses) {
          losses.x.push(step);
          losses.y.push(loss);
          if (Number.isFinite(loss)) top = Math.max(top, loss);
        }
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
      netPlace.style.minHeight = "";
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
      if (!before.childElementCount || step === 0) ui.clear(before, ui.items(names, { label: t("training_before") }));
      nowHeading.textContent = t("training_now", { step: ui.integer(step) });
      ui.clear(now, ui.items(names, { label: nowHeading.textContent }));
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
          into: curve, xTitle: t("training_step"), yTitle: t("training_curve_y"), height: CURVE_HEIGHT,
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
