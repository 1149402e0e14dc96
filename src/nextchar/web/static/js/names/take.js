// Below: the model and the list as files.

import * as api from "/static/js/api.js";
import * as ui from "/static/js/ui.js";
import { save } from "/static/js/names/favourites.js";

const { el } = ui;

export function make(bench) {
  const { t, settings } = bench;
  const trouble = el("div", { attrs: { "aria-live": "polite" } });
  const file = (what, label) => {
    const button = ui.button({
      label: t(label), testid: `take-${what}`,
      onClick: () =>
        bench.guard(async () => {
          button.disabled = true;
          try {
            const { list, model } = settings;
            const { blob, name } = await bench.ask("/names/file", { list, model, what });
            save(name, blob);
          } finally {
            button.disabled = false;
          }
        }, trouble),
    });
    return button;
  };
  return [
    el("h3", { class: "figure-heading", text: t("take_heading") }),
    el("p", { class: "hint", text: t("take_about") }),
    el("div", { class: "controls" }, ["page", "module", "model", "list"].map((what) => file(what, `take_${what}`))),
    trouble,
  ];
}
