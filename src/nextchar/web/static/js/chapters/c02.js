// Chapter 2: the table of counts as a heat map, a word's walk through it, the most frequent pairs, one boundary symbol.

import { carriedName, carryName, mixed } from "/static/js/chapters/shared.js";

export async function render(root, ctx) {
  const [data, counts] = await Promise.all([
    ctx.data(),
    ctx.api.get("/counts", {}, { signal: ctx.signal }),
  ]);
  await Promise.all([heatmap(ctx, counts), word(ctx, counts, data), frequent(ctx, counts), boundary(ctx, counts)]);
}

// What a cell says: 0 is the boundary, which begins or ends names.
function meaning(ctx, counts, r, c) {
  const { labels, ids } = counts;
  if (ids[r] === 0 && ids[c] !== 0) return ctx.t("heatmap_starts", { symbol: labels[c] });
  if (ids[c] === 0 && ids[r] !== 0) return ctx.t("heatmap_ends", { symbol: labels[r] });
  return ctx.t("heatmap_follows", { first: labels[r], second: labels[c] });
}

function largest(table) {
  let best = [0, 0];
  table.forEach((row, r) =>
    row.forEach((value, c) => {
      if (value > table[best[0]][best[1]]) best = [r, c];
    }),
  );
  return best;
}

async function heatmap(ctx, counts) {
  const { ui, t } = ctx;
  const { labels, ids, table } = counts;
  const host = ctx.figure("heatmap");
  const run = ctx.api.latest();
  const readout = ui.el("div", { class: "readout", testid: "heatmap-readout" });
  const left = ui.el("div");
  const beside = ui.el("div", { class: "beside" }, left, readout);

  const tell = (answer, r, c) =>
    ui.clear(
      readout,
      ui.el("p", { class: "hint", text: t("heatmap_hint") }),
      ui.stats([
        { label: t("heatmap_pair"), value: ui.symbol(answer.pair), testid: "cell-pair" },
        { label: t("heatmap_count"), value: ui.integer(answer.count), testid: "cell-count" },
        { label: t("heatmap_probability"), value: ui.fixed(answer.probability, 4), testid: "cell-probability" },
        { label: t("heatmap_row_total"), value: ui.integer(answer.row_total), testid: "cell-total" },
      ]),
      ui.el("p", { text: meaning(ctx, counts, r, c) }),
      ui.heading(t("heatmap_examples")),
      answer.examples.length
        ? ui.items(answer.examples, { testid: "cell-examples", label: t("heatmap_examples") })
        : ui.el("p", { class: "hint", text: t("heatmap_no_examples"), testid: "cell-examples" }),
    );
  const ask = ui.debounce(
    (r, c) =>
      ctx.guard(async () => {
        const answer = await run((signal) => ctx.api.get("/pair", { first: ids[r], second: ids[c] }, { signal }));
        if (answer) tell(answer, r, c);
      }, readout),
    20,
  );
  const say = (r, c) => `${labels[r]}${labels[c]}: ${ui.integer(table[r][c])}`;
  const start = largest(table);
  // the ends of names: the largest number of the first column, among symbols that are frequent
  const often = labels.map((_, r) => r).slice(1).sort((a, b) => counts.row_sums[b] - counts.row_sums[a]);
  const last = often.reduce((best, r) => (table[r][0] > table[best][0] ? r : best), often[0]);
  if (often.length > 2) {
    ctx.predict("heatmap", {
      ...mixed(labels[last], often.slice(0, 4).map((r) => labels[r])), values: { count: ui.integer(table[last][0]) },
    });
  }
  const scale = ui.choice({
    label: t("heatmap_scale"),
    options: [
      { value: "root", text: t("heatmap_scale_root") },
      { value: "linear", text: t("heatmap_scale_linear") },
    ],
    value: "root",
    testid: "heatmap-scale",
    onChange: (value) => map.update({ scale: value }),
  });
  ui.clear(host, ui.controls(scale.node), beside);
  if (counts.truncated) {
    scale.node.after(
      ui.el("p", {
        class: "hint",
        text: t("heatmap_too_large", { total: ui.integer(counts.alphabet_size), shown: labels.length }),
      }),
    );
  }
  const begins = ctx.api.get("/pair", { first: ids[start[0]], second: ids[start[1]] }, { signal: ctx.signal });
  begins.catch(() => {}); // awaited below
  const map = await ctx.charts.heatmap({
    into: left,
    z: table,
    rows: labels,
    rowTitle: t("heatmap_y"),
    columnTitle: t("heatmap_x"),
    colourTitle: t("heatmap_colour"),
    scale: "root",
    ...(matchMedia("(max-width: 500px)").matches ? { size: 340, minimum: 300, bar: false } : { size: 620, minimum: 480 }),
    label: t("heatmap_aria"),
    text: `${t("heatmap_pair")} ${counts.most_frequent[0].pair}: ${ui.integer(counts.most_frequent[0].count)}`,
    keysHint: t("heatmap_hint"),
    hover: say,
    describe: (r, c) => `${say(r, c)}. ${meaning(ctx, counts, r, c)}`,
    cursor: start,
    onCell: (r, c) => ask(r, c),
    testid: "heatmap",
  });
  tell(await begins, ...start);
}

