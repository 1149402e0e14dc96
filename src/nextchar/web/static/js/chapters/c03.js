// Chapter 3: a row divided by its total, and the keepdim trap on the real table.

import { broadcast } from "/static/js/chapters/broadcasting.js";
import { carriedName, mixed } from "/static/js/chapters/shared.js";

export async function render(root, ctx) {
  const [counts, keepdim] = await Promise.all([
    ctx.api.get("/counts", {}, { signal: ctx.signal }),
    ctx.api.get("/keepdim", {}, { signal: ctx.signal }),
  ]);
  guessRow(ctx, counts);
  await Promise.all([row(ctx, counts), trap(ctx, keepdim)]);
}

// After which symbol is the next one easiest to guess? Rows of a handful of counts are left out.
function guessRow(ctx, counts) {
  const { labels, ids, table, row_sums: totals } = counts;
  const enough = Math.max(...totals) / 200;
  const rows = labels.map((_, r) => r).filter((r) => totals[r] >= enough);
  const favourite = (r) => Math.max(...table[r]) / totals[r];
  const often = [...rows].sort((a, b) => totals[b] - totals[a]);
  const best = rows.reduce((found, r) => (favourite(r) > favourite(found) ? r : found), rows[0]);
  if (rows.length < 4) return;
  const next = table[best].indexOf(Math.max(...table[best]));
  ctx.predict("row", {
    ...mixed(labels[best], often.map((r) => labels[r])),
    values: { next: ids[next] === 0 ? ctx.t("row_end") : labels[next], probability: ctx.ui.fixed(favourite(best), 2) },
  });
}

async function row(ctx, counts) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("row");
  const run = api.latest();
  const result = ui.live({ testid: "row-result" });
  const choose = ui.select({
    label: t("row_choose"),
    options: counts.labels.map((text, i) => ({ value: String(counts.ids[i]), text: ui.seen(text) })),
    value: "0",
    testid: "row-choose",
    onChange: (id) => show(Number(id)),
  });
  const left = ui.el("div", {}, ui.heading(t("row_counts")));
  const right = ui.el("div", {}, ui.heading(t("row_probabilities")));
  const spare = ui.el("div");

  const name = (answer, i) => (answer.ids[i] === 0 ? `${answer.labels[i]} (${t("row_end")})` : answer.labels[i]);
  const specs = (answer) => {
    const hover = (i) =>
      t("row_hover", {
        symbol: name(answer, i),
        count: ui.integer(answer.counts[i]),
        total: ui.integer(answer.total),
        probability: ui.fixed(answer.probabilities[i], 4),
      });
    const best = answer.probabilities.indexOf(Math.max(...answer.probabilities));
    const favourite = t("row_favourite", { symbol: name(answer, best), probability: ui.fixed(answer.probabilities[best], 4) });
    const shared = { x: answer.labels, hover, label: t("row_aria", { symbol: ctx.named(answer.symbol) }), text: favourite, highlight: best };
    return { counts: { ...shared, y: answer.counts }, probabilities: { ...shared, y: answer.probabilities }, favourite };
  };
  const tell = (answer, favourite) => {
    const sum = ui.fixed(answer.truncated ? 1 : answer.probabilities.reduce((a, b) => a + b, 0), 4);
    ui.clear(
      result,
      ui.el("p", {},
        ui.el("span", { text: t("row_total", { total: ui.integer(answer.total) }), testid: "row-total" }),
        " · ",
        ui.el("span", { text: t("row_sum", { sum }), testid: "row-sum" }),
      ),
      ui.message("note", favourite),
    );
    ui.clear(
      spare,
      ui.alternative(t("as_table"), {
        head: [t("row_x"), t("row_y_counts"), t("row_y_probabilities")],
        rows: answer.labels.map((_, i) => [name(answer, i), ui.integer(answer.counts[i]), ui.fixed(answer.probabilities[i], 4)]),
        numeric: [1, 2],
      }),
    );
  };
  const ask = (first, signal) => api.get("/row", { first }, { signal });
  const show = (first) =>
    ctx.guard(async () => {
      const answer = await run((signal) => ask(first, signal));
      if (!answer) return;
      const next = specs(answer);
      tell(answer, next.favourite);
      await Promise.all([top.update(next.counts), bottom.update(next.probabilities)]);
    }, host);

  const answer = await ask(0, ctx.signal);
  const first = specs(answer);
  tell(answer, first.favourite);
  ui.clear(host, ui.controls(choose.node), result, left, right, spare);
  const [top, bottom] = await Promise.all([
    ctx.charts.bars({ into: left, height: 200, yTitle: t("row_y_counts"), testid: "row-counts", ...first.counts }),
    ctx.charts.bars({
      into: right, height: 220, xTitle: t("row_x"), yTitle: t("row_y_probabilities"), testid: "row-probabilities",
      ...first.probabilities,
    }),
  ]);
  // the rows that the reader's name comes through
  const typed = carriedName(ctx, await ctx.data());
  const { cells } = await api.post("/cells", { text: typed }, { signal: ctx.signal });
  host.append(
    ui.scroller(t("row_name", { name: typed }), ui.table({
      caption: t("row_name", { name: typed }),
      head: cells.map(({ pair }) => ui.symbol(pair)),
      rows: [cells.map(({ probability }) => ui.fixed(probability, 4))],
      numeric: cells.map((_, i) => i),
      rowHeaders: false,
      testid: "row-name",
    })),
  );
}

