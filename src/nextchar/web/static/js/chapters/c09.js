// Chapter 9, beyond pairs: how tables grow, and what a longer context gains on items that were counted and on items
// that were not. All numbers come from the server.

import { carriedName } from "/static/js/chapters/shared.js";

const ADD = 0.1;
const ORDERS = [1, 2, 3, 4, 5, 6];
const LONGEST = 40; // symbols of a sample
const MANY = 1000; // samples for the share of new ones

export async function render(root, ctx) {
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  const orders = ctx.api.get("/orders", {}, { signal: ctx.signal });
  orders.catch(() => {}); // each figure says so in its own place
  await Promise.all([
    ctx.guard(() => growth(ctx, ctx.figure("tables"), orders), ctx.figure("tables")),
    ctx.guard(async () => {
      await losses(ctx, ctx.figure("loss"), orders);
      await carried(ctx, ctx.figure("loss"));
    }, ctx.figure("loss")),
    ctx.guard(() => samples(ctx, ctx.figure("samples")), ctx.figure("samples")),
    ctx.guard(() => models(ctx, ctx.figure("models")), ctx.figure("models")),
  ]);
}

// The reader's name at each order, scored by models of all names.
async function carried(ctx, place) {
  const { ui, t, api } = ctx;
  const name = carriedName(ctx, await ctx.data());
  const scores = await Promise.all(ORDERS.map((order) => api.post("/score", { text: name, order, add: ADD }, { signal: ctx.signal })));
  place.append(
    ui.scroller(t("loss_name", { name }), ui.table({
      caption: t("loss_name", { name }),
      head: [t("loss_order"), ...ORDERS.map(String)],
      rows: [[t("models_head_nats"), ...scores.map(({ nats_per_symbol: nats }) => ui.fixed(nats, 3))]],
      numeric: ORDERS.map((_, i) => i + 1),
      testid: "orders-name",
    })),
  );
}

// --- how tables grow -----------------------------------------------------------------------------------------------

async function growth(ctx, place, orders) {
  const { ui, t } = ctx;
  const { el } = ui;
  const { table_sizes: sizes, alphabet_size: V } = await orders;
  const seen = new Map(sizes.filter((entry) => entry.seen !== null).map((entry) => [entry.order, entry.seen]));
  const shares = [0.0005, 0.005, 0.05, 0.5];
  const four = sizes.find(({ order }) => order === 4);
  const share = four.seen / Number(four.cells);
  const nearest = shares.reduce((best, value, i) => (Math.abs(Math.log(value / share)) < Math.abs(Math.log(shares[best] / share)) ? i : best), 0);
  ctx.predict("tables", {
    options: shares.map((value) => t("tables_share", { share: ui.percent(value, value < 0.001 ? 2 : value < 0.01 ? 1 : 0) })), right: nearest,
    values: { seen: ui.integer(four.seen), cells: integerText(four.cells), share: ui.percent(share, 1) },
  });
  const power = (cells) => Math.log10(Number(cells)); // where it lies on the paper
  const widest = Math.ceil(power(sizes.at(-1).cells));
  const at = (value) => `${(100 * power(value)) / widest}%`;

  const picture = el("div", { class: "late-growth", testid: "growth", attrs: { role: "img", "aria-label": t("tables_aria") } });
  for (const { order, cells } of sizes) {
    const bar = el("div", { class: "late-growth-bar" });
    bar.style.setProperty("width", at(cells));
    const inside = seen.has(order) && el("div", { class: "late-growth-seen" });
    if (inside) inside.style.setProperty("width", at(seen.get(order)));
    picture.append(
      el("div", { class: "late-growth-name" }, t("tables_order", { order }), el("span", { class: "late-growth-text" }, raised(V, order))),
      el("div", { class: "late-growth-track" }, bar, inside),
    );
  }
  const axis = el("div", { class: "late-growth-axis" });
  const step = Math.ceil(widest / 3);
  for (let n = 0; n <= widest; n += step) {
    const tick = el("span", {}, raised(10, n));
    tick.style.setProperty("--at", `${(100 * n) / widest}%`);
    axis.append(tick);
  }
  picture.append(axis);
  ui.clear(
    place,
    el("div", { class: "late-legend" },
      el("span", { class: "late-key-all", text: t("tables_cells") }), el("span", { class: "late-key-seen", text: t("tables_seen") })),
    picture,
    el("div", { class: "late-sizes" }, ui.scroller(t("tables_numbers"), ui.table({
      caption: t("tables_numbers"),
      head: [t("tables_head_order"), t("tables_head_context"), t("tables_cells"), t("tables_seen")],
      rows: sizes.map(({ order, cells }) => [
        ui.integer(order), ui.integer(order - 1), integerText(cells), seen.has(order) ? ui.integer(seen.get(order)) : "—",
      ]),
      numeric: [0, 1, 2, 3],
      testid: "growth-table",
    }))),
  );

  function raised(base, power) {
    return [String(base), el("sup", { text: String(power) })];
  }

  // Numbers too large for a double come as text; only the commas are put in here.
  function integerText(digits) {
    return digits.replace(/\B(?=(\d{3})+$)/g, ",");
  }
}

