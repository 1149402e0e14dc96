// Chapter 17, attention: arcs over a typed name, one of them in numbers, and arcs that the reader cuts. The cuts are
// sent to the server, which computes the net anew; this file draws what it answers.

import { drawNets, followSays, letters, netName, netSays, nextBars, prefix, questions, symbolName } from "/static/js/chapters/inside.js";
import { shape } from "/static/js/svg.js";

const HEIGHT = 200;
const COLUMN = 60;
const THICKEST = 12; // px

export async function render(root, ctx) {
  await drawNets(root, ctx, { figures: { arcs }, family: "transformer" });
}

async function arcs(ctx, place, which) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const { ask, line } = questions(ctx);
  const view = { layer: 0, head: 0, reader: null, read: null }; // the arc that is chosen; without `read` the strongest one
  let cuts = [];
  let seen = null; // the server's last answer
  let heads = null;

  const same = (a, b) => ["layer", "head", "reader", "read"].every((part) => a[part] === b[part]);
  const arcTo = (read) => ({ layer: view.layer, head: view.head, reader: view.reader, read });
  const isCut = (arc) => cuts.some((cut) => same(cut, arc));

  const name = netName(ctx, {
    data: await ctx.data(), which,
    testid: "arcs-name",
    onInput: () => {
      cuts = [];
      view.reader = null;
      load();
    },
  });
  which.onChange(() => {
    cuts = [];
    Object.assign(view, { layer: 0, head: 0, reader: null, read: null });
    heads = null;
    load();
  });
  const choices = el("div", { class: "controls" });
  const picture = shape("svg", { class: "arcs", preserveAspectRatio: "none", "aria-hidden": "true", "data-testid": "arcs-picture" });
  const row = letters(ctx, {
    label: t("arcs_letters"),
    testid: "arcs-letter",
    onChoose: (position) => {
      view.reader = position;
      view.read = null;
      load();
    },
  });
  const caption = ui.live({ testid: "arcs-caption" });
  const numbers = el("div", { testid: "arcs-numbers" });
  const vectors = el("div", { class: "inside-vectors", testid: "arcs-vectors" });
  const cutRow = el("div", { class: "inside-cuts", testid: "arcs-cuts" });
  const barsHeading = ui.heading("");
  const barsPlace = el("div");
  const effect = ui.live({ testid: "arcs-effect" });
  const net = el("p", { class: "hint", testid: "arcs-net" });
  const bars = nextBars(ctx, { into: barsPlace, testid: "arcs-bars" });
  ui.clear(
    place,
    ui.controls(name.node, choices), which.node, name.says, line,
    el("div", { class: "inside-stage" }, picture, row.node),
    caption, cutRow, barsHeading, barsPlace, effect, numbers, vectors, net,
  );
  await load();

  function load() {
    return ctx.guard(async () => {
      const text = name.value;
      const wanted = view.reader === null ? Math.max(0, text.length - 1) : Math.min(view.reader, text.length);
      const arc = { layer: view.layer, head: view.head, reader: wanted };
      if (view.reader !== null && view.read !== null) arc.read = Math.min(view.read, wanted);
      const found = await ask((signal) => api.post("/inside/attention", { ...which.asked, text, cuts, arc: [arc] }, { signal }));
      if (!found) return;
      seen = found;
      Object.assign(view, arc, { read: found.arc.read });
      if (!heads) chooseHeads();
      await draw();
    }, place);
  }

  function chooseHeads() {
    const options = (count) => Array.from({ length: count }, (_, i) => ({ value: String(i), text: String(i + 1) }));
    const choose = (what, count) =>
      ui.choice({
        label: t(`arcs_${what}`), options: options(count), value: String(view[what]), testid: `arcs-${what}`,
        onChange: (value) => {
          view[what] = Number(value);
          view.read = null;
          load();
        },
      });
    heads = [choose("layer", seen.layers), choose("head", seen.heads)];
    ui.clear(choices, heads.map((one) => one.node));
  }

  function toggle(arc) {
    cuts = isCut(arc) ? cuts.filter((cut) => !same(cut, arc)) : [...cuts, arc];
    view.read = arc.read;
    return load();
  }

  async function draw() {
    const { symbols, before, after, nats_before: natsBefore, nats_after: natsAfter } = seen;
    const { reader: query } = view;
    const cutting = cuts.length > 0;
    row.draw(symbols, query);
    drawArcs();
    const weight = seen.weights[view.layer][view.head][query];
    ui.clear(caption, t("arcs_caption", {
      layer: view.layer + 1, head: view.head + 1, symbol: symbolName(ctx, symbols, query), prefix: prefix(ctx, symbols, query),
      shares: weight.slice(0, query + 1).map((share, key) => `${symbolName(ctx, symbols, key)} ${ui.percent(share, 0)}`).join(t("arcs_comma")),
    }));
    ui.clear(
      cutRow,
      cuts.length > 0 && el("span", { class: "hint", text: t("arcs_cut") }),
      cuts.map((cut) =>
        ui.button({
          label: t("arcs_cut_one", { layer: cut.layer + 1, head: cut.head + 1, from: symbolName(ctx, symbols, cut.reader), to: symbolName(ctx, symbols, cut.read) }),
          kind: "quiet", onClick: () => toggle(cut),
        })),
      cuts.length > 0 && ui.button({ label: t("arcs_whole"), kind: "quiet", testid: "arcs-whole", onClick: () => { cuts = []; load(); } }),
    );
    drawNumbers();
    const read = prefix(ctx, symbols, query);
    barsHeading.textContent = t("arcs_next", { prefix: read });
    await bars.draw({ labels: seen.labels, now: after[query], before: cutting ? before[query] : undefined, label: t("arcs_bars_aria", { prefix: read }) });
    ui.clear(effect, followSays(ctx, { symbols, position: query, now: natsAfter, before: cutting ? natsBefore : undefined }));
    net.textContent = netSays(ctx, seen);
  }

  // Arcs from every symbol to those before it: those of the chosen one over the others; a symbol's look at itself is a
  // small loop.
  function drawArcs() {
    const { symbols } = seen;
    const table = seen.weights[view.layer][view.head];
    picture.setAttribute("viewBox", `0 0 ${COLUMN * symbols.length} ${HEIGHT}`);
    const x = (position) => COLUMN * (position + 0.5);
    const path = (query, key) => {
      if (query === key) return `M ${x(key) - 12} ${HEIGHT} C ${x(key) - 22} ${HEIGHT - 40} ${x(key) + 22} ${HEIGHT - 40} ${x(key) + 12} ${HEIGHT}`;
      const top = HEIGHT - (2 * HEIGHT * (query - key)) / Math.max(4, symbols.length - 1);
      return `M ${x(query)} ${HEIGHT} Q ${(x(query) + x(key)) / 2} ${Math.max(top, -HEIGHT)} ${x(key)} ${HEIGHT}`;
    };
    const shapes = [];
    for (let query = 0; query < symbols.length; query += 1) {
      if (query === view.reader) continue;
      for (let key = 0; key <= query; key += 1) {
        shapes.push(shape("path", { class: "arc", d: path(query, key), "stroke-width": (THICKEST * table[query][key]).toFixed(2) }));
      }
    }
    for (let key = 0; key <= view.reader; key += 1) {
      const arc = arcTo(key);
      const kind = ["arc mine", key === view.read && "chosen", isCut(arc) && "cut"].filter(Boolean).join(" ");
      const width = isCut(arc) ? 2 : Math.max(0.6, THICKEST * table[view.reader][key]).toFixed(2);
      const touch = shape("path", { class: "arc-touch", d: path(view.reader, key), "data-key": key });
      touch.addEventListener("click", () => {
        view.read = key;
        load();
      });
      shapes.push(shape("path", { class: kind, d: path(view.reader, key), "stroke-width": width }), touch);
    }
    picture.replaceChildren(...shapes);
  }

  function drawNumbers() {
    const { symbols, arc } = seen;
    const { reader: query, read: key } = view;
    const had = document.activeElement?.dataset?.testid;
    const share = (weight) => {
      const bar = el("span", { class: "inside-bar", attrs: { "aria-hidden": "true" } });
      bar.style.setProperty("--share", `${100 * weight}%`);
      return bar;
    };
    const table = ui.table({
      caption: t("arcs_numbers", { symbol: symbolName(ctx, symbols, query) }),
      head: [t("arcs_key"), t("arcs_score"), t("arcs_weight"), "", t("arcs_do")],
      rows: arc.weights.slice(0, query + 1).map((weight, j) => [
        ui.button({
          label: ui.seen(symbols[j]), pressed: j === key, testid: `arcs-key-${j}`,
          onClick: () => {
            view.read = j;
            load();
          },
        }),
        arc.scores[j] === null ? "−∞" : ui.fixed(arc.scores[j], 2), ui.fixed(weight, 3), share(weight),
        ui.button({
          label: t(isCut(arcTo(j)) ? "arcs_restore" : "arcs_do_cut"), kind: "quiet", testid: `arcs-cut-${j}`, onClick: () => toggle(arcTo(j)),
        }),
      ]),
      numeric: [1, 2],
      testid: "arcs-table",
    });
    table.classList.add("inside-table");
    table.querySelectorAll("tbody tr")[key].classList.add("chosen");
    ui.clear(numbers, ui.scroller(t("arcs_numbers", { symbol: symbolName(ctx, symbols, query) }), table));
    const line = (words, position, values) => [t(words, { symbol: symbolName(ctx, symbols, position) }), ...values.map((value) => ui.fixed(value, 2))];
    const [from, to] = [symbolName(ctx, symbols, query), symbolName(ctx, symbols, key)];
    const caption = t("arcs_vectors", { from, to });
    const numeric = arc.query.map((_, i) => i + 1);
    const score = { scale: ui.fixed(arc.scale, 3), distance: ui.fixed(arc.distance, 2), score: arc.scores[key] === null ? "−∞" : ui.fixed(arc.scores[key], 2) };
    ui.clear(
      vectors,
      ui.scroller(caption, ui.table({
        caption,
        rows: [line("arcs_query_of", query, arc.query), line("arcs_key_of", key, arc.key), line("arcs_products", key, arc.products)],
        numeric, testid: "arcs-fit",
      })),
      el("p", { class: "hint", text: t("arcs_sum", score), testid: "arcs-sum" }),
      ui.scroller(t("arcs_taken", { from }), ui.table({
        caption: t("arcs_taken", { from }),
        rows: [...arc.values.slice(0, query + 1).map((value, j) => line("arcs_value_of", j, value)), line("arcs_mix_of", query, arc.mixed)],
        numeric, testid: "arcs-mix",
      })),
    );
    if (had?.startsWith("arcs-")) place.querySelector(`[data-testid="${CSS.escape(had)}"]`)?.focus({ preventScroll: true });
  }
}
