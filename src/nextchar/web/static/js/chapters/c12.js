// Chapter 12: the letters as points. One moves a letter and sees what the net then thinks of the names that it is in; a new
// net is trained while its letters are watched.

import { letters, netChoice, netName, nextBars, prefix, questions } from "/static/js/chapters/inside.js";
import { letterMap } from "/static/js/chapters/letter_map.js";
import { netTraining } from "/static/js/chapters/net_training.js";
import { mixed } from "/static/js/chapters/shared.js";

const WIDEST = 8;
const FIRST_WINDOW = 3;
const FAR = ["q", "x", "n", "s"]; // what else one might hold for the nearest to e

export async function render(root, ctx) {
  ctx.charts.load().catch(() => {}); // while the server reads the net; whoever draws a chart hears of it
  if (ctx.needsTorch(ctx.figure("map"))) {
    ctx.needsTorch(ctx.figure("training"));
    return;
  }
  const data = await ctx.data();
  const which = netChoice(ctx);
  await Promise.all([
    ctx.guard(() => map(ctx, data, which), ctx.figure("map")),
    ctx.guard(() => training(ctx, which), ctx.figure("training")),
  ]);
}

async function map(ctx, data, which) {
  const { ui, t, api } = ctx;
  const { el } = ui;
  const host = ctx.figure("map");
  const { ask: run, line } = questions(ctx);
  const comma = ctx.lang === "zh" ? "、" : ", ";
  let seen = null; // the map of the window in use
  let shown = `${FIRST_WINDOW}/undefined`; // of which window, and which net
  let answer = null;
  let moved = new Map(); // symbol -> [x, y], the one moved last at the end
  let position = null;
  const named = (symbol) => ctx.named(symbol, seen.labels[0]);

  const name = netName(ctx, {
    data, which,
    testid: "map-name",
    onInput: () => {
      position = null;
      ask();
    },
  });
  const context = ui.slider({
    label: t("map_context"), min: 1, max: WIDEST, step: 1, value: FIRST_WINDOW, testid: "map-context",
    ticks: [1, 2, 3, 4, 5, 6, 7, 8].map((at) => ({ at, text: String(at) })),
    onInput: () => {
      moved = new Map();
      ask();
    },
  });
  const paper = letterMap({
    ui, t, label: t("map_aria"), named,
    onMove: (symbol, place) => {
      moved.delete(symbol);
      moved.set(symbol, place);
      ask();
    },
    onChoose: () => nearest(),
  });
  const back = ui.button({ label: t("map_back"), kind: "quiet", testid: "map-back", onClick: () => ((moved = new Map()), ask()) });
  const letter = letters(ctx, { label: t("map_position"), testid: "map-letters", onChoose: (at) => ((position = at), show()) });
  const near = ui.live({ testid: "map-near", class: "nets-line" });
  const windowNow = ui.live({ testid: "map-window", class: "nets-line" });
  const cost = ui.live({ testid: "map-cost", class: "nets-line" });
  const nextHeading = ui.heading(t("map_next", { prefix: "" }));
  const nextPlace = el("div");
  const bars = nextBars(ctx, { into: nextPlace, testid: "map-next" });
  const names = el("div", { class: "nets-moved", testid: "map-names" });
  const windows = el("div", { testid: "map-windows" });

  which.onChange(() => {
    moved = new Map();
    context.value = FIRST_WINDOW; // that of the net that was trained
    context.input.disabled = Boolean(which.asked.trained);
    ask();
  });

  // The map of a window, and what its net says of the name with the letters as they have been moved.
  function ask() {
    return ctx.guard(async () => {
      const moves = [...moved].map(([symbol, [x, y]]) => ({ symbol: seen.labels.indexOf(symbol), x, y }));
      const body = { ...which.asked, text: name.value, context: context.value, moves };
      const here = `${context.value}/${which.asked.trained}`;
      await run(async (signal) => {
        const found = await Promise.all([
          shown === here ? seen : api.get("/inside/map", { ...which.asked, context: body.context }, { signal }),
          api.post("/inside/moved", body, { signal }),
        ]);
        if (body.text !== name.value) return; // another one by now
        [seen, answer] = found;
        shown = here;
        await show();
      });
    }, host);
  }

  function nearest() {
    const symbol = paper.chosen ?? "e";
    ui.clear(near, t("map_nearest", { symbol: named(symbol), near: seen.nearest[seen.labels.indexOf(symbol)].map(named).join(comma) }));
  }

  async function show() {
    const { labels } = seen;
    const { symbols, before, after } = answer;
    position = Math.min(position ?? symbols.length - 1, symbols.length - 1);
    paper.draw({
      labels, vowels: seen.vowels.map((at) => labels[at]),
      places: labels.map((symbol, i) => moved.get(symbol) ?? seen.places[i]),
      moved: new Map([...moved.keys()].map((symbol) => [symbol, seen.places[labels.indexOf(symbol)]])),
    });
    if (!paper.chosen) paper.choose("e");
    nearest();
    back.disabled = moved.size === 0;
    letter.draw(symbols, position);
    ui.clear(windowNow, t(seen.trained ? "map_window_trained" : "map_window_now", { context: seen.context, nats: seen.test_nats === null ? "—" : ui.fixed(seen.test_nats), parameters: ui.integer(seen.parameters) }));
    const read = prefix(ctx, symbols, position);
    nextHeading.textContent = t("map_next", { prefix: read });
    ui.clear(cost, t(moved.size ? "map_cost_moved" : "map_cost", { name: answer.text, nats: ui.fixed(answer.nats_after, 2), before: ui.fixed(answer.nats_before, 2) }));
    ui.clear(
      names,
      answer.names.length > 0 &&
        ui.table({
          caption: t("map_names", { symbol: named([...moved.keys()].at(-1)) }),
          head: [t("map_name"), t("map_names_before"), t("map_names_after")],
          rows: answer.names.map((entry) => [entry.name, ui.fixed(entry.nats_before, 2), ui.fixed(entry.nats_after, 2)]),
          numeric: [1, 2],
        }),
    );
    const row = after[position];
    const top = row.indexOf(Math.max(...row));
    await bars.draw({
      labels: answer.labels, now: row, before: moved.size ? before[position] : undefined, label: t("map_next_aria", { prefix: read }),
      text: t("map_top", { symbol: named(answer.labels[top]), probability: ui.percent(row[top]) }),
    });
  }

  seen = await api.get("/inside/map", { context: FIRST_WINDOW }, { signal: ctx.signal });
  const e = seen.nearest[seen.labels.indexOf("e")];
  const asked = mixed(e[0], FAR.filter((symbol) => !e.includes(symbol)));
  ctx.predict("map", { ...asked, values: { near: e.join(comma) } });
  ui.clear(
    windows,
    ui.table({
      head: [t("map_window"), t("map_held_out"), t("map_parameters")],
      rows: seen.contexts.map((entry) => [String(entry.context), ui.fixed(entry.test_nats), ui.integer(entry.parameters)]),
      numeric: [0, 1, 2],
      testid: "map-windows-table",
    }),
  );
  ui.clear(
    host,
    el("div", { class: "nets-settings" }, name.node, context.node),
    which.node,
    name.says,
    line,
    windowNow,
    el("div", { class: "nets-beside" },
      el("div", {},
        el("p", { class: "nets-hint", text: t("map_hint") }),
        paper.node,
        el("p", { class: "nets-legend" }, el("span", { class: "vowel", text: t("map_vowel") }), el("span", { text: t("map_other") })),
        near,
        ui.controls(back)),
      el("div", {}, nextHeading, letter.node, nextPlace, cost, names)),
    ui.more(t("map_windows"), windows),
  );
  await ask();
}

async function training(ctx, which) {
  const { ui, t } = ctx;
  const host = ctx.figure("training");
  const paper = letterMap({ ui, t, label: t("training_map_aria") });
  const place = ui.el("div");
  paper.node.style.display = "none"; // until there are letters
  ui.clear(host, paper.node, place);
  const vowels = [..."aeiou"];
  let labels = [];
  netTraining(ctx, place, {
    family: "mlp",
    settings: () => ({ context: FIRST_WINDOW }),
    onTrained: which.offer,
    onStart: (start) => {
      ({ labels } = start);
      paper.node.style.display = "";
      paper.draw({ labels, places: start.places, vowels });
    },
    onStep: (step) => step.places && paper.draw({ labels, places: step.places, vowels }),
  });
}
