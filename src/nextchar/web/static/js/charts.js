// Charts: thin wrappers around plotly.js. They draw numbers that they are given and compute none of the model's.
// Every chart is a new element: await it, then put handle.node on the page (or give {into: element} to append at once;
// better, because a chart then knows its width when it is first drawn).
//
//   heatmap({into, z, rows, columns = rows, ...}) -> Promise<handle>
//       z            table of numbers, one row each; "inf" is allowed; null is an empty cell
//       rows, columns   labels
//       label        accessible name (a short phrase);  text: one sentence that says what is to be seen (shown to
//                    screen readers only)
//       rowTitle, columnTitle, colourTitle
//       scale        "linear" | "root" (colour by the square root of the number)
//       zmin, zmax   ends of the colour scale (in the units of z); default: of the data
//       diverging    true: around 0, for weights (blue, white, red-brown; colour-blind safe)
//       hover(r, c)  -> string shown beside the pointer (lines parted by "\n")
//       onCell(r, c, how)   how: "hover" | "click" | "key"; makes the chart focusable, the arrow keys, Home, End, PageUp and
//                    PageDown move a cursor over the cells; where cells are too small for a finger, a tap opens a loupe
//       describe(r, c)  -> string read out when the keys move the cursor (default: hover)
//       cursor       [r, c] to begin with
//       keysHint     how to use the keys (read out with the name)
//       size         width and height at most, in px (default 640); minimum  px below which it scrolls (default 340)
//       bar          false: no colour scale at the side
//       ticks        false: no labels at the axes; cellText(r, c) -> string written into the cell (small tables only)
//       testid
//     handle: {node, update({z, zmin, zmax, label, text, scale, ...}), setCursor(r, c), cursor, mark([[r, c], ...]), width}
//       mark() frames cells and numbers them 1, 2, ...; mark([]) takes the frames away
//
//   bars({into, x, y, ...}) -> Promise<handle>
//       x labels, y numbers; hover(i) -> string; highlight: index or list of them (pattern and colour); second: {y, name},
//       name: a second series beside the first, with names in a legend; horizontal: true; xTitle, yTitle, yMax, percent:
//       true (axis in %); height (default 260); values(i) -> string written at the bar; minimum (px); label, text, testid;
//       words: true when x are words, not symbols;  minBar: px of width for each bar, below which the chart scrolls (default 9)
//     handle: {node, update({x, y, highlight, yMax, label, text, ...})}
//
//   lines({into, series: [{name, x, y, dash, marks, width}], ...}) -> Promise<handle>
//       series differ by dash ("solid", "dash", "dot", "dashdot", "longdash") and colour, up to 25 of them;
//       marks: true draws points too
//       levels: [{y, name, dash}]  horizontal lines with a name;  point: {x, y, name} one marked point
//       xTitle, yTitle, xLog, yLog, yRange, xRange, xTicks: {values, texts}, height (default 300), hoverX, hoverY (d3 formats),
//       legend (default: shown when more than one series), label, text, testid
//     handle: {node, update({series, levels, point, ...}), append(index, xs, ys)}
//
//   A chart is drawn in its turn, one after a frame, so that what was typed is shown before the charts that it changes
//   are drawn; changes that come before its turn are drawn at once. What update gives is settled when it is drawn.
//
//   tones()    the colours of the page now: {ink, muted, line, card, accent, second, good, bad, series: [..5]}
//   load()     -> Promise of Plotly; the first chart begins it, so that texts and places of figures are drawn before
//   dispose()  the frame calls it when a chapter is left: all charts of the chapter are let go

import { makeLoupe } from "/static/js/loupe.js";
import { el, seen } from "/static/js/ui.js";

const MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace";
const CONFIG = { displayModeBar: false, responsive: false, staticPlot: false, doubleClick: false, showTips: false };

const LABELS = { ticklabeloverflow: "allow" }; // else each label is measured, which takes as long as all the rest

const FINGER = 24; // px, the least width of a cell that can be tapped

let loading = null;
const living = new Set();

