// Left: models that take their time, with how far they have come; and below, how the compared ones did.

import * as api from "/static/js/api.js";
import * as ui from "/static/js/ui.js";
import { recipeBlocks } from "/static/js/names/code.js";

const { el, clear } = ui;
const KINDS = ["best", "mix", "gru", "transformer"];

export function make(bench) {
  const { t } = bench;
  let controller = null;
  const trouble = el("div", { class: "trouble", attrs: { "aria-live": "polite" } });
  const bar = el("progress", { class: "wait", attrs: { max: "1", "aria-label": t("train_heading") } });
  const told = el("p", { class: "hint", testid: "train-told" });
  const stop = ui.button({ label: t("train_stop"), kind: "quiet", testid: "train-stop", onClick: () => controller?.abort() });
  const run = el("div", { class: "training", testid: "training", attrs: { "aria-live": "polite", hidden: true } }, told, bar, stop);

  const train = (model) =>
    bench.guard(async () => {
      controller?.abort();
      const mine = (controller = new AbortController());
      const { list } = bench.settings;
      const rows = [];
      let refused = null;
      let done = null;
      run.hidden = false;
      bar.hidden = stop.hidden = false;
      bar.removeAttribute("value");
      told.textContent = t("train_wait");
      try {
        await api.stream("/names/train", { list, model }, {
          signal: mine.signal,
          onEvent(name, data) {
            if (name === "progress") {
              bar.value = data.share;
              told.textContent = t("train_progress", { share: ui.percent(data.share, 0), text: data.text });
            } else if (name === "row") {
              rows.push(data);
              bench.tell("rows", rows);
            } else if (name === "refused") refused = data;
            else if (name === "done") done = data;
          },
        });
        if (refused) throw new api.ApiError(refused.message, refused.code, 422);
      } finally {
        if (controller === mine) {
          controller = null;
          bar.hidden = stop.hidden = true;
          run.hidden = !done;
        }
      }
      if (!done || bench.settings.list !== list) return;
      told.textContent = t("train_done", { text: done.text });
      bench.change({ model });
      if (done.recipe) bench.tell("compared", done.recipe);
    }, trouble);

  const buttons = KINDS.map((kind) =>
    ui.button({ label: t(`train_${kind}`), kind: "chip", testid: `train-${kind}`, onClick: () => train(kind) }),
  );
  bench.train = train;
  bench.on("list", () => {
    controller?.abort();
    run.hidden = true;
    bench.tell("rows", []);
    for (const [i, button] of buttons.entries()) button.hidden = !bench.list.trainable.includes(KINDS[i]);
  });
  bench.on("settings", () => {
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(KINDS[i] === bench.settings.model));
  });
  return [
    el("h3", { class: "figure-heading", text: t("train_heading") }),
    el("div", { class: "chips" }, buttons),
    run,
    trouble,
    el("p", { class: "hint", text: t("train_about") }),
  ];
}

export function makeCompared(bench) {
  const { t } = bench;
  const place = el("div", { testid: "compared" });
  const how = el("div", { class: "recipes" });
  bench.on("compared", (recipe) => clear(how, recipeBlocks(bench, recipe, "compare")));
  bench.on("rows", (rows) => {
    clear(how);
    if (!rows.length) {
      clear(place, el("p", { class: "hint", text: t("compare_none") }));
      return;
    }
    const sorted = [...rows].sort((a, b) => a.nats_per_symbol - b.nats_per_symbol);
    clear(
      place,
      ui.table({
        head: [t("compare_model"), t("compare_nats"), t("compare_size")],
        rows: sorted.map((row) => [row.model, ui.fixed(row.nats_per_symbol, 3), `${ui.integer(Math.ceil(row.bytes / 1000))} kB`]),
        numeric: [1, 2],
        testid: "compare-table",
      }),
    );
  });
  return [el("h3", { class: "figure-heading", text: t("compare_heading") }), place, how];
}
