// Left: the list to learn from, and how closely to keep to it.

import * as ui from "/static/js/ui.js";
import { make as makeFile } from "/static/js/names/file.js";
import { make as makeTraining } from "/static/js/names/train.js";

const { el, clear } = ui;
const EXAMPLES = ["us-names", "creatures", "cities", "chinese-given-names"];

export function nameOf(bench, list = bench.list) {
  return bench.t(list.own ? "list_own" : `list_${list.list}`);
}

export function make(bench) {
  const { t } = bench;
  const facts = ui.live({ testid: "list-facts", class: "list-facts" });
  const trouble = el("div", { class: "trouble", testid: "list-trouble" });

  // Names are as long as those of the list, until someone says otherwise.
  const taken = (list) => {
    Object.assign(bench.settings, { list, min_length: null, max_length: null });
    bench.tell("list");
    bench.change({});
  };
  const buttons = EXAMPLES.map((list) =>
    ui.button({
      label: t(`list_${list}`),
      kind: "chip",
      testid: `list-${list}`,
      onClick: () =>
        bench.guard(async () => {
          await bench.useExample(list);
          taken(list);
        }, trouble),
    }),
  );
  const area = el("textarea", {
    id: "list-text", class: "input", testid: "list-text", attrs: { rows: "7", spellcheck: "false" },
  });
  const use = ui.button({
    label: t("list_paste_use"),
    kind: "primary",
    testid: "list-use",
    onClick: () =>
      bench.guard(async () => {
        const found = await bench.useText(area.value);
        own.open = false;
        taken(found.list);
      }, trouble),
  });
  const file = makeFile(bench, trouble, taken);
  const own = el(
    "details",
    { class: "more", testid: "list-own" },
    el("summary", { text: t("list_paste") }),
    el("div", { class: "control wide" }, el("label", { text: t("list_paste_label"), attrs: { for: "list-text" } }), area),
    use,
    file,
  );

  const model = ui.slider({
    label: t("model_heading"),
    min: 1, max: 5, step: 1,
    value: Number(bench.settings.model) || 3,
    format: (value) => t(`model_${value}`),
    onInput: (value) => bench.change({ model: String(value) }),
    testid: "model",
  });

  bench.on("list", () => {
    const { list } = bench;
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(EXAMPLES[i] === list.list));
    const repeats = list.own ? list.lines - list.names : 0;
    const size = list.own
      ? t(repeats === 1 ? "list_pasted_one" : "list_pasted", {
          lines: ui.integer(list.lines), characters: ui.integer(list.characters), repeats: ui.integer(repeats),
        })
      : t("list_facts", { names: ui.integer(list.names), characters: ui.integer(list.characters) });
    const between = bench.lang === "zh" ? "、" : ", ";
    clear(
      facts,
      el("p", { class: "list-now", text: t("list_now", { name: nameOf(bench) }) }),
      el("p", { text: size, testid: "list-size" }),
      !list.own && el("p", { class: "hint", text: t("list_origin", { origin: t(`origin_${list.list}`) }) }),
      el("p", { class: "hint", text: t("list_first", { names: list.first.slice(0, 6).join(between) }) }),
      list.written_alike && el("p", { class: "hint", text: t("list_alike") }),
    );
    if (bench.lost) trouble.append(ui.message("error", bench.lost, "list-lost"));
    bench.lost = null;
  });

  return [
    el("h2", { id: "h-list", text: t("list_heading") }),
    el("div", { class: "chips", attrs: { role: "group", "aria-label": t("list_examples") } }, buttons),
    facts,
    own,
    trouble,
    model.node,
    el("p", { class: "hint", text: t("model_about") }),
    makeTraining(bench),
  ];
}