export function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = el("script", { attrs: { src: "/static/vendor/plotly-cartesian.min.js" } });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => reject(new Error("plotly.js")));
    document.head.append(script);
  });
  return loading;
}

export function tones() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), muted: of("muted"), line: of("line"), card: of("card"), accent: of("accent"), second: of("second"),
    good: of("good"), bad: of("bad"),
    series: [of("accent"), of("second"), of("third"), of("fourth"), of("muted")],
  };
}

function font(colours, size = 12) {
  return { family: getComputedStyle(document.body).fontFamily, size, color: colours.ink };
}

function hoverLabel(colours) {
  return { bgcolor: colours.card, bordercolor: colours.muted, font: font(colours, 13), align: "left" };
}

function escaped(text) {
  // plotly reads a little HTML in its labels; the text of a visitor's list must not count as such
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\n", "<br>");
}

function plain(text) {
  return escaped(text).replaceAll("$", "＄"); // two dollar signs would be taken for TeX
}

function number(value) {
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return value;
}

const HIDDEN = 250; // ms: a page that is not seen has no frames

// After a frame has been shown.
function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, HIDDEN);
  });
}

let turns = Promise.resolve();

// A function that draws in its turn; calls that are made before it comes are the same drawing.
function inTurn(draw) {
  let waiting = null;
  return () => {
    if (waiting) return waiting;
    turns = turns.then(nextFrame); // the next one waits for its turn alone, not until this one is drawn
    waiting = turns.then(() => {
      waiting = null;
      return draw();
    });
    return waiting;
  };
}

// What is common to the charts: the frame, drawing, redrawing when width or colours change.
async function chart(options, build, { focusable = false } = {}) {
  const spec = { ...options };
  const plot = el("div", { class: "plot" });
  const picture = el("div", { class: "picture", attrs: { role: "img" } }, plot);
  const frame = el("div", { class: "chart-frame" }, picture);
  const node = el("div", { class: "chart", testid: spec.testid }, frame);
  const name = () => picture.setAttribute("aria-label", [spec.label, spec.text].filter(Boolean).join(". "));
  name();
  if (spec.into) spec.into.append(node);

  let lastWidth = 0;
  let left = false;
  // What to draw in the room that there is; the chart takes its place at once, before it is drawn.
  const plan = () => {
    const room = node.clientWidth;
    if (!room || left) return null;
    const found = build(spec, room, tones());
    frame.style.setProperty("width", `${found.width}px`);
    frame.style.setProperty("height", `${found.layout.height}px`);
    lastWidth = room;
    return { room, ...found };
  };
  plan();
  const plotly = await load();
  const handle = { node, plot, frame, spec, plotly, afterDraw: null };
  const draw = inTurn(() => {
    const planned = plan();
    if (!planned) return undefined;
    const { room, data, layout, width } = planned;
    const scrolls = width > room + 1;
    if (scrolls && !focusable) {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "region");
      node.setAttribute("aria-label", spec.label);
    } else {
      for (const attribute of ["tabindex", "role", "aria-label"]) node.removeAttribute(attribute);
    }
    return plotly.react(plot, data, { ...layout, width }, CONFIG).then(() => handle.afterDraw?.());
  });
  handle.draw = draw;
  handle.update = (changes) => {
    Object.assign(spec, changes);
    name();
    return draw();
  };
  const observer = new ResizeObserver(() => {
    if (Math.abs(node.clientWidth - lastWidth) > 1) draw();
  });
  observer.observe(node);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", draw);
  living.add(() => {
    left = true;
    observer.disconnect();
    scheme.removeEventListener("change", draw);
    plotly.purge(plot);
  });
  await draw();
  return handle;
}

export function dispose() {
  for (const end of living) end();
  living.clear();
}

// --- heat maps -----------------------------------------------------------------------------------------------------

const DIVERGING = [
  [0, "#1b5a9c"], [0.25, "#7fb0d9"], [0.5, "#f4f2ee"], [0.75, "#e0a070"], [1, "#8c3d0c"],
];

