// A small net of one family, trained while one watches: the loss on names seen and held out, and what it writes by then.
//
//   netTraining(ctx, place, {family, settings, onStart, onStep, onTrained})
//       family     as the server names it: "mlp", "rnn", ...
//       settings   () -> more fields of the request, read at each start
//       onStart(start), onStep(step)   called with what the server sends, for a figure beside
//       onTrained(net, labels)         the reader wants to look into the net that has been trained: its fingerprint
//
// The words are `net_training_*` of the site. `data-training` of the place says whether a training runs.

const CURVE_HEIGHT = 300;
const NAMES_KEPT = 12;
const DRAW_EVERY = 120; // ms

export function netTraining(ctx, place, { family, settings = () => ({}), onStart, onStep, onTrained }) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;
  const start = ui.button({ label: t("net_training_start"), kind: "primary", onClick: () => ctx.guard(run, place), testid: "net-start" });
  const stop = ui.button({ label: t("net_training_stop"), onClick: halt, testid: "net-stop" });
  const status = ui.live({ testid: "net-status", class: "nets-status" });
  const meter = el("progress", { class: "nets-meter", testid: "net-meter", attrs: { max: 1, value: 0, "aria-label": t("net_training_step") } });
  const values = Object.fromEntries(["step", "loss", "held-out"].map((name) => [name, el("span", { text: "—", testid: `net-${name}` })]));
  const curve = el("div", { class: "nets-curve", testid: "net-curve" });
  const first = el("div", { class: "nets-names", testid: "net-first" });
  const now = el("div", { class: "nets-names", testid: "net-now" });
  const nowHeading = ui.heading(t("net_training_now", { step: 0 }));
  let controller = null;
  let begin = null;
  let seen = { x: [], loss: [], heldOut: [] };
  let chart = null;
  let drawing = false;
  let wanted = false;

  const results = el(
    "div",
    { class: "nets-results" },
    ui.stats([
      { label: t("net_training_step"), value: values.step },
      { label: t("net_training_loss"), value: values.loss },
      { label: t("net_training_held_out"), value: values["held-out"] },
    ]),
    curve,
    ui.grid(el("div", {}, ui.heading(t("net_training_first")), first), el("div", {}, nowHeading, now)),
  );
  results.hidden = true;
  ui.clear(place, ui.controls(start, stop), meter, status, results);
  busy(false);
  hint();
  ctx.onLeave(() => {
    controller?.abort();
    controller = null;
  });

  function busy(yes) {
    stop.setAttribute("aria-disabled", String(!yes));
    place.dataset.training = yes ? "on" : "off";
  }

  function hint() {
    ui.clear(status, ui.message("note", t("net_training_hint")));
  }

  async function halt() {
    if (controller) await ctx.guard(() => api.remove("/nets/train"), place);
  }

  async function run() {
    controller?.abort();
    controller = new AbortController();
    const mine = controller;
    seen = { x: [], loss: [], heldOut: [] };
    begin = null;
    busy(true);
    curve.style.minHeight = `${CURVE_HEIGHT}px`;
    results.hidden = false;
    meter.value = 0;
    for (const value of Object.values(values)) value.textContent = "—";
    ui.clear(status, ui.message("note", t("net_training_running")));
    for (const old of [first, now]) ui.clear(old);
    try {
      await api.stream("/nets/train", { family, ...settings() }, { signal: mine.signal, onEvent: (name, data) => mine === controller && heard(name, data) });
    } catch (error) {
      if (mine !== controller || api.isAbort(error)) return;
      ui.clear(status);
      throw error;
    } finally {
      if (mine === controller) {
        controller = null;
        busy(false);
      }
    }
  }

  function heard(name, data) {
    if (name === "start") {
      begin = data;
      ui.clear(first, ui.items(data.samples, { label: t("net_training_first"), limit: NAMES_KEPT }));
      onStart?.(data);
    } else if (name === "step") {
      step(data);
      onStep?.(data);
    } else {
      ui.clear(status, ui.message(name === "done" ? "good" : "note", data.message),
        ui.button({ label: t("net_training_look"), testid: "net-look", onClick: () => onTrained(data.net, begin.labels) }));
      draw();
    }
  }

  function step(data) {
    for (const [at, loss, heldOut] of data.curve) {
      seen.x.push(at);
      seen.loss.push(loss);
      seen.heldOut.push(heldOut);
    }
    meter.value = data.step / begin.steps;
    values.step.textContent = ui.integer(data.step);
    if (data.loss !== null) values.loss.textContent = ui.fixed(data.loss);
    if (data.held_out !== null) values["held-out"].textContent = ui.fixed(data.held_out);
    if (data.samples) {
      nowHeading.textContent = t("net_training_now", { step: ui.integer(data.step) });
      ui.clear(now, ui.items(data.samples, { label: nowHeading.textContent, limit: NAMES_KEPT }));
    }
    draw();
  }

  // As often as the chart can be drawn, and once more with what came last.
  async function draw() {
    wanted = true;
    if (drawing || !begin) return;
    drawing = true;
    while (wanted && !ctx.signal.aborted) {
      wanted = false;
      await ctx.guard(() => drawCurve(), place);
      await ui.pause(DRAW_EVERY, ctx.signal).catch(() => {});
    }
    drawing = false;
  }

  async function drawCurve() {
    const known = seen.heldOut.map((value, i) => [seen.x[i], value]).filter(([, value]) => value !== null);
    const spec = {
      series: [
        { name: t("net_training_loss"), x: seen.x, y: seen.loss },
        { name: t("net_training_held_out"), x: known.map(([x]) => x), y: known.map(([, y]) => y), marks: true },
      ],
      levels: [
        { y: begin.uniform, name: t("net_training_uniform", { loss: ui.fixed(begin.uniform, 2) }) },
        { y: begin.pairs, name: t("net_training_pairs", { loss: ui.fixed(begin.pairs, 2) }) },
      ],
      xRange: [0, begin.steps],
      text: t("net_training_text", { step: ui.integer(seen.x.at(-1) ?? 0), loss: ui.fixed(known.at(-1)?.[1] ?? begin.uniform) }),
    };
    if (chart) await chart.update(spec);
    else {
      chart = await charts.lines({
        into: curve, xTitle: t("net_training_step"), yTitle: t("net_training_y"), height: CURVE_HEIGHT,
        label: t("net_training_aria"), testid: "net-chart", ...spec,
      });
    }
  }
}
