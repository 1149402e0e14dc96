// Chapter 16, WaveNet: the tree of merges over a typed name. Which letters a node sees, and what the net predicts, come
// from the server; this file draws them, and lights up what the reader points at.

import { drawNets, followSays, netName, netSays, nextBars, prefix, questions, symbolName } from "/static/js/chapters/inside.js";
import { shape } from "/static/js/svg.js";

const COLUMN = 56;
const ROW = 66;
const RADIUS = 17;
const GROWTHS = [1, 2, 3];

export async function render(root, ctx) {
  await drawNets(root, ctx, { figures: { tree }, family: "wavenet" });
}

async function tree(ctx, place, which) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const { ask, line } = questions(ctx);
  let seen = null; // the server's last answer
  let chosen = null; // {level, position}

  const name = netName(ctx, { data: await ctx.data(), which, testid: "tree-name", onInput: () => load() });
  const layers = ui.slider({ label: t("tree_layers"), min: 1, max: 4, step: 1, value: 3, onInput: load, testid: "tree-layers" });
  const growth = ui.slider({
    label: t("tree_growth"), min: GROWTHS[0], max: GROWTHS.at(-1), step: 1, value: 2,
    format: (value) => t("tree_times", { growth: value }), onInput: load, testid: "tree-growth",
  });
  which.onChange(() => {
    layers.input.disabled = Boolean(which.asked.trained); // which has as many as it has
    growth.value = 2;
    load();
  });
  const picture = shape("svg", { class: "tree", role: "group", "data-testid": "tree-picture" });
  picture.addEventListener("keydown", walk);
  const says = ui.live({ testid: "tree-says" });
  const reach = el("p", { testid: "tree-reach" });
  const barsHeading = ui.heading("");
  const barsPlace = el("div");
  const surprise = el("p", { testid: "tree-surprise" });
  const untrained = el("p", { class: "hint", testid: "tree-untrained", text: t("tree_untrained") });
  const nets = el("div", { testid: "tree-nets" });
  const net = el("p", { class: "hint", testid: "tree-net" });
  const bars = nextBars(ctx, { into: barsPlace, testid: "tree-bars" });
  const prediction = el("div", { class: "tree-prediction" }, barsHeading, barsPlace, surprise);
  ui.clear(
    place,
    ui.controls(name.node), which.node, name.says, line, el("div", { class: "late-settings" }, layers.node, growth.node),
    picture, says, reach, prediction, untrained, nets, net,
  );
  await load();

  function load() {
    return ctx.guard(async () => {
      const found = await ask((signal) =>
        api.post("/inside/merges", { ...which.asked, text: name.value, layers: layers.value, growth: growth.value }, { signal }));
      if (!found) return;
      seen = { ...found, levels: levelsOf(found) };
      if (found.trained) layers.value = found.layers;
      chosen = { level: found.layers, position: found.symbols.length - 1 };
      draw();
      await drawPrediction();
    }, place);
  }

  // The letters, which see themselves, and above them the layers: what each node merges, and what it sees.
  function levelsOf({ symbols, taps, sees }) {
    const input = symbols.map((_, position) => ({ merges: [], sees: [position] }));
    return [input, ...taps.map((layer, i) => layer.map((merges, position) => ({ merges, sees: sees[i][position] })))];
  }

  function label(position) {
    return symbolName(ctx, seen.symbols, position);
  }

  function namesOf(positions) {
    return positions.map(label).join(t("tree_comma"));
  }

  function draw() {
    const { symbols, levels, dilations } = seen;
    const had = picture.contains(document.activeElement);
    const top = levels.length - 1;
    const at = (level, position) => [COLUMN * (position + 0.5), RADIUS + 6 + ROW * (top - level)];
    picture.setAttribute("viewBox", `0 0 ${COLUMN * symbols.length} ${ROW * top + 2 * RADIUS + 12}`);
    picture.style.setProperty("max-width", `${COLUMN * symbols.length}px`);
    picture.setAttribute("aria-label", t("tree_aria", { name: symbols.slice(1).join("") }));
    const edges = [];
    const nodes = [];
    levels.forEach((nodesOfLevel, level) => nodesOfLevel.forEach((node, position) => {
      const [x, y] = at(level, position);
      for (const below of node.merges) {
        const [a, b] = at(level - 1, below);
        edges.push(shape("line", { class: "tree-edge", x1: x, y1: y, x2: a, y2: b, "data-from": `${level}/${position}`, "data-to": `${level - 1}/${below}` }));
      }
      const words = level === 0
        ? t("tree_input", { symbol: label(position) })
        : t("tree_node", { layer: level, symbol: label(position), dilation: dilations[level - 1], sees: namesOf(node.sees) });
      const group = shape(
        "g", { class: "tree-node", role: "img", "aria-label": words, "data-node": `${level}/${position}`, "data-testid": `tree-${level}-${position}`, tabindex: -1 },
        shape("circle", { cx: x, cy: y, r: RADIUS }),
      );
      if (level === 0) group.append(shape("text", { x, y, "text-anchor": "middle", "dominant-baseline": "central" }, ui.seen(symbols[position])));
      group.addEventListener("pointerenter", () => light(level, position));
      group.addEventListener("click", () => choose(level, position));
      nodes.push(group);
    }));
    picture.replaceChildren(...edges, ...nodes);
    light(chosen.level, chosen.position);
    if (had) node(chosen).focus({ preventScroll: true });
    const { reach: far, back: { length: count } } = seen;
    const values = { layers: dilations.length, dilations: dilations.join(t("tree_comma")), seen: count, back: far - 1, reach: far };
    reach.textContent = t(count < far ? "tree_gaps" : "tree_reach", values);
  }

  function node({ level, position }) {
    return picture.querySelector(`[data-node="${level}/${position}"]`);
  }

  // Lights up what a node sees: the way down from it, node by node.
  function light(level, position) {
    chosen = { level, position };
    const lit = new Set();
    const below = (at, where) => {
      const key = `${at}/${where}`;
      if (lit.has(key)) return;
      lit.add(key);
      for (const next of seen.levels[at][where].merges) below(at - 1, next);
    };
    below(level, position);
    for (const group of picture.querySelectorAll(".tree-node")) {
      const here = group.dataset.node === `${level}/${position}`;
      group.classList.toggle("lit", lit.has(group.dataset.node));
      group.classList.toggle("chosen", here);
      group.setAttribute("tabindex", here ? "0" : "-1");
    }
    for (const edge of picture.querySelectorAll(".tree-edge")) edge.classList.toggle("lit", lit.has(edge.dataset.from));
    const { sees } = seen.levels[level][position];
    ui.clear(says, level === 0
      ? t("tree_input", { symbol: label(position) })
      : t("tree_sees", { layer: level, symbol: label(position), count: sees.length, sees: namesOf(sees) }));
  }

  function choose(level, position) {
    light(level, position);
    node(chosen).focus();
    ctx.guard(drawPrediction, place);
  }

  function walk(event) {
    const [up, right] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[event.key] ?? [];
    if (up === undefined) return;
    event.preventDefault();
    const within = (at, count) => Math.max(0, Math.min(count - 1, at));
    choose(within(chosen.level + up, seen.levels.length), within(chosen.position + right, seen.symbols.length));
  }

  // What the net whose tree this is says after the chosen letter.
  async function drawPrediction() {
    prediction.hidden = seen.rows === null;
    untrained.hidden = seen.rows !== null;
    ui.clear(nets, ui.scroller(t("tree_table"), ui.table({
      caption: t("tree_table"),
      head: [t("tree_head_layers"), t("tree_head_sees"), t("tree_head_parameters"), t("tree_head_nats")],
      rows: seen.nets.map((row) => [ui.integer(row.layers), ui.integer(row.reach), ui.integer(row.parameters), ui.fixed(row.test_nats, 3)]),
      numeric: [0, 1, 2, 3],
    })));
    net.hidden = seen.rows === null;
    if (seen.rows === null) return;
    const { symbols, rows, nats } = seen;
    const { position } = chosen;
    const read = prefix(ctx, symbols, position);
    net.textContent = netSays(ctx, seen);
    barsHeading.textContent = t("tree_next", { prefix: read });
    await bars.draw({ labels: seen.labels, now: rows[position], label: t("tree_bars_aria", { prefix: read }) });
    surprise.textContent = followSays(ctx, { symbols, position, now: nats });
  }
}
