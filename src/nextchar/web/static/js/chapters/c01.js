// Chapter 1: the names, their lengths, and a name turned into symbols, ids and bigrams.

import { carriedName, carryName, mixed } from "/static/js/chapters/shared.js";

const PAGE = 48;
const LONGEST_WORD = 60;
const MOST_LENGTHS = 200; // bars

export async function render(root, ctx) {
  const data = await ctx.data();
  await Promise.all([list(ctx, data), lengths(ctx, data), symbols(ctx, data)]);
}

async function list(ctx, data) {
  const { ui, t } = ctx;
  const host = ctx.figure("list");
  const run = ctx.api.latest();
  const found = ui.live({ class: "hint", testid: "list-found" });
  const shelf = ui.el("div");
  let shown = [];
  let sought = "";

  const draw = (total) => {
    ui.clear(found, sought === "" ? "" : total ? t("list_found", { count: ui.integer(total) }) : t("list_found_none"));
    ui.clear(shelf, ui.items(shown, { testid: "list-items", label: t("list_caption"), limit: Infinity }));
    more.hidden = shown.length >= total;
  };
  const load = (offset) =>
    ctx.guard(async () => {
      const answer = await run((signal) => ctx.api.get("/items", { contains: sought, offset, limit: PAGE }, { signal }));
      if (!answer) return;
      shown = offset ? [...shown, ...answer.items] : answer.items;
      draw(answer.found);
    }, host);
  const more = ui.button({ label: t("list_more"), kind: "quiet", testid: "list-more", onClick: () => load(shown.length) });
  const search = ui.field({
    label: t("list_search"),
    placeholder: t("list_search_placeholder"),
    maxLength: LONGEST_WORD,
    testid: "list-search",
    onInput: ui.debounce((text) => {
      sought = text;
      load(0);
    }),
  });
  await load(0);
  host.prepend(
    ui.stats([
      { label: t("list_items"), value: ui.integer(data.items), testid: "list-count" },
      { label: t("list_distinct"), value: ui.integer(data.distinct) },
      { label: t("list_characters"), value: ui.integer(data.characters) },
      { label: t("list_symbols"), value: ui.integer(data.symbols) },
      { label: t("list_alphabet"), value: ui.integer(data.alphabet.length) },
    ]),
    ui.controls(search.node),
    found,
    shelf,
    more,
  );
}

async function lengths(ctx, data) {
  const { ui, t } = ctx;
  const host = ctx.figure("lengths");
  const counted = new Map(data.lengths);
  const [shortest, longest] = [data.lengths[0][0], data.lengths.at(-1)[0]];
  // every length between the shortest and the longest has its place, that of no name too
  const rows = Array.from({ length: Math.min(longest - shortest + 1, MOST_LENGTHS) }, (_, i) => [shortest + i, counted.get(shortest + i) ?? 0]);
  const say = ([length, count]) => t("lengths_hover", { length: ui.integer(length), count: ui.integer(count) });
  const most = rows.reduce((best, row) => (row[1] > best[1] ? row : best));
  const near = [most[0] - 3, most[0] - 2, most[0] + 2, most[0] + 3].filter((length) => length >= shortest && length <= longest);
  if (near.length) {
    ctx.predict("lengths", {
      ...mixed(String(most[0]), near.map(String)), values: { count: ui.integer(most[1]) },
    });
  }
  const mean = t("lengths_mean", { mean: ui.fixed(data.mean_length, 2) });
  await ctx.charts.bars({
    into: host,
    x: rows.map(([length]) => String(length)),
    y: rows.map(([, count]) => count),
    hover: (i) => say(rows[i]),
    xTitle: t("lengths_x"),
    yTitle: t("lengths_y"),
    label: t("lengths_aria"),
    text: `${say(most)}; ${mean}`,
    testid: "lengths-chart",
  });
  host.append(
    ui.el("p", { class: "hint", text: mean }),
    ui.alternative(t("as_table"), {
      head: [t("lengths_x"), t("lengths_y")],
      rows: rows.map(([length, count]) => [ui.integer(length), ui.integer(count)]),
      numeric: [0, 1],
    }),
  );
}

async function symbols(ctx, data) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("symbols");
  const run = api.latest();
  const example = carriedName(ctx, data);
  const result = ui.live({ testid: "symbols-result" });
  result.setAttribute("role", "group");
  result.setAttribute("aria-label", t("symbols_aria"));

  const show = (text) =>
    ctx.guard(async () => {
      if (text === "") {
        run(async () => undefined);
        ui.clear(result, ui.message("note", t("symbols_empty")));
        return;
      }
      const answer = await run((signal) => api.post("/encode", { text }, { signal }));
      if (answer) ui.clear(result, picture(ctx, answer));
    }, host);
  const word = ui.field({
    label: t("symbols_word"),
    placeholder: t("symbols_word_placeholder", { example }),
    value: example,
    maxLength: LONGEST_WORD,
    testid: "symbols-word",
    onInput: (text) => {
      carryName(ctx, text);
      show(text);
    },
  });
  const limit = ui.el("p", { class: "hint", text: t("symbols_too_long", { limit: LONGEST_WORD }) });
  limit.hidden = true;
  word.input.addEventListener("input", () => {
    limit.hidden = [...word.value].length < LONGEST_WORD;
  });
  ui.clear(host, ui.controls(word.node), limit, result);
  await show(example);
}

function picture(ctx, answer) {
  const { ui, t } = ctx;
  const last = answer.symbols.length - 1;
  const id = (value) => (value === null ? "?" : String(value));
  const strip = ui.el(
    "ol",
    { class: "sequence", testid: "symbols-strip" },
    answer.symbols.map((text, i) => {
      const sign = ui.symbol(text);
      const edge = i === 0 || i === last;
      if (edge) sign.classList.add("edge");
      return ui.el("li", {}, sign, ui.el("span", { class: "under", text: `${t("symbols_id")} ${id(answer.ids[i])}` }),
        edge && ui.el("span", { class: "under", text: t("symbols_boundary") }));
    }),
  );
  const pairs = (list, name, testid, kind = "") =>
    ui.el("div", {},
      ui.heading(name),
      ui.el("ul", { class: `pairs ${kind}`, testid }, list.map((pair) => ui.el("li", {}, ui.symbol(pair)))),
    );
  return [
    answer.unknown.map((character) => ui.message("bad", t("symbols_unknown", { character }))),
    strip,
    ui.grid(
      pairs(answer.bigrams.map(({ pair }) => pair), t("symbols_bigrams", { count: answer.bigrams.length }), "symbols-bigrams"),
      pairs(answer.naive, t("symbols_inside", { count: answer.naive.length }), "symbols-naive", "struck"),
    ),
    ui.scroller(
      `${t("symbols_inputs")}, ${t("symbols_targets")}`,
      ui.table({
        testid: "symbols-table",
        rows: [
          [t("symbols_inputs"), ...answer.bigrams.map(({ first }) => id(first))],
          [t("symbols_targets"), ...answer.bigrams.map(({ second }) => id(second))],
        ],
        numeric: answer.bigrams.map((_, i) => i + 1),
      }),
    ),
  ];
}