// --- loss by order -------------------------------------------------------------------------------------------------

async function losses(ctx, place, orders) {
  const { charts, ui, t } = ctx;
  const { orders: entries, add, items } = await orders;
  if (!entries.length) {
    ui.clear(place, ui.message("note", t("loss_too_few")));
    return;
  }
  const guessed = [1, 2, 3, 4, 5, 6];
  const lowest = entries.reduce((least, entry) => (entry.held_out < least.held_out ? entry : least)).order;
  ctx.predict("loss", { options: guessed.map(String), right: guessed.indexOf(lowest), values: { loss: ui.fixed(entries[lowest - 1].held_out) } });
  const best = entries.reduce((least, entry) => (entry.held_out < least.held_out ? entry : least));
  const xs = entries.map(({ order }) => order);
  const curve = ui.el("div", { testid: "orders-curve" });
  ui.clear(
    place,
    curve,
    ui.message("note", t("loss_best", { order: best.order, loss: ui.fixed(best.held_out) }), "orders-best"),
    ui.scroller(t("loss_numbers"), ui.table({
      caption: t("loss_numbers"),
      head: [t("loss_order"), t("loss_train"), t("loss_held_out"), t("loss_contexts")],
      rows: entries.map((entry) => [
        ui.integer(entry.order),
        ui.fixed(entry.train),
        entry === best ? ui.el("strong", { text: `★ ${ui.fixed(entry.held_out)}` }) : ui.fixed(entry.held_out),
        ui.integer(entry.contexts),
      ]),
      numeric: [0, 1, 2, 3],
      testid: "orders-table",
    })),
  );
  await charts.lines({
    into: curve,
    series: [
      { name: t("loss_train"), x: xs, y: entries.map((entry) => entry.train), marks: true },
      { name: t("loss_held_out"), x: xs, y: entries.map((entry) => entry.held_out), marks: true },
    ],
    point: { x: best.order, y: best.held_out, name: t("loss_best_point"), position: "bottom center" },
    xTitle: t("loss_order"),
    yTitle: t("loss_y"),
    xTicks: { values: xs, texts: xs.map(String) },
    height: 340,
    label: t("loss_aria", { add }),
    text: t("loss_best", { order: best.order, loss: ui.fixed(best.held_out) }),
  });
}

// --- samples by order ----------------------------------------------------------------------------------------------

