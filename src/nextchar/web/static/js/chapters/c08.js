// Chapter 8, the two are one: the count model's table beside exp(W) of the net, samples of both from one stream, and
// which l2 comes closest to which k. All numbers come from the server.

import { logLog } from "/static/js/chapters/loglog.js";
import { carriedName, mapSize, seedOf } from "/static/js/chapters/shared.js";

const LECTURE_SEED = 2147483647;
const ADDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 10000];

export async function render(root, ctx) {
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  const draw = (id, figure) => ctx.needsTorch(ctx.figure(id)) || ctx.guard(() => figure(ctx, ctx.figure(id)), ctx.figure(id));
  await Promise.all([draw("tables", tables), draw("samples", samples), draw("smoothing", smoothing)]);
}

// --- the two tables ------------------------------------------------------------------------------------------------

async function tables(ctx, place) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;
  let both = await api.get("/equivalence", { l2: 0, add: 0 }, { signal: ctx.signal });
  let picked = null;

  const left = el("div", { testid: "tables-counts" }, ui.heading(t("tables_counts")));
  const right = el("div", { testid: "tables-net" }, ui.heading(t("tables_net")));
  const cell = ui.live({ testid: "tables-cell", class: "late-status" });
  const figures = ui.live({ testid: "tables-numbers" });
  const view = ui.choice({
    label: t("tables_view"),
    options: [{ value: "0", text: t("tables_exact") }, { value: "0.01", text: t("tables_l2") }],
    value: "0",
    onChange: async (l2) => {
      const next = await ctx.guard(() => ask((signal) => api.get("/equivalence", { l2, add: 0 }, { signal })), place);
      if (!next) return;
      both = next;
      counted.update({ z: both.counts_probabilities });
      net.update({ z: both.net_probabilities });
      show();
    },
    testid: "tables-view",
  });
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  ui.clear(place, view.node, ui.grid(left, right), cell, figures);

  const { labels } = both;
  const text = (r, c) =>
    t("tables_cell", { pair: labels[r] + labels[c], counts: ui.fixed(both.counts_probabilities[r][c], 6), net: ui.fixed(both.net_probabilities[r][c], 6) });
  const map = (into, z, label) =>
    charts.heatmap({
      into, z, label, rows: labels, scale: "root", zmin: 0, zmax: Math.max(...both.counts_probabilities.flat()),
      size: mapSize(), minimum: 300, bar: false, rowTitle: t("tables_first"), columnTitle: t("tables_second"), hover: text,
      onCell: (r, c, how) => {
        picked = [r, c];
        counted?.setCursor(r, c);
        net?.setCursor(r, c);
        if (how !== "hover") ui.clear(cell, text(r, c));
      },
      keysHint: t("tables_keys"),
    });
  let counted = null;
  let net = null;
  [counted, net] = await Promise.all([
    map(left, both.counts_probabilities, t("tables_counts_aria")),
    map(right, both.net_probabilities, t("tables_net_aria")),
  ]);
  // to begin with, how the reader's name begins
  const [letter] = carriedName(ctx, await ctx.data());
  const column = labels.indexOf(letter);
  if (column > 0) {
    picked = [0, column];
    counted.setCursor(0, column);
    net.setCursor(0, column);
  }
  show();

  function show() {
    if (picked) ui.clear(cell, text(...picked));
    ui.clear(
      figures,
      ui.stats([
        { label: t("tables_difference"), value: ui.short(both.largest_difference), testid: "tables-difference" },
        { label: t("tables_loss_counts"), value: ui.fixed(both.loss_counts, 6), testid: "tables-loss-counts" },
        { label: t("tables_loss_net"), value: ui.fixed(both.loss_net, 6), testid: "tables-loss-net" },
      ]),
    );
  }
}

// --- samples side by side ------------------------------------------------------------------------------------------

