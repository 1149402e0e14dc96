// The landing page: a name that is typed lights up in the table of letter pairs, and names that the model makes up
// stand beside it. All words are in the page already; what is drawn comes from /api/door.

import * as api from "/static/js/api.js";
import * as frame from "/static/js/frame.js";
import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const words = JSON.parse(document.getElementById("words").textContent);
const lang = document.body.dataset.lang;
const at = (id) => document.getElementById(id);
const t = (key, values) => ui.fill(words[key], values);
const MEMORIES = [1, 2, 4];
const USUAL = 4; // the model that the names of the first sight are judged by
const LONGEST = 10; // how many names are shown

let drawn = null; // what /api/door said last
let seed = 1;
let cells = []; // [row][column] of the table on the page

api.setLanguage(lang);
ui.setLanguage(lang);
frame.watchProgram((key) => words[key]);
frame.watchList({ words: (key) => words[key], onWay: () => location.reload() });

// --- the table -----------------------------------------------------------------------------------------------------

function drawTable({ labels, shades, data_name: name }) {
  const host = at("door-table");
  const grid = el("div", { class: "door-grid", attrs: { "aria-hidden": "true" } });
  grid.style.setProperty("--n", String(labels.length + 1));
  grid.append(el("span"), ...labels.map((label) => el("span", { class: "door-label", text: ui.seen(label) })));
  cells = shades.map((row, r) => {
    grid.append(el("span", { class: "door-label", text: ui.seen(labels[r]) }));
    return row.map((shade) => {
      const cell = el("span", { class: "door-cell" });
      cell.style.setProperty("--shade", String(shade));
      grid.append(cell);
      return cell;
    });
  });
  host.setAttribute("role", "img");
  clear(host, grid);
  at("door-table-about").textContent = t("door_table", { name });
}

function mark(walk) {
  for (const lit of document.querySelectorAll(".door-cell.lit")) {
    lit.className = "door-cell";
    lit.textContent = "";
  }
  const place = new Map(drawn.ids.map((id, index) => [id, index]));
  walk.cells.forEach(({ pair, first, second }, step) => {
    const cell = cells[place.get(first)]?.[place.get(second)];
    if (!cell) return;
    cell.className = "door-cell lit";
    cell.style.setProperty("--step", String(step));
    cell.textContent = ui.seen(pair);
  });
  at("door-table").setAttribute(
    "aria-label",
    t("door_table_aria", { pairs: walk.cells.map(({ pair }) => pair).join(" ") || "–" }),
  );
}

// --- names with their surprises ------------------------------------------------------------------------------------

function shaded({ symbol, shade }) {
  const letter = el("span", { class: "door-letter", text: ui.seen(symbol) });
  letter.style.setProperty("--shade", String(shade));
  return letter;
}

function drawNames({ names, temperature }) {
  const rows = names.map(({ item, letters }) =>
    el("li", {}, el("span", { class: "visually-hidden", text: item }),
      el("span", { class: "door-word", attrs: { "aria-hidden": "true" } }, letters.slice(0, -1).map(shaded))),
  );
  const missing = Math.max(0, LONGEST - rows.length);
  clear(at("door-list"), rows, Array.from({ length: missing }, () => el("li", { attrs: { "aria-hidden": "true" } })));
  at("door-names-heading").textContent = t(missing ? "door_names_few" : "door_names");
  const by = temperature < 1 ? "smooth" : memory.value === "1" ? "table" : "plain";
  clear(
    at("door-writer"),
    ui.inline(t(`door_writer_${by}`, { letters: t(`door_memory_${memory.value}`), temperature: ui.fixed(temperature, 1) })),
  );
  clear(problem, names.length === 0 && ui.message("note", t("door_names_none")));
}

function drawWalk(walk, typed) {
  const { item, letters, unknown, never, one_in: times } = walk;
  const strip = el(
    "ol",
    { class: "door-strip" },
    letters.map((letter, i) => {
      const end = i === letters.length - 1;
      return el("li", {}, end ? el("span", { class: "door-letter door-end", text: t("door_end"), attrs: { style: `--shade: ${letter.shade}` } }) : shaded(letter),
        el("span", { class: "under", text: letter.probability === null ? "?" : ui.percent(letter.probability, 1) }));
    }),
  );
  const about = [];
  if (!typed) about.push(el("p", { class: "hint" }, ui.inline(t("door_example", { name: item }))));
  else if (item !== typed) about.push(el("p", { class: "hint", testid: "door-read-as" }, ui.inline(t("door_read_as", { name: item }))));
  for (const character of unknown) about.push(ui.message("bad", t("door_unknown", { character })));
  if (never.length) about.push(el("p", { testid: "door-chance" }, ui.inline(t("door_never", { pair: never[0], name: item }))));
  else if (times !== null) {
    about.push(el("p", { testid: "door-chance" }, ui.inline(t("door_chance", { name: item, times: ui.integer(times) }))));
  }
  clear(at("door-letters"), strip, about);
  mark(walk);
}

// --- what the visitor does -----------------------------------------------------------------------------------------

const problem = el("div");
const askNames = api.latest();
const askWalk = api.latest();

function trouble(error) {
  if (api.isAbort(error)) return;
  console.error(error);
  clear(problem, ui.message("error", error instanceof api.ApiError ? error.message : words.error_server));
}

async function names() {
  const answer = await askNames((signal) => api.get("/door", { seed, order: Number(memory.value) + 1 }, { signal }));
  if (!answer) return;
  const first = !drawn;
  drawn = answer;
  api.setList(answer.fingerprint);
  if (first) drawTable(answer);
  drawNames(answer);
}

async function walk() {
  const typed = input.value.trim();
  const answer = await askWalk((signal) => api.post("/door", { text: typed || drawn.example }, { signal }));
  if (answer) drawWalk(answer, typed);
}

const memory = ui.choice({
  label: t("door_memory"),
  options: MEMORIES.map((n) => ({ value: String(n), text: t(`door_memory_${n}`) })),
  value: String(frame.recall("door.memory") ?? USUAL),
  testid: "door-memory",
  onChange: (value) => {
    frame.remember("door.memory", Number(value));
    names().catch(trouble);
  },
});
const more = ui.button({
  label: t("door_more"),
  testid: "door-more",
  onClick: () => {
    seed += 1;
    names().catch(trouble);
  },
});
at("door-controls").append(memory.node, more);
at("door-controls").after(problem);

const input = at("door-name");
input.value = frame.recall("name") ?? "";
input.addEventListener("input", () => {
  frame.remember("name", input.value.trim());
  if (drawn) walk().catch(trouble);
});

names()
  .then(walk)
  .catch(trouble)
  .finally(() => {
    at("content").dataset.ready = "true";
  });
