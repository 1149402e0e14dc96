// Chapter 14: the hidden state of a recurrent net as a strip under a name. One changes the name, chooses a unit and sees
// where in the whole list it is high and low; a new net is trained beside.

import { drawNets, letters, netName, netSays, nextBars, prefix, questions } from "/static/js/chapters/inside.js";

const FIRST_UNIT = 23; // high after consonants, low after vowels; what is asked first is known beforehand
const MOMENTS_SHOWN = 8;

export async function render(root, ctx) {
  ctx.predict("training", {});
  await drawNets(root, ctx, { figures: { memory: strip }, family: "rnn" });
}

// A number of the state as a colour: towards one for 1, towards another for −1.
function tint(cell, value) {
  cell.style.setProperty("--share", `${Math.round(100 * Math.min(1, Math.abs(value)))}%`);
  cell.classList.toggle("below", value < 0);
}

async function strip(ctx, host, which) {
  const { ui, t, api } = ctx;
  const { el } = ui;
  const { ask: run, line } = questions(ctx);
  const look = api.latest();
  let answer = null;
  let chosen = FIRST_UNIT;
  let position = null;

  const name = netName(ctx, {
    data: await ctx.data(), which,
    testid: "memory-name",
    onInput: () => {
      position = null;
      ask();
    },
  });
  const letter = letters(ctx, { label: t("memory_position"), testid: "memory-letters", onChoose: (at) => ((position = at), next()) });
  const head = el("div", { class: "strip-row strip-head", attrs: { "aria-hidden": "true" } });
  const units = el("div", { class: "strip-units", testid: "memory-units", attrs: { role: "radiogroup", "aria-label": t("memory_strip") }, on: { keydown: keys } });
  const detail = el("div", { testid: "memory-unit" });
  const chartPlace = el("div");
  const nextHeading = ui.heading(t("memory_next", { prefix: "" }));
  const nextPlace = el("div");
  const bars = nextBars(ctx, { into: nextPlace, testid: "memory-next" });
  const unitHeading = ui.heading(t("memory_unit_heading", { unit: "1" }));
  const source = el("p", { class: "nets-hint" });
  let chart = null;

  function ask() {
    return ctx.guard(async () => {
      const found = await run((signal) => api.post("/inside/hidden", { ...which.asked, text: name.value, net: "rnn" }, { signal }));
      if (!found) return;
      answer = found;
      source.textContent = netSays(ctx, found);
      draw();
      await next();
    }, host);
  }

  function draw() {
    const { symbols, hidden } = answer;
    const width = hidden[0].length;
    host.style.setProperty("--columns", String(symbols.length));
    ui.clear(head, el("span"), symbols.map((symbol) => el("span", { text: ui.seen(symbol) })));
    if (units.childElementCount !== width) {
      ui.clear(
        units,
        Array.from({ length: width }, (_, i) =>
          el("button", {
            class: "strip-row", testid: `memory-unit-${i + 1}`, attrs: { type: "button", role: "radio" }, on: { click: () => choose(i, true) },
          })),
      );
    }
    [...units.children].forEach((row, i) => {
      const values = hidden.map((state) => state[i]);
      ui.clear(
        row,
        el("span", { class: "strip-number", text: String(i + 1) }),
        values.map((value) => {
          const cell = el("span", { class: "strip-cell" });
          tint(cell, value);
          return cell;
        }),
      );
      row.setAttribute("aria-label", t("memory_unit_values", { unit: String(i + 1), values: values.map((value, at) => `${ui.seen(symbols[at])} ${ui.fixed(value, 1)}`).join(", ") }));
    });
    mark();
  }

  function mark() {
    [...units.children].forEach((row, i) => {
      row.setAttribute("aria-checked", String(i === chosen));
      row.tabIndex = i === chosen ? 0 : -1;
    });
  }

  function choose(to, focus = false) {
    chosen = Math.max(0, Math.min(units.childElementCount - 1, to));
    mark();
    if (focus) units.children[chosen].focus();
    return unit();
  }

  function keys(event) {
    const last = units.childElementCount - 1;
    const to = { ArrowUp: chosen - 1, ArrowLeft: chosen - 1, ArrowDown: chosen + 1, ArrowRight: chosen + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to, true);
  }

  async function next() {
    const { symbols, labels, rows } = answer;
    position = Math.min(position ?? symbols.length - 1, symbols.length - 1);
    letter.draw(symbols, position);
    const read = prefix(ctx, symbols, position);
    nextHeading.textContent = t("memory_next", { prefix: read });
    const row = rows[position];
    const top = row.indexOf(Math.max(...row));
    await bars.draw({
      labels, now: row, label: t("memory_next_aria", { prefix: read }),
      text: t("memory_top", { symbol: ctx.named(labels[top], labels[0]), probability: ui.percent(row[top]) }),
    });
  }

  // A name of the list with the letter after which the unit had this value.
  function moment({ text, at, value }) {
    const letters = [...text];
    return el("li", {},
      el("span", { class: "moment" }, letters.slice(0, at).join(""), el("mark", { text: letters[at] }), letters.slice(at + 1).join("")),
      el("span", { class: "moment-value", text: ui.fixed(value, 2) }));
  }

  // What the chosen unit responds to in the whole list.
  function unit() {
    return ctx.guard(async () => {
      const found = await look((signal) => api.get("/inside/unit", { ...which.asked, net: "rnn", unit: chosen }, { signal }));
      if (found) await tell(found);
    }, host);
  }

  async function tell(found) {
    const number = String(found.unit + 1);
    unitHeading.textContent = t("memory_unit_heading", { unit: number });
    const symbols = found.letters;
    const named = (list) => list.map(({ symbol }) => ctx.named(symbol, which.boundary)).join(ctx.lang === "zh" ? "、" : ", ");
    const text = t("memory_symbols_text", { high: named(symbols.slice(0, 3)), low: named(symbols.slice(-3).reverse()) });
    ui.clear(
      detail,
      el("p", { text, testid: "memory-says" }),
      ui.grid(
        ...[["memory_highest", found.highest], ["memory_lowest", found.lowest]].map(([title, moments]) =>
          el("div", {}, ui.heading(t(title), 4), el("ol", { class: "moments" }, moments.slice(0, MOMENTS_SHOWN).map(moment)))),
      ),
    );
    const spec = {
      z: [symbols.map(({ mean }) => mean)], columns: symbols.map(({ symbol }) => symbol), rows: [""],
      hover: (_, c) => `${symbols[c].symbol}: ${ui.fixed(symbols[c].mean, 2)}`, label: t("memory_symbols_aria", { unit: number }), text,
    };
    if (chart) await chart.update(spec);
    else chart = await ctx.charts.heatmap({ into: chartPlace, diverging: true, zmin: -1, zmax: 1, bar: false, size: 780, minimum: 300, testid: "memory-symbols", ...spec });
  }

  ctx.predict("memory", {});
  ui.clear(
    host,
    el("div", { class: "nets-settings" }, name.node),
    which.node,
    name.says,
    line,
    el("p", { class: "nets-hint", text: t("memory_hint") }),
    el("div", { class: "strip" }, head, units),
    el("p", { class: "strip-scale" }, el("span", { text: t("memory_scale_low") }), el("span", { class: "strip-ramp", attrs: { "aria-hidden": "true" } }), el("span", { text: t("memory_scale_high") })),
    unitHeading,
    el("p", { class: "nets-hint", text: t("memory_symbols") }),
    chartPlace,
    detail,
    nextHeading,
    letter.node,
    nextPlace,
    source,
  );
  which.onChange(() => {
    chosen = which.asked.trained ? 0 : FIRST_UNIT;
    ask();
    unit();
  });
  await Promise.all([ask(), unit()]);
}
