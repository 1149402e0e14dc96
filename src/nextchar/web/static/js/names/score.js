// Below: names that are pasted, from the most surprising to the least.

import * as api from "/static/js/api.js";
import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const SHOWN = 500;

export function make(bench) {
  const { t, settings } = bench;
  const run = api.latest();
  const area = el("textarea", { id: "score-text", class: "input", testid: "score-text", attrs: { rows: "6", spellcheck: "false" } });
  const trouble = el("div", { attrs: { "aria-live": "polite" } });
  const result = ui.live({ testid: "score-result" });
  const go = ui.button({
    label: t("score_do"), testid: "score-do",
    onClick: () =>
      bench.guard(async () => {
        const { list, model } = settings;
        const answer = await run((signal) => bench.ask("/names/score", { list, model, text: area.value }, { signal }));
        if (!answer) return;
        const verdict = ({ odd, unknown }) =>
          unknown ? t("score_unknown", { character: ui.seen(unknown) }) : t(odd ? "score_odd" : "score_usual");
        const mark = (name) => el("span", { class: name.odd ? "verdict odd" : "verdict", text: verdict(name) });
        clear(
          result,
          el("p", { text: t("score_found", { odd: ui.integer(answer.odd), n: ui.integer(answer.names.length) }), testid: "score-found" }),
          ui.scroller(
            t("score_heading"),
            ui.table({
              head: [t("score_name"), t("score_nats"), t("score_verdict")],
              rows: answer.names.slice(0, SHOWN).map((name) => [
                name.text, name.nats_per_symbol === null ? "–" : ui.fixed(name.nats_per_symbol, 2), mark(name),
              ]),
              numeric: [1],
              testid: "score-table",
            }),
          ),
        );
        bench.tell("recipe", answer.recipe);
      }, trouble),
  });
  return [
    el("h3", { class: "figure-heading", id: "h-score", text: t("score_heading") }),
    el("p", { class: "hint", id: "score-about", text: t("score_about") }),
    el("div", { class: "control wide" }, el("label", { text: t("score_label"), attrs: { for: "score-text" } }), area),
    go,
    trouble,
    result,
  ];
}