export async function heatmap(options) {
  const spec = { columns: options.rows, scale: "linear", size: 640, minimum: 340, bar: true, ticks: true, ...options };
  const interactive = Boolean(spec.onCell);
  const handle = await chart(spec, buildHeatmap, { focusable: interactive });
  const { node, plot, frame } = handle;
  let cursor = spec.cursor ?? null;
  let marks = [];
  const overlay = el("div", { class: "overlay", attrs: { "aria-hidden": "true" } });
  frame.append(overlay);

  const place = (r, c, kind, text = "", least = 0) => {
    const { l, t, w, h } = plot._fullLayout._size;
    const across = w / handle.spec.columns.length;
    const down = h / handle.spec.rows.length;
    const box = el("span", { class: kind, text });
    const width = Math.max(across, text.length > 2 ? 8 * text.length : least);
    const height = Math.max(down, least);
    box.style.setProperty("left", `${l + (c + 0.5) * across - width / 2}px`);
    box.style.setProperty("top", `${t + (r + 0.5) * down - height / 2}px`);
    box.style.setProperty("width", `${width}px`);
    box.style.setProperty("height", `${height}px`);
    return box;
  };
  const decorate = () => {
    if (!plot._fullLayout) return;
    const turns = new Map(); // a cell that is walked through again bears its first number and a plus: all would not fit
    marks.forEach(([r, c], i) => turns.set(`${r} ${c}`, [...(turns.get(`${r} ${c}`) ?? []), i + 1]));
    const boxes = [...turns].map(([key, numbers]) => {
      const [r, c] = key.split(" ").map(Number);
      return place(r, c, "cell-mark", marks.length > 1 ? `${numbers[0]}${numbers.length > 1 ? "+" : ""}` : "", 16);
    });
    if (cursor) boxes.push(place(cursor[0], cursor[1], "cell-cursor"));
    overlay.replaceChildren(...boxes);
  };
  handle.afterDraw = decorate;
  decorate();

  const result = {
    node,
    update: handle.update,
    get cursor() {
      return cursor;
    },
    get width() {
      return frame.clientWidth;
    },
    setCursor(r, c) {
      cursor = r === null ? null : [r, c];
      decorate();
    },
    mark(cells) {
      marks = cells;
      decorate();
    },
  };
  if (!interactive) return result;

  const say = el("div", { class: "visually-hidden", attrs: { "aria-live": "polite" } });
  frame.before(say);
  frame.setAttribute("tabindex", "0");
  frame.setAttribute("role", "application");
  frame.setAttribute("aria-label", [spec.label, spec.keysHint].filter(Boolean).join(". "));
  frame.classList.add("walkable");
  const go = (r, c, how) => {
    result.setCursor(r, c);
    handle.spec.onCell(r, c, how);
    if (how === "key") say.textContent = (handle.spec.describe ?? handle.spec.hover)?.(r, c) ?? "";
  };
  const cellAt = (point) => [point.y, point.x];
  const loupe = makeLoupe({
    rows: spec.rows, columns: spec.columns, told: (r, c) => (handle.spec.describe ?? handle.spec.hover)?.(r, c) ?? "",
    onPick: (r, c) => go(r, c, "click"),
  });
  frame.after(loupe.node);
  let touched = false;
  frame.addEventListener("pointerdown", ({ pointerType }) => {
    touched = pointerType === "touch";
  }, { capture: true });
  plot.on("plotly_hover", (event) => go(...cellAt(event.points[0]), "hover"));
  plot.on("plotly_click", (event) => {
    const at = cellAt(event.points[0]);
    go(...at, "click");
    if (touched && plot._fullLayout._size.w / spec.columns.length < FINGER) loupe.show(...at);
  });
  frame.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = [handle.spec.rows.length - 1, handle.spec.columns.length - 1];
    let [r, c] = cursor ?? [0, 0];
    const moves = {
      ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c],
      Home: [r, 0], End: [r, last[1]], PageUp: [0, c], PageDown: [last[0], c],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    [r, c] = move.map((value, i) => Math.min(Math.max(value, 0), last[i]));
    go(r, c, "key");
    overlay.querySelector(".cell-cursor")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  return result;
}