async function trap(ctx, keepdim) {
  const { ui, t } = ctx;
  const host = ctx.figure("keepdim");
  const { labels } = keepdim;
  const steps = ["keepdim_step_sum", "keepdim_step_align", "keepdim_step_stretch", "keepdim_step_divide"];
  let step = steps.length; // all of it, until the reader wants it in steps
  const stage = ui.live({ testid: "keepdim-stage" });
  const maps = ui.el("div", { class: "grid" });
  let charts = [];

  const sides = [
    {
      key: "right", title: t("keepdim_right"), shape: "(3, 1)", stretched: t("keepdim_stretched_right"),
      table: keepdim.right, aria: t("keepdim_aria_right"),
      rows: keepdim.row_sums_right, columns: keepdim.column_sums_right,
    },
    {
      key: "wrong", title: t("keepdim_wrong"), shape: "(3,)", stretched: t("keepdim_stretched_down"),
      table: keepdim.wrong, aria: t("keepdim_aria_wrong"),
      rows: keepdim.row_sums_wrong, columns: keepdim.column_sums_wrong,
    },
  ];
  const words = (side) => {
    const { small } = keepdim;
    const wrong = side.key === "wrong";
    const cell = {
      pair: small.labels[0] + small.labels[2], count: ui.integer(small.counts[0][2]),
      divisor: ui.integer(small.sums[wrong ? 2 : 0]), quotient: ui.fixed(small[side.key][0][2], 2),
    };
    const aligned = ["(3, 3)", wrong ? "(   3,)" : "(3, 1)"];
    return [
      t("keepdim_sums_shape", { shape: side.shape }),
      aligned.join("\n"),
      side.stretched,
      t("keepdim_cell", cell),
    ];
  };
  const sums = (name, values, testid) => {
    const list = ui.el("ul", { class: "sums", testid },
      values.slice(0, 6).map((value, i) => ui.el("li", {}, ui.symbol(labels[i]), ` ${ui.fixed(value, 2)}`)));
    if (values.length > 6) list.append(ui.el("li", { text: "…" }));
    return ui.el("div", {}, ui.el("p", { class: "hint", text: name }), list);
  };
  const verdict = (side) => {
    if (side.key === "right") return ui.message("good", t("keepdim_good"), "keepdim-good");
    const least = Math.min(...side.rows);
    const most = Math.max(...side.rows);
    return ui.message("bad", t("keepdim_bad", { least: ui.fixed(least, 2), most: ui.fixed(most, 2) }), "keepdim-bad");
  };
  const draw = () => {
    const done = step >= steps.length;
    ui.clear(
      stage,
      ui.grid(
        ...sides.map((side) =>
          ui.el("div", {},
            ui.heading(side.title),
            broadcast({
              ui, small: keepdim.small, wrong: side.key === "wrong", step: Math.min(step, steps.length - 1),
              words: { sums: t("keepdim_small_sums"), total: t("keepdim_small_total") },
            }),
            ui.el("ol", { class: "plain-steps" },
              steps.slice(0, done ? steps.length : step + 1).map((key, i) =>
                ui.el("li", {}, ui.el("span", { text: t(key) }), ui.el("span", { class: "formula", text: words(side)[i] })),
              ),
            ),
          ),
        ),
      ),
    );
    maps.hidden = !done;
    whole.hidden = !done;
    next.disabled = done;
    again.disabled = step === 0;
  };
  const move = (to) => {
    step = to;
    draw();
    if (step >= steps.length) for (const chart of charts) chart.update({});
  };
  const next = ui.button({ label: t("keepdim_next"), kind: "primary", testid: "keepdim-next", onClick: () => move(step + 1) });
  const again = ui.button({ label: t("keepdim_play"), testid: "keepdim-play", onClick: () => move(0) });
  const whole = ui.heading(t("keepdim_whole"));
  const items = keepdim.small.items.join(ctx.lang === "zh" ? "、" : ", ");
  ui.clear(host, ui.el("p", { class: "hint", text: t("keepdim_small", { items }) }), ui.controls(again, next), stage, whole, maps);
  ctx.predict("keepdim", { values: { least: ui.fixed(Math.min(...keepdim.row_sums_wrong), 2), most: ui.fixed(Math.max(...keepdim.row_sums_wrong), 2) } });

  draw();
  charts = await Promise.all(sides.map((side) => {
    const into = ui.el("div");
    maps.append(ui.el("div", {},
      into,
      sums(t("keepdim_row_sums"), side.rows, `keepdim-rows-${side.key}`),
      sums(t("keepdim_column_sums"), side.columns, `keepdim-columns-${side.key}`),
      verdict(side),
    ));
    return ctx.charts.heatmap({
      into, z: side.table, rows: labels, zmin: 0, zmax: 1, size: 420, minimum: 300, bar: false,
      label: side.aria, hover: (r, c) => `${labels[r]}${labels[c]}: ${ui.fixed(side.table[r][c], 4)}`,
      testid: `keepdim-${side.key}`,
    });
  }));
}