async function samples(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const list = el("div", { testid: "samples-table" });
  const tally = ui.live({ testid: "samples-tally", class: "late-status" });
  const l2 = ui.choice({
    label: t("samples_l2"),
    options: [0, 0.001, 0.01, 0.1, 1].map((value) => ({ value: String(value), text: String(value) })),
    value: "0.01",
    onChange: () => draw(),
    testid: "samples-l2",
  });
  const seed = ui.field({ label: t("samples_seed"), type: "number", min: 0, max: 4294967295, step: 1, value: "2147483647", onInput: () => later(), testid: "samples-seed" });
  seed.input.classList.add("late-seed");
  const later = ui.debounce(() => draw(), 200);
  ctx.onLeave(later.cancel);
  ui.clear(place, ui.controls(l2.node, seed.node), list, tally);
  await draw();

  function draw() {
    return ctx.guard(async () => {
      if (seedOf(seed.value) === null) {
        ui.clear(tally, ui.message("bad", t("seed_bad"), "samples-seed-bad"));
        ui.clear(list);
        return;
      }
      const query = { l2: l2.value, add: 0, seed: Number(seed.value) };
      const both = await ask((signal) => api.get("/equivalence", query, { signal }));
      if (!both) return;
      const same = both.samples.filter(({ counts, net }) => counts === net).length;
      if (l2.value === "0.01" && Number(seed.value) === LECTURE_SEED) {
        const total = both.samples.length;
        const options = [...new Set([0, Math.round(total / 2), total, same])].sort((a, b) => a - b);
        ctx.predict("samples", { options: options.map(String), right: options.indexOf(same), values: { total, same } });
      }
      ui.clear(
        list,
        ui.scroller(t("samples_caption"), ui.table({
          caption: t("samples_caption"),
          head: [t("samples_number"), el("span", { class: "late-wide", text: t("samples_verdict") }), t("samples_counts"), t("samples_net")],
          rows: both.samples.map(({ counts, net }, index) => {
            const from = parting(counts, net);
            return [
              ui.integer(index + 1),
              el("span", { class: counts === net ? "late-same" : "late-different" },
                el("span", { class: "sign", text: counts === net ? "=" : "≠", attrs: { "aria-hidden": "true" } }),
                el("span", { class: "late-wide", text: ` ${counts === net ? t("samples_same") : t("samples_different")}` })),
              marked(counts, from),
              marked(net, from),
            ];
          }),
          numeric: [0],
        })),
      );
      ui.clear(tally, t("samples_tally", { same: ui.integer(same), total: ui.integer(both.samples.length) }));
    }, place);
  }

  // From the first symbol in which the two differ on: underlined, not only coloured.
  function marked(text, from) {
    const symbols = [...text];
    return el("span", { class: "symbol" }, symbols.slice(0, from).join(""), from < symbols.length && el("mark", { class: "late-mark", text: symbols.slice(from).join("") }));
  }

  function parting(a, b) {
    const [left, right] = [[...a], [...b]];
    if (a === b) return left.length;
    const at = left.findIndex((symbol, i) => symbol !== right[i]);
    return at < 0 ? left.length : at;
  }
}

// --- k against l2 --------------------------------------------------------------------------------------------------

