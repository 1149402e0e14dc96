// A walk on the graph of all pairs: the symbols in a circle, lines from the one where the walk is, as thick as the
// probabilities of the next step. The walk follows names that the server has drawn, or a name that the reader types.

import { shape } from "/static/js/svg.js";

const SIZE = 520;
const RADIUS = 205;
const STEP_MS = 520;
const WALKED = 60; // names drawn at a time
const LONGEST = 60;

export function walker(ctx, host, { labels, table, name, onName }) {
  const { ui, t, api } = ctx;
  const run = api.latest();
  const visits = labels.map(() => 0);
  const places = labels.map((_, i) => {
    const angle = (2 * Math.PI * i) / labels.length - Math.PI / 2;
    return [SIZE / 2 + RADIUS * Math.cos(angle), SIZE / 2 + RADIUS * Math.sin(angle)];
  });
  const node = Math.max(9, Math.min(17, (Math.PI * RADIUS) / labels.length - 2));
  const index = new Map(labels.map((label, i) => [label, i]));
  let at = 0; // the boundary
  let route = []; // what comes, as numbers of nodes; null where a symbol is not on the picture
  let written = "";
  let seed = 0;
  let timer = null;

  const svg = shape("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, class: "walker", role: "img", "aria-label": t("walk_aria") });
  const edges = shape("g");
  const halos = shape("g");
  const nodes = shape("g");
  const token = shape("circle", { class: "walker-token", r: node + 5 });
  svg.append(edges, halos, token, nodes);
  const halo = places.map(([x, y]) => halos.appendChild(shape("circle", { class: "walker-halo", cx: x, cy: y, r: 0 })));
  places.forEach(([x, y], i) => {
    nodes.append(
      shape("circle", { class: "walker-node", cx: x, cy: y, r: node }),
      shape("text", { x, y, "text-anchor": "middle", "dominant-baseline": "central" }, ui.seen(labels[i])),
    );
  });

  const says = ui.el("p", { class: "walker-says", testid: "walk-says" });
  const tally = ui.el("p", { class: "hint", testid: "walk-visits" });

  function draw(from) {
    edges.replaceChildren();
    const [x, y] = places[at];
    table[at].forEach((probability, to) => {
      if (probability < 0.004) return;
      const [a, b] = places[to];
      const bend = `Q ${(x + a) / 2 + (SIZE / 2 - (x + a) / 2) * 0.45} ${(y + b) / 2 + (SIZE / 2 - (y + b) / 2) * 0.45}`;
      const line = to === at ? `M ${x} ${y} m -${node} 0 a ${node} ${node} 0 1 1 ${2 * node} 0` : `M ${x} ${y} ${bend} ${a} ${b}`;
      edges.append(shape("path", { class: "walker-edge", d: line, "stroke-width": (1 + 14 * probability).toFixed(2) }));
    });
    if (from !== undefined && from !== at) {
      edges.append(shape("line", { class: "walker-step", x1: places[from][0], y1: places[from][1], x2: x, y2: y }));
    }
    token.style.setProperty("transform", `translate(${x}px, ${y}px)`);
    const steps = visits.reduce((sum, count) => sum + count, 0);
    const most = Math.max(...visits);
    halo.forEach((ring, i) => ring.setAttribute("r", steps ? node + 26 * Math.sqrt(visits[i] / steps) : 0));
    ui.clear(says, ui.symbol(labels[0]), [...written].map((character) => ui.symbol(character)), at === 0 && written !== "" && ui.symbol(labels[0]));
    tally.textContent = steps
      ? t("walk_visits", { steps: ui.integer(steps), symbol: ctx.named(labels[visits.indexOf(most)]), share: ui.percent(most / steps, 0) })
      : t("walk_none");
  }

  function move() {
    const from = at;
    if (at === 0) written = "";
    const next = route.shift();
    if (next === undefined) return false;
    written += next.text;
    if (next.to === undefined) return true; // a symbol that the picture leaves out
    at = next.to;
    visits[at] += 1;
    draw(from);
    return true;
  }

  // The nodes of some names one after the other, each ending in the boundary.
  function follow(items) {
    return items.flatMap((item) => [...[...item].map((text) => ({ text, to: index.get(text) })), { text: "", to: 0 }]);
  }

  async function more() {
    seed += 1;
    const answer = await run((signal) => api.post("/sample", { n: WALKED, seed, max_length: LONGEST }, { signal }));
    if (answer) route.push(...follow(answer.items));
    return Boolean(answer);
  }

  async function step() {
    if (route.length === 0 && !(await more())) return;
    move();
  }

  function halt() {
    clearTimeout(timer);
    timer = null;
    go.textContent = t("walk_go");
    go.setAttribute("aria-pressed", "false");
  }

  function start() {
    go.textContent = t("walk_halt");
    go.setAttribute("aria-pressed", "true");
    const on = () =>
      ctx.guard(async () => {
        await step();
        if (timer !== null) timer = setTimeout(on, ui.reducedMotion() ? 2 * STEP_MS : STEP_MS);
      }, host);
    timer = setTimeout(on, 0);
  }

  function far() {
    return ctx.guard(async () => {
      halt();
      for (let walked = 0; walked < 1000; walked += 1) {
        if (route.length === 0 && !(await more())) return;
        const next = route.shift();
        if (at === 0) written = "";
        written += next.text;
        if (next.to === undefined) continue;
        at = next.to;
        visits[at] += 1;
      }
      draw();
    }, host);
  }

  function mine(text) {
    halt();
    onName(text);
    at = 0;
    written = "";
    route = follow([text]);
    draw();
    start();
    const until = setInterval(() => {
      if (route.length) return;
      clearInterval(until);
      halt();
    }, STEP_MS / 4);
    ctx.onLeave(() => clearInterval(until));
  }

  const go = ui.button({ label: t("walk_go"), kind: "primary", testid: "walk-go", pressed: false, onClick: () => (timer === null ? start() : halt()) });
  const once = ui.button({ label: t("walk_step"), testid: "walk-step", onClick: () => ctx.guard(() => (halt(), step()), host) });
  const many = ui.button({ label: t("walk_many"), testid: "walk-many", onClick: far });
  const field = ui.field({ label: t("walk_name"), value: name, maxLength: 40, testid: "walk-name", onEnter: (text) => text && mine(text) });
  const walkIt = ui.button({ label: t("walk_mine"), testid: "walk-mine", onClick: () => field.value && mine(field.value) });
  ui.clear(host, ui.controls(go, once, many), svg, says, tally, ui.controls(field.node, walkIt));
  ctx.onLeave(halt);
  draw();
}