async function samples(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const ask = api.latest();
  ctx.onLeave(() => ask(async () => undefined));
  const fixed = el("div", { testid: "orders-samples" });
  const mine = el("div", { testid: "orders-mine" });
  const status = ui.live({ testid: "orders-status", class: "late-status" });
  let seed = 1;
  const order = ui.choice({
    label: t("samples_order"),
    options: ORDERS.map((n) => ({ value: String(n), text: String(n) })),
    value: "4",
    onChange: () => draw(),
    testid: "orders-order",
  });
  const more = ui.button({
    label: t("samples_more"),
    kind: "primary",
    onClick: () => {
      seed += 1;
      draw();
    },
    testid: "orders-more",
  });
  const drawn = [];
  for (const n of ORDERS) {
    drawn.push(await api.post("/sample", { n: MANY, seed: 1, order: n, max_length: LONGEST }, { signal: ctx.signal }));
  }
  ui.clear(
    fixed,
    ui.scroller(t("samples_caption"), ui.table({
      caption: t("samples_caption"),
      head: [t("samples_order"), t("samples_names"), t("samples_share")],
      rows: drawn.map((answer, index) => [
        ui.integer(ORDERS[index]), ui.items(answer.items.slice(0, 5)), ui.percent(answer.new_share, 0),
      ]),
      numeric: [0, 2],
    })),
  );
  ui.clear(place, fixed, ui.controls(order.node, more), mine, status);
  await draw();

  function draw() {
    return ctx.guard(async () => {
      const answer = await ask((signal) => api.post("/sample", { n: 20, seed, order: Number(order.value), max_length: LONGEST }, { signal }));
      if (!answer) return;
      ui.clear(mine, ui.items(answer.items, { label: t("samples_caption") }));
      ui.clear(status, t("samples_new", { share: ui.percent(answer.new_share, 0), order: order.value }));
    }, place);
  }
}

// --- all models ----------------------------------------------------------------------------------------------------

// Which models there are, the server says; one that has no words here has the library's.
async function models(ctx, place) {
  const { ui, t } = ctx;
  const { el } = ui;
  const { models: entries, left_out: leftOut, samples: drawn } = await ctx.api.get("/models", {}, { signal: ctx.signal });
  if (!entries.length) {
    ui.clear(place, ui.message("note", t("loss_too_few"), "models-too-few"));
    return;
  }
  const names = entries.map((entry) => modelName(ctx, entry));
  const losses = entries.map((entry) => entry.nats_per_symbol);
  const best = t("models_best", { model: names[0], loss: ui.fixed(losses[0]) });
  ui.clear(
    place,
    ui.scroller(t("models_caption"), ui.table({
      caption: t("models_caption"),
      head: [t("models_head_model"), t("models_head_nats")],
      rows: entries.map((entry, i) => [named(i), ui.fixed(losses[i])]),
      numeric: [1],
      testid: "models-table",
    })),
    ui.message("note", best, "models-best"),
    leftOut.length > 0 && ui.message("note", t("models_left_out", {
      models: leftOut.map((entry) => modelName(ctx, entry)).join(ctx.lang === "zh" ? "；" : "; "),
    }), "models-left-out"),
    ui.heading(t("models_samples")),
    ui.items(drawn, { label: t("models_samples"), testid: "models-samples" }),
  );

  // The name, and under it a bar from 0 as long as the loss is large.
  function named(i) {
    const bar = el("div", { class: "late-growth-bar" });
    bar.style.setProperty("width", `${(100 * losses[i]) / losses.at(-1)}%`);
    return el("div", { class: "late-model" },
      i ? names[i] : el("strong", { text: `★ ${names[i]}` }),
      el("div", { class: `late-loss${i ? "" : " best"}`, attrs: { "aria-hidden": "true" } }, bar));
  }
}

function modelName({ t, has }, { model, summary, settings }) {
  const key = `models_method_${String(settings.smoothing).replaceAll("-", "_")}`;
  if (model !== "ngram") return `${model}: ${summary}`;
  if (!has(key)) return summary;
  const method = t(key, { add: settings.add });
  const tuned = settings.tune === "none" ? method : t("models_tuned", { method });
  return t("models_name", { order: settings.order, method: tuned });
}
