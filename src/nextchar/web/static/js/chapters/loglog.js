// A curve on two logarithmic axes with the place where the sliders are. Only places on the paper are computed here.

import { shape } from "/static/js/svg.js";

export function logLog({ points, now, xTitle, yTitle, nowText, label }) {
  const width = 560;
  const height = 380;
  const edge = { left: 78, right: 18, top: 14, bottom: 62 };
  const ends = (index) => {
    const powers = [...points, now].map((point) => Math.log10(point[index]));
    return [Math.floor(Math.min(...powers)), Math.ceil(Math.max(...powers))];
  };
  const [x0, x1] = ends(0);
  const [y0, y1] = ends(1);
  const across = (value) => edge.left + ((Math.log10(value) - x0) / (x1 - x0)) * (width - edge.left - edge.right);
  const down = (value) => height - edge.bottom - ((Math.log10(value) - y0) / (y1 - y0)) * (height - edge.top - edge.bottom);
  const power = (n) => `10${[...String(n)].map((sign) => ({ "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" })[sign]).join("")}`;

  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "late-loglog", role: "img", "aria-label": label });
  for (let n = x0; n <= x1; n += 1) {
    svg.append(
      shape("line", { class: "rule", x1: across(10 ** n), x2: across(10 ** n), y1: edge.top, y2: height - edge.bottom }),
      shape("text", { x: across(10 ** n), y: height - edge.bottom + 22, "text-anchor": "middle" }, power(n)),
    );
  }
  for (let n = y0; n <= y1; n += 1) {
    svg.append(
      shape("line", { class: "rule", x1: edge.left, x2: width - edge.right, y1: down(10 ** n), y2: down(10 ** n) }),
      shape("text", { x: edge.left - 8, y: down(10 ** n) + 5, "text-anchor": "end" }, power(n)),
    );
  }
  const middle = (edge.top + height - edge.bottom) / 2;
  svg.append(
    shape("text", { x: (edge.left + width - edge.right) / 2, y: height - 10, "text-anchor": "middle" }, xTitle),
    shape("text", { x: 18, y: middle, "text-anchor": "middle", transform: `rotate(-90 18 ${middle})` }, yTitle),
    shape("polyline", { class: "curve", points: points.map(([x, y]) => `${across(x)},${down(y)}`).join(" ") }),
    ...points.map(([x, y]) => shape("circle", { class: "point", cx: across(x), cy: down(y), r: 4 })),
  );
  const [x, y] = [across(now[0]), down(now[1])];
  // The curve rises, so a text stays clear of it to the left of a place above it and to the right of one below.
  const nearest = points.reduce((best, point) => (Math.abs(across(point[0]) - x) < Math.abs(across(best[0]) - x) ? point : best));
  const above = y < down(nearest[1]);
  const room = 120; // for the words
  const leftward = above ? x - edge.left > room : width - edge.right - x < room;
  const aside = leftward === above ? 5 : above ? -12 : 22;
  svg.append(
    shape("path", { class: "now", d: `M${x - 8},${y - 8}L${x + 8},${y + 8}M${x - 8},${y + 8}L${x + 8},${y - 8}` }),
    shape("text", { class: "now-text", x: x + (leftward ? -14 : 14), y: y + aside, "text-anchor": leftward ? "end" : "start" }, nowText),
  );
  return svg;
}