async function word(ctx, counts, data) {
  const { ui, t, api } = ctx;
  const { labels, ids, table } = counts;
  const host = ctx.figure("word");
  const run = api.latest();
  const example = carriedName(ctx, data);
  const place = new Map(ids.map((id, index) => [id, index]));
  const result = ui.live({ testid: "word-result" });
  const left = ui.el("div");

  const show = (text) =>
    ctx.guard(async () => {
      const answer = text === "" ? { cells: [], unknown: [] } : await run((signal) => api.post("/cells", { text }, { signal }));
      if (!answer) return;
      map.mark(
        answer.cells
          .map(({ first, second }) => [place.get(first), place.get(second)])
          .filter(([r, c]) => r !== undefined && c !== undefined),
      );
      ui.clear(
        result,
        answer.unknown.map((character) => ui.message("bad", t("word_unknown", { character }))),
        answer.cells
          .filter(({ first, second, count }) => first !== null && second !== null && count === 0)
          .map(({ pair }) => ui.message("bad", t("word_never", { pair: `\`${pair}\`` }))),
        answer.cells.length > 0 &&
          ui.table({
            caption: t("word_cells"),
            testid: "word-cells",
            head: ["#", t("heatmap_pair"), t("heatmap_count"), t("heatmap_probability")],
            rows: answer.cells.map(({ pair, count, probability }, i) => [
              String(i + 1),
              ui.symbol(pair),
              ui.integer(count),
              probability === null ? "–" : ui.fixed(probability, 4),
            ]),
            numeric: [0, 2, 3],
          }),
      );
    }, host);
  const field = ui.field({
    label: t("word_label"),
    placeholder: t("word_placeholder", { example }),
    value: example,
    maxLength: 40,
    testid: "word-input",
    onInput: (text) => {
      carryName(ctx, text);
      show(text);
    },
  });
  const clear = ui.button({
    label: t("word_clear"),
    testid: "word-clear",
    onClick: () => {
      field.value = "";
      show("");
      field.input.focus();
    },
  });
  ui.clear(host, ui.controls(field.node, clear), ui.el("div", { class: "beside wider" }, left, result));
  const map = await ctx.charts.heatmap({
    into: left,
    z: table,
    rows: labels,
    scale: "root",
    size: 520,
    minimum: 330,
    bar: false,
    label: t("word_aria"),
    hover: (r, c) => `${labels[r]}${labels[c]}: ${ui.integer(table[r][c])}`,
    testid: "word-map",
  });
  await show(example);
}