function buildHeatmap(spec, room, colours) {
  const { rows, columns } = spec;
  const z = spec.z.map((row) => row.map(number));
  const colour = spec.scale === "root" ? (value) => (value === null ? null : Math.sqrt(value)) : (value) => value;
  const narrowest = Math.min(Math.max(spec.minimum, columns.length * 10 + 36), spec.size);
  const width = Math.max(Math.min(room, spec.size + (spec.bar ? 70 : 0)), narrowest);
  const finite = z.flat().filter((value) => Number.isFinite(value));
  let least = spec.zmin ?? Math.min(...finite, 0);
  let most = spec.zmax ?? Math.max(...finite, 0);
  if (spec.diverging) {
    most = spec.zmax ?? Math.max(Math.abs(least), Math.abs(most));
    least = -most;
  }
  if (most === least) most = least + 1;
  const margin = {
    l: spec.ticks ? 30 + (spec.rowTitle ? 18 : 0) : 4,
    t: spec.ticks ? 22 + (spec.columnTitle ? 20 : 0) : 4,
    r: spec.bar ? 62 : 6,
    b: 6,
    pad: 0,
  };
  const cell = (width - margin.l - margin.r) / columns.length;
  const height = margin.t + margin.b + cell * rows.length * Math.min(1, (columns.length / rows.length) * 40);
  const size = Math.max(8, Math.min(13, Math.floor(cell * 0.72)));
  const axis = (labels, title) => ({
    tickvals: labels.map((_, i) => i),
    ticktext: labels.map((label) => plain(seen(label))),
    tickfont: { ...font(colours, size), family: MONO },
    title: { text: title ? plain(title) : "", font: font(colours, 12), standoff: 4 },
    showticklabels: spec.ticks, ticks: "", showgrid: false, zeroline: false, showline: false, fixedrange: true,
    tickangle: 0, constrain: "domain", ...LABELS,
  });
  const trace = {
    type: "heatmap",
    z: z.map((row) => row.map(colour)),
    zmin: colour(Math.max(least, spec.scale === "root" ? 0 : -Infinity)),
    zmax: colour(most),
    colorscale: spec.diverging ? DIVERGING : "Cividis",
    showscale: spec.bar,
    xgap: cell > 9 ? 1 : 0,
    ygap: cell > 9 ? 1 : 0,
    hoverongaps: false,
    colorbar: {
      title: { text: spec.colourTitle ? plain(spec.colourTitle) : "", side: "right", font: font(colours, 12) },
      tickfont: font(colours, 11), thickness: 10, outlinewidth: 0, len: 1, x: 1.01, xpad: 4, ypad: 0,
      ...(spec.scale === "root" ? rootTicks(most, finite.every(Number.isInteger)) : {}),
    },
  };
  if (spec.hover) {
    trace.text = rows.map((_, r) => columns.map((__, c) => escaped(spec.hover(r, c))));
    trace.hovertemplate = "%{text}<extra></extra>";
  } else {
    trace.hoverinfo = "none";
  }
  if (spec.cellText) {
    trace.text = rows.map((_, r) => columns.map((__, c) => escaped(spec.cellText(r, c))));
    trace.texttemplate = "%{text}";
    trace.textfont = { size: Math.max(8, Math.min(13, cell * 0.3)) };
  }
  const layout = {
    height,
    margin,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: spec.diverging ? colours.card : "#00224e", // the lines between cells
    font: font(colours),
    hoverlabel: hoverLabel(colours),
    dragmode: false,
    xaxis: { ...axis(columns, spec.columnTitle), side: "top", range: [-0.5, columns.length - 0.5] },
    yaxis: { ...axis(rows, spec.rowTitle), range: [rows.length - 0.5, -0.5] },
  };
  return { data: [trace], layout, width };
}