async function smoothing(ctx, place) {
  const { api, charts, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const text = (value) => (value < 1e-3 ? ui.short(value) : value.toLocaleString("en-US", { maximumSignificantDigits: 3 }));
  const l2Of = (power) => 10 ** power; // the slider moves along powers of ten

  const add = ui.slider({
    label: t("smoothing_add"), min: 0, max: ADDS.length - 1, step: 1, value: ADDS.indexOf(1),
    format: (at) => text(ADDS[at]), onInput: () => later(), testid: "smoothing-add",
  });
  const l2 = ui.slider({
    label: t("smoothing_l2"), min: -8, max: 4, step: 0.05, value: -2,
    format: (power) => text(l2Of(power)), onInput: () => later(), testid: "smoothing-l2",
  });
  const nearest = ui.button({ label: t("smoothing_nearest"), kind: "primary", onClick: jump, testid: "smoothing-nearest" });
  const figures = ui.live({ testid: "smoothing-numbers" });
  const left = el("div", { testid: "smoothing-counts" }, ui.heading(t("smoothing_counts")));
  const right = el("div", { testid: "smoothing-net" }, ui.heading(t("smoothing_net")));
  const curve = el("div", { testid: "smoothing-map" });
  const later = ui.debounce(() => draw(), 80);
  ctx.onLeave(later.cancel);
  const put = () => {
    if (figures.isConnected) return;
    place.prepend(
      el("div", { class: "late-settings" }, add.node, l2.node),
      ui.controls(nearest),
      figures,
      ui.grid(left, right),
      ui.heading(t("smoothing_map")),
      curve,
    );
  };

  let both = null;
  let maps = null;
  let entries = [];
  await draw();
  put(); // where there was no answer
  await ctx.guard(async () => {
    const map = await api.get("/equivalence/map", {}, { signal: ctx.signal });
    ({ entries } = map);
    if (entries.length) {
      drawMap();
      return;
    }
    nearest.remove();
    ui.clear(curve, ui.message("note", t("smoothing_map_too_large", {
      size: ui.integer(map.alphabet_size), most: ui.integer(map.largest_alphabet),
    }), "smoothing-map-none"));
  }, curve);

  function jump() {
    const entry = entries.find((known) => known.add === ADDS[add.value]);
    if (!entry) return;
    l2.value = Math.log10(entry.l2);
    draw();
  }

  function draw() {
    return ctx.guard(async () => {
      const query = { add: ADDS[add.value], l2: l2Of(l2.value) };
      const answer = await ask((signal) => api.get("/equivalence", query, { signal }));
      if (!answer) return;
      both = answer;
      ui.clear(
        figures,
        ui.stats([
          { label: t("smoothing_kl"), value: ui.short(both.kl), testid: "smoothing-kl" },
          { label: t("smoothing_difference"), value: ui.fixed(both.largest_difference), testid: "smoothing-largest" },
          { label: t("smoothing_loss_counts"), value: ui.fixed(both.loss_counts), testid: "smoothing-loss-counts" },
          { label: t("smoothing_loss_net"), value: ui.fixed(both.loss_net), testid: "smoothing-loss-net" },
        ]),
      );
      put();
      if (entries.length) drawMap();
      await drawTables();
    }, place);
  }

  async function drawTables() {
    const { labels, counts_probabilities, net_probabilities } = both;
    const zmax = Math.max(...counts_probabilities.flat(), ...net_probabilities.flat());
    if (maps) {
      await Promise.all([maps[0].update({ z: counts_probabilities, zmax }), maps[1].update({ z: net_probabilities, zmax })]);
      return;
    }
    const hover = (r, c) =>
      t("tables_cell", { pair: labels[r] + labels[c], counts: ui.fixed(both.counts_probabilities[r][c], 6), net: ui.fixed(both.net_probabilities[r][c], 6) });
    const map = (into, z, label) =>
      charts.heatmap({ into, z, label, rows: labels, scale: "root", zmin: 0, zmax, size: mapSize(), minimum: 300, bar: false, hover });
    maps = await Promise.all([
      map(left, counts_probabilities, t("smoothing_counts_aria")),
      map(right, net_probabilities, t("smoothing_net_aria")),
    ]);
  }

  function drawMap() {
    if (!curve.childElementCount) {
      curve.append(
        el("div", { class: "late-loglog-place" }),
        ui.alternative(t("smoothing_map_numbers"), {
          head: [t("smoothing_add"), t("smoothing_l2"), t("smoothing_kl")],
          rows: entries.map((entry) => [text(entry.add), text(entry.l2), ui.short(entry.divergence)]),
          numeric: [0, 1, 2],
        }),
      );
    }
    ui.clear(
      curve.firstElementChild,
      logLog({
        points: entries.map((entry) => [entry.add, entry.l2]),
        now: [ADDS[add.value], l2Of(l2.value)],
        xTitle: t("smoothing_add"),
        yTitle: t("smoothing_l2"),
        nowText: t("smoothing_you"),
        label: t("smoothing_map_aria"),
      }),
    );
  }
}