async function frequent(ctx, counts) {
  const { ui, t } = ctx;
  const host = ctx.figure("frequent");
  const sign = counts.labels[0];
  const [first] = counts.most_frequent;
  const others = counts.most_frequent.slice(1).filter((_, i) => i % 2).map(({ pair }) => pair);
  if (others.length > 2) ctx.predict("frequent", { ...mixed(first.pair, others), values: { count: ui.integer(first.count) } });
  const pairs = () =>
    counts.most_frequent
      .filter(({ pair }) => !without.checked || ![...pair].includes(sign))
      .slice(0, many.value);
  const spec = () => {
    const list = pairs();
    return {
      x: list.map(({ pair }) => pair),
      y: list.map(({ count }) => count),
      hover: (i) =>
        `${t("frequent_hover", { pair: list[i].pair, count: ui.integer(list[i].count) })}\n${t("frequent_share", {
          share: ui.percent(list[i].count / counts.total, 2),
        })}`,
      values: (i) => ui.integer(list[i].count),
      label: t("frequent_aria"),
      text: list.map(({ pair, count }) => `${pair} ${ui.integer(count)}`).slice(0, 5).join(", "),
    };
  };
  const tell = () =>
    ui.clear(
      place,
      ui.alternative(t("as_table"), {
        head: [t("frequent_y"), t("frequent_x")],
        rows: pairs().map(({ pair, count }) => [ui.symbol(pair), ui.integer(count)]),
        numeric: [1],
      }),
    );
  const change = () => {
    chart.update(spec());
    tell();
  };
  const most = counts.most_frequent.length;
  const many = ui.slider({
    label: t("frequent_number"), min: Math.min(3, most), max: most, step: 1, value: Math.min(10, most),
    format: ui.integer, onInput: change, testid: "frequent-number",
  });
  const without = ui.checkbox({ label: t("frequent_without_ends"), onChange: change, testid: "frequent-without-ends" });
  const place = ui.el("div");
  const box = ui.el("div");
  ui.clear(host, ui.controls(many.node, without.node), box, place);
  const chart = await ctx.charts.bars({
    into: box, horizontal: true, xTitle: t("frequent_x"), testid: "frequent-chart", ...spec(),
  });
  tell();
}

// The two designs drawn for a few symbols: which cells a bigram can ever fall into.
async function boundary(ctx, counts) {
  const { ui, t } = ctx;
  const host = ctx.figure("boundary");
  const letters = counts.labels.slice(1, 4);
  const V = counts.alphabet_size;
  const grid = (rows, columns, never) => {
    const box = ui.el("div", { class: "mini-table", attrs: { "aria-hidden": "true" } });
    box.style.setProperty("--n", String(columns.length + 1));
    box.append(ui.el("span", { class: "head" }), ...columns.map((text) => ui.el("span", { class: "head", text })));
    for (const row of rows) {
      box.append(ui.el("span", { class: "head", text: row }));
      for (const column of columns) {
        const empty = never(row, column);
        box.append(ui.el("span", { class: empty ? "never" : "", text: empty ? "0" : "" }));
      }
    }
    return box;
  };
  const one = [counts.labels[0], ...letters, "…"];
  const two = ["⊢", ...letters, "…", "⊣"];
  const size = (n) => t("boundary_size", { rows: ui.integer(n), columns: ui.integer(n), cells: ui.integer(n * n) });
  ui.clear(
    host,
    ui.el(
      "div",
      { class: "grid", testid: "boundary-grid", attrs: { role: "group", "aria-label": t("boundary_aria") } },
      ui.el("div", {},
        ui.heading(t("boundary_one")),
        ui.el("p", { class: "hint", text: size(V) }),
        grid(one, one, () => false),
        ui.message("good", t("boundary_none_empty")),
      ),
      ui.el("div", {},
        ui.heading(t("boundary_two")),
        ui.el("p", { class: "hint", text: `${size(V + 1)} (⊢ ${t("boundary_start")}, ⊣ ${t("boundary_end")})` }),
        grid(two, two, (row, column) => row === "⊣" || column === "⊢"),
        ui.message("bad", t("boundary_empty")),
      ),
    ),
  );
}