function rootTicks(most, whole) {
  const steps = [0];
  let unit = 10 ** Math.floor(Math.log10(most || 1));
  if (most / unit < 2) unit /= 2;
  for (const part of [0.05, 0.2, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const value = part * unit;
    if (whole && !Number.isInteger(value)) continue;
    if (value <= most && Math.sqrt(value) - Math.sqrt(steps.at(-1)) > 0.12 * Math.sqrt(most)) steps.push(value);
  }
  return {
    tickvals: steps.map(Math.sqrt),
    ticktext: steps.map((value) => Number(value.toPrecision(2)).toLocaleString("en-US")),
  };
}

// --- bars ----------------------------------------------------------------------------------------------------------

export async function bars(options) {
  const handle = await chart({ height: 260, minBar: 9, ...options }, buildBars);
  return { node: handle.node, update: handle.update };
}

function buildBars(spec, room, colours) {
  const { x, y, horizontal } = spec;
  const chosen = new Set([spec.highlight ?? []].flat());
  const wide = x.some((label) => /[\u2e80-\uffff]/.test(label)); // Chinese, Japanese, Korean
  const width = horizontal ? room : Math.max(room, spec.minimum ?? 0, x.length * (wide ? Math.max(spec.minBar, 16) : spec.minBar) + 60);
  const hover = x.map((_, i) => escaped(spec.hover ? spec.hover(i) : `${x[i]}: ${y[i]}`));
  const places = x.map((_, i) => i);
  const one = (values, name, index) => ({
    type: "bar",
    name: name ? plain(name) : "",
    orientation: horizontal ? "h" : "v",
    x: horizontal ? values : places,
    y: horizontal ? places : values,
    hovertext: hover,
    hoverinfo: "text",
    text: spec.values && index === 0 ? x.map((_, i) => escaped(spec.values(i))) : undefined,
    textposition: spec.values ? "outside" : "none",
    cliponaxis: false,
    textfont: font(colours, 11),
    marker: {
      color: places.map((i) => (chosen.has(i) ? colours.second : colours.series[index])),
      line: { width: places.map((i) => (chosen.has(i) ? 1.5 : 0)), color: colours.ink },
      pattern: {
        shape: places.map((i) => (chosen.has(i) || index === 1 ? "/" : "")),
        fgcolor: colours.card, fillmode: "overlay", size: 6, solidity: 0.25,
      },
    },
  });
  const data = [one(y.map(number), spec.name, 0)];
  if (spec.second) data.push(one(spec.second.y.map(number), spec.second.name, 1));
  const names = {
    tickvals: places,
    ticktext: x.map((label) => plain(spec.words ? label : seen(label))),
    tickfont: spec.words ? font(colours, 13) : { ...font(colours, 12), family: MONO },
    ticklabelstandoff: 4,
    title: { text: plain((horizontal ? spec.yTitle : spec.xTitle) ?? ""), font: font(colours, 12), standoff: 8 },
    showgrid: false, zeroline: false, fixedrange: true, ticks: "", tickangle: 0, automargin: true, ...LABELS,
    range: horizontal ? [x.length - 0.5, -0.5] : [-0.5, x.length - 0.5],
  };
  const all = [...y, ...(spec.second?.y ?? [])].map(number).filter(Number.isFinite);
  const top = spec.yMax ?? Math.max(...all, 0);
  // room for the numbers written at the ends of the bars
  const beyond = !spec.values ? 1.04 : horizontal ? 1 + 110 / width : 1.12;
  const values = {
    title: { text: plain((horizontal ? spec.xTitle : spec.yTitle) ?? ""), font: font(colours, 12), standoff: 8 },
    tickfont: font(colours, 11), gridcolor: colours.line, zerolinecolor: colours.muted, fixedrange: true, ticks: "",
    automargin: true, ...LABELS, nticks: 6, range: [0, (top || 1) * beyond],
    tickformat: spec.percent ? (top > 0.05 ? ".0%" : ".1%") : ",~g", separatethousands: true,
  };
  const layout = {
    height: horizontal && !spec.fixedHeight ? Math.max(140, x.length * 22 + 60) : spec.height,
    margin: { l: 12, r: 12, t: spec.second ? 30 : 10, b: 12 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: font(colours), hoverlabel: hoverLabel(colours), dragmode: false, bargap: 0.22, barmode: "group",
    showlegend: Boolean(spec.second),
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: font(colours, 12) },
    xaxis: horizontal ? values : names,
    yaxis: horizontal ? names : values,
  };
  return { data, layout, width };
}

// --- lines ---------------------------------------------------------------------------------------------------------

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const SHAPES = ["circle", "square", "diamond", "triangle-up", "x"];

export async function lines(options) {
  const handle = await chart({ height: 300, series: [], levels: [], ...options }, buildLines);
  const { spec, plot, plotly } = handle;
  return {
    node: handle.node,
    update: handle.update,
    append(index, xs, ys) {
      const series = spec.series[index];
      series.x = [...series.x, ...xs];
      series.y = [...series.y, ...ys];
      return plot.data ? plotly.extendTraces(plot, { x: [xs], y: [ys.map(number)] }, [index]) : handle.draw();
    },
  };
}

function buildLines(spec, room, colours) {
  const data = spec.series.map((series, i) => ({
    type: "scatter",
    mode: series.marks ? "lines+markers" : "lines",
    name: plain(series.name ?? ""),
    x: series.x,
    y: series.y.map(number).map((value) => (Number.isFinite(value) ? value : null)),
    line: { color: colours.series[i % 5], width: series.width ?? 2.5, dash: series.dash ?? DASHES[(i + Math.floor(i / 5)) % 5] },
    marker: { color: colours.series[i % 5], size: 8, symbol: SHAPES[i % 5] },
    hovertemplate: `${series.name ? `${plain(series.name)}<br>` : ""}%{x:${spec.hoverX ?? ",~g"}}: %{y:${spec.hoverY ?? ".4f"}}<extra></extra>`,
  }));
  const point = spec.point;
  if (point) {
    data.push({
      type: "scatter", mode: "markers+text", x: [point.x], y: [number(point.y)], text: [plain(point.name ?? "")],
      textposition: point.position ?? "top center", textfont: { ...font(colours, 13), weight: 600 }, showlegend: false,
      cliponaxis: false,
      hoverinfo: "none", marker: { size: 13, color: colours.second, symbol: "circle", line: { color: colours.ink, width: 2 } },
    });
  }
  const axis = (title, format) => ({
    title: { text: plain(title ?? ""), font: font(colours, 12), standoff: 10 },
    tickfont: font(colours, 11), gridcolor: colours.line, zerolinecolor: colours.line, fixedrange: true, automargin: true,
    ticks: "", tickformat: format, nticks: 8, ...LABELS,
  });
  const levels = spec.levels ?? [];
  const layout = {
    height: spec.height,
    margin: { l: 12, r: 16, t: 16, b: 12 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: font(colours), hoverlabel: hoverLabel(colours), dragmode: false,
    showlegend: spec.legend ?? spec.series.length > 1,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: font(colours, 12) },
    xaxis: {
      ...axis(spec.xTitle, spec.xFormat), ...(spec.xLog ? { type: "log", dtick: 1 } : {}),
      ...(spec.xRange ? { range: spec.xRange } : {}),
      ...(spec.xTicks ? { tickvals: spec.xTicks.values, ticktext: spec.xTicks.texts.map(plain) } : {}),
    },
    yaxis: {
      ...axis(spec.yTitle, spec.yFormat), ...(spec.yLog ? { type: "log", dtick: 1, exponentformat: "power" } : {}),
      ...(spec.yRange ? { range: spec.yRange } : {}),
    },
    shapes: levels.map((level, i) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: level.y, y1: level.y,
      line: { color: colours.ink, width: 1.5, dash: level.dash ?? DASHES[(i + 1) % 5] },
    })),
    annotations: levels.map((level) => ({
      xref: "paper", x: 1, xanchor: "right", y: spec.yLog ? Math.log10(level.y) : level.y, yanchor: level.below ? "top" : "bottom", showarrow: false,
      text: plain(level.name), font: font(colours, 12), bgcolor: colours.card, opacity: 0.92,
    })),
  };
  return { data, layout, width: Math.max(room, spec.minimum ?? 0) };
}
