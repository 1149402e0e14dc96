// Chapter 15, gates: valves over the letters of a typed name, which the reader opens and shuts. What was set by hand is
// sent to the server, which reads the name again with it; this file draws what it answers.

import { drawNets, followSays, netName, netSays, nextBars, prefix, questions, symbolName } from "/static/js/chapters/inside.js";

export async function render(root, ctx) {
  await drawNets(root, ctx, { figures: { valves }, family: "gru" });
}

async function valves(ctx, place, which) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const { ask, line } = questions(ctx);
  const chosen = { gate: 0, position: null };
  let held = []; // {gate, at, value}: what the reader has set
  let seen = null; // the server's last answer

  const family = ui.choice({
    label: t("valves_family"), options: ["gru", "lstm"].map((value) => ({ value, text: t(`valves_${value}`) })), value: "gru",
    testid: "valves-family",
    onChange: () => {
      Object.assign(chosen, { gate: 0 });
      held = [];
      load();
    },
  });
  const name = netName(ctx, {
    data: await ctx.data(), which,
    testid: "valves-name",
    onInput: () => {
      held = [];
      chosen.position = null;
      load();
    },
  });
  which.onChange(() => {
    family.node.hidden = Boolean(which.asked.trained); // it is the GRU that was trained
    family.value = "gru";
    Object.assign(chosen, { gate: 0 });
    held = [];
    load();
  });
  const grid = el("div", { class: "valves", testid: "valves", attrs: { role: "radiogroup", "aria-label": t("valves_grid") } });
  grid.addEventListener("keydown", walk);
  const sliderPlace = el("div");
  const numbers = el("div", { class: "valve-numbers", attrs: { "aria-hidden": "true" }, testid: "valves-numbers" });
  const numbersSay = el("p", { class: "hint" });
  const barsHeading = ui.heading("");
  const barsPlace = el("div");
  const effect = ui.live({ testid: "valves-effect" });
  const net = el("p", { class: "hint", testid: "valves-net" });
  const bars = nextBars(ctx, { into: barsPlace, testid: "valves-bars" });
  const set = (value) => {
    slider.value = value;
    hold(value / 100);
  };
  const buttons = [
    ui.button({ label: t("valves_shut"), testid: "valves-shut", onClick: () => set(0) }),
    ui.button({ label: t("valves_open"), testid: "valves-open", onClick: () => set(100) }),
    ui.button({ label: t("valves_free"), kind: "quiet", testid: "valves-free", onClick: () => free(same) }),
    ui.button({ label: t("valves_free_all"), kind: "quiet", testid: "valves-free-all", onClick: () => free(() => true) }),
  ];
  let slider = null;
  ui.clear(
    place,
    ui.controls(name.node, family.node), which.node, name.says, line,
    ui.scroller(t("valves_grid"), grid), sliderPlace, ui.controls(buttons), numbersSay, numbers, barsHeading, barsPlace, effect, net,
  );
  await load();

  function load() {
    return ctx.guard(async () => {
      const body = { ...which.asked, net: family.value, text: name.value, holds: held };
      await ask(async (signal) => {
        const found = await api.post("/inside/gates", body, { signal });
        if (body.text !== name.value || body.net !== family.value) return; // another one by now
        seen = found;
        const last = found.symbols.length - 1;
        chosen.position = Math.min(chosen.position ?? Math.max(0, last - 1), last);
        await draw();
      });
    }, place);
  }

  function same(entry) {
    return entry.gate === seen.gates[chosen.gate] && entry.at === chosen.position;
  }

  function hold(value) {
    held = [...held.filter((entry) => !same(entry)), { gate: seen.gates[chosen.gate], at: chosen.position, value }];
    return load();
  }

  function free(which) {
    held = held.filter((entry) => !which(entry));
    return load();
  }

  // The arrow keys move over the valves: left and right over the letters, up and down over the gates.
  function walk(event) {
    const [down, right] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key] ?? [];
    if (down === undefined) return;
    event.preventDefault();
    const within = (at, count) => Math.max(0, Math.min(count - 1, at));
    choose(within(chosen.gate + down, seen.gates.length), within(chosen.position + right, seen.symbols.length));
  }

  function choose(gate, position) {
    Object.assign(chosen, { gate, position });
    ctx.guard(draw, place);
    grid.querySelector('[aria-checked="true"]').focus();
  }

  function gateName(gate) {
    return t(`valves_gate_${seen.net}_${gate}`);
  }

  async function draw() {
    const { symbols, before, after, nats_before: natsBefore, nats_after: natsAfter } = seen;
    const { position } = chosen;
    const gate = seen.gates[chosen.gate];
    drawGrid();
    drawSlider(gate, position);
    const open = seen.open_after[gate][position];
    numbersSay.textContent = t("valves_numbers", { width: ui.integer(open.length) });
    ui.clear(numbers, open.map((value) => {
      const cell = el("span");
      cell.style.setProperty("--open", `${100 * value}%`);
      return cell;
    }));
    const read = prefix(ctx, symbols, position);
    barsHeading.textContent = t("valves_next", { prefix: read });
    await bars.draw({ labels: seen.labels, now: after[position], before: held.length ? before[position] : undefined, label: t("valves_bars_aria", { prefix: read }) });
    ui.clear(effect, followSays(ctx, { symbols, position, now: natsAfter, before: held.length ? natsBefore : undefined }));
    net.textContent = netSays(ctx, seen);
  }

  function drawGrid() {
    const had = grid.contains(document.activeElement);
    grid.style.setProperty("--letters", String(seen.symbols.length));
    const cells = [el("span"), ...seen.symbols.map((symbol) => el("span", { class: "valve-letter", text: ui.seen(symbol), attrs: { "aria-hidden": "true" } }))];
    seen.gates.forEach((gate, row) => {
      cells.push(el("span", { class: "valve-name", text: gateName(gate) }));
      seen.means_after[gate].forEach((open, position) => {
        const byHand = held.some((entry) => entry.gate === gate && entry.at === position);
        const here = row === chosen.gate && position === chosen.position;
        const valve = el("button", {
          class: `valve${byHand ? " held" : ""}`, testid: `valve-${gate}-${position}`,
          attrs: {
            type: "button", role: "radio", "aria-checked": String(here),
            "aria-label": t(byHand ? "valves_valve_set" : "valves_valve", { gate: gateName(gate), symbol: symbolName(ctx, seen.symbols, position), open: ui.percent(open, 0) }),
          },
          on: { click: () => choose(row, position) },
        }, el("span", { class: "valve-level" }), el("span", { class: "valve-open", text: ui.percent(open, 0) }));
        valve.tabIndex = here ? 0 : -1;
        valve.style.setProperty("--open", `${100 * open}%`);
        cells.push(valve);
      });
    });
    ui.clear(grid, cells);
    if (had) grid.querySelector('[aria-checked="true"]').focus({ preventScroll: true });
  }

  // The slider is made anew for another valve only: while it is dragged it stays.
  function drawSlider(gate, position) {
    const key = `${seen.net}/${gate}/${position}/${seen.symbols.join("")}`;
    const open = Math.round(100 * seen.means_after[gate][position]);
    if (sliderPlace.dataset.of === key) {
      if (document.activeElement !== slider.input) slider.value = open;
      return;
    }
    sliderPlace.dataset.of = key;
    slider = ui.slider({
      label: t("valves_slider", { gate: gateName(gate), symbol: symbolName(ctx, seen.symbols, position) }), min: 0, max: 100, step: 1, value: open,
      format: (value) => ui.percent(value / 100, 0), testid: "valves-slider", onInput: (value) => hold(value / 100),
    });
    ui.clear(sliderPlace, slider.node);
  }
}
