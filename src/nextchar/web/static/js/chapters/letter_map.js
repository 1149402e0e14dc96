// The letters as points of the plane. Places come from the server and go back to it; here they are only put on paper.
// Letters that would lie on each other stand a little apart, each with a line to the spot that it belongs to.
//
//   letterMap({ui, t, label, named, onMove, onChoose}) -> {node, draw({labels, places, vowels, moved}), choose(symbol), chosen}
//       onMove(symbol, [x, y])   the reader has moved a letter: by pointer, finger or arrow keys; without it none can be moved
//       onChoose(symbol)         a letter has got the focus
//       named(symbol)            it as a word in a sentence
//       moved                    symbol -> [x, y] where it was before, a Map

import { narrow } from "/static/js/chapters/shared.js";
import { shape } from "/static/js/svg.js";

const WIDE = 480;
const NARROW = 320;
const EDGE = 20;
const RADIUS = 10;
const GRASP = 20;
const APART = 2 * RADIUS; // the middles of two letters
const ROUNDS = 60;
const HOME = 0.06; // of its way back to its spot, a letter goes in a round
const KEY_STEPS = 40; // from edge to edge

export function letterMap({ ui, t, label, named = ui.seen, onMove, onChoose }) {
  const movable = Boolean(onMove);
  const size = narrow() ? NARROW : WIDE;
  const svg = shape("svg", {
    viewBox: `0 0 ${size} ${size}`, class: `letter-map ${movable ? "draggable" : "gliding"}`, "aria-label": label, role: movable ? "group" : "img",
  });
  const ways = shape("g");
  const spots = shape("g"); // below all letters
  const points = shape("g");
  svg.append(
    shape("line", { class: "axis", x1: size / 2, x2: size / 2, y1: 0, y2: size }),
    shape("line", { class: "axis", x1: 0, x2: size, y1: size / 2, y2: size / 2 }),
    ways,
    spots,
    points,
  );
  const nodes = new Map(); // symbol -> {group, face, spot, lead, place, shown}
  let reach = 1; // what is half a side of the map
  let held = null; // the symbol that is being dragged
  let chosen = null;

  const paper = ([x, y]) => [size / 2 + (x / reach) * (size / 2 - EDGE), size / 2 - (y / reach) * (size / 2 - EDGE)];
  const within = (value) => Math.max(-reach, Math.min(reach, value));

  function pointed(event) {
    const box = svg.getBoundingClientRect();
    const half = size / 2 - EDGE;
    const across = ((event.clientX - box.left) / box.width) * size;
    const down = ((event.clientY - box.top) / box.height) * size;
    return [within(((across - size / 2) / half) * reach), within(((size / 2 - down) / half) * reach)];
  }

  function put(symbol, place) {
    const entry = nodes.get(symbol);
    entry.place = place;
    const [x, y] = paper(place);
    for (const node of [entry.group, entry.spot]) node.style.setProperty("transform", `translate(${x}px, ${y}px)`);
  }

  // Letters push each other away, and each is drawn back to its spot; the one in the hand stays on its own.
  function spread() {
    const all = [...nodes].map(([symbol, entry]) => {
      const [x, y] = paper(entry.place);
      return { entry, x, y, at: [x, y], fixed: symbol === held };
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const one of all) {
        if (!one.fixed) one.at = [one.at[0] + HOME * (one.x - one.at[0]), one.at[1] + HOME * (one.y - one.at[1])];
      }
      all.forEach((one, i) => {
        for (const other of all.slice(i + 1)) {
          const [dx, dy] = [other.at[0] - one.at[0], other.at[1] - one.at[1]];
          const away = Math.hypot(dx, dy);
          if (away >= APART) continue;
          const [ux, uy] = away > 0.01 ? [dx / away, dy / away] : [Math.cos(i), Math.sin(i)];
          const push = (APART - away) / (one.fixed || other.fixed ? 1 : 2);
          if (!one.fixed) one.at = [one.at[0] - push * ux, one.at[1] - push * uy];
          if (!other.fixed) other.at = [other.at[0] + push * ux, other.at[1] + push * uy];
        }
      });
    }
    for (const { entry, x, y, at } of all) {
      entry.shown = at.map((value) => Math.max(RADIUS, Math.min(size - RADIUS, value)));
      const [dx, dy] = [entry.shown[0] - x, entry.shown[1] - y];
      const aside = Math.hypot(dx, dy) > 1.5;
      entry.face.style.setProperty("transform", aside ? `translate(${dx}px, ${dy}px)` : "none");
      entry.lead.setAttribute("x2", dx);
      entry.lead.setAttribute("y2", dy);
      entry.spot.setAttribute("visibility", aside ? "visible" : "hidden");
    }
  }

  function choose(symbol) {
    chosen = symbol;
    for (const [other, { group }] of nodes) {
      group.classList.toggle("chosen", other === symbol);
      if (movable) group.setAttribute("tabindex", other === symbol ? "0" : "-1");
    }
  }

  function move(symbol, place) {
    put(symbol, place);
    spread();
    onMove(symbol, place);
  }

  function keys(event, symbol) {
    const step = (2 * reach) / KEY_STEPS;
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    const order = [...nodes.keys()].sort();
    const other = { PageDown: 1, PageUp: -1 }[event.key];
    if (dx || dy) {
      const [x, y] = nodes.get(symbol).place;
      move(symbol, [within(x + dx * step), within(y + dy * step)]);
    } else if (other) {
      nodes.get(order[(order.indexOf(symbol) + other + order.length) % order.length]).group.focus();
    } else return;
    event.preventDefault();
  }

  function make(symbol, vowel) {
    const face = shape(
      "g",
      { class: "face" },
      shape("circle", { r: RADIUS }),
      shape("text", { "text-anchor": "middle", "dominant-baseline": "central" }, ui.seen(symbol)),
    );
    const lead = shape("line", { class: "lead", x1: 0, y1: 0 });
    const spot = shape("g", { class: "spot" }, lead, shape("circle", { r: 2 }));
    const group = shape("g", { class: `letter${vowel ? " vowel" : ""}`, role: movable ? "button" : null, "data-symbol": symbol }, face);
    spots.append(spot);
    if (movable) {
      group.addEventListener("keydown", (event) => keys(event, symbol));
      group.addEventListener("focus", () => {
        choose(symbol);
        onChoose?.(symbol);
      });
    }
    points.append(group);
    nodes.set(symbol, { group, face, spot, lead, place: [0, 0], shown: [0, 0] });
  }

  // The hand takes the letter whose middle is nearest.
  function grasped(event) {
    const [x, y] = paper(pointed(event));
    const away = ([, { shown }]) => Math.hypot(shown[0] - x, shown[1] - y);
    const nearest = [...nodes].reduce((one, other) => (away(other) < away(one) ? other : one));
    return away(nearest) <= GRASP ? nearest[0] : null;
  }

  svg.addEventListener("pointerdown", (event) => {
    held = movable && nodes.size ? grasped(event) : null;
    if (held === null) return;
    const { group } = nodes.get(held);
    points.append(group); // on top of the others
    svg.setPointerCapture(event.pointerId);
    group.focus();
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (held !== null) move(held, pointed(event));
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (held = null));

  return {
    node: svg,
    get chosen() {
      return chosen;
    },
    choose(symbol) {
      choose(symbol);
      points.append(nodes.get(symbol).group);
    },
    draw({ labels, places, vowels = [], moved = new Map() }) {
      if (held === null) {
        const farthest = Math.max(...[...places, ...moved.values()].flat().map(Math.abs)) || 1;
        if (!movable || !moved.size) reach = 1.06 * farthest;
      }
      const marked = (symbol) => vowels.includes(symbol);
      for (const symbol of [...labels].sort((one, other) => marked(one) - marked(other))) { // the vowels lie on top
        if (!nodes.has(symbol)) make(symbol, marked(symbol));
      }
      labels.forEach((symbol, i) => {
        if (held === symbol) return; // the hand knows better where it is
        put(symbol, places[i]);
        const text = { symbol: named(symbol), x: ui.fixed(places[i][0], 2), y: ui.fixed(places[i][1], 2) };
        if (movable) nodes.get(symbol).group.setAttribute("aria-label", t(moved.has(symbol) ? "map_letter_moved" : "map_letter", text));
      });
      spread();
      ways.replaceChildren(
        ...[...moved].map(([symbol, before]) => {
          const [x1, y1] = paper(before);
          const [x2, y2] = paper(nodes.get(symbol).place);
          return shape("line", { class: "away", x1, y1, x2, y2 });
        }),
      );
    },
  };
}
