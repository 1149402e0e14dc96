// Below: the command and the lines of Python that do what the page has done.

import * as ui from "/static/js/ui.js";
import { copy, download } from "/static/js/names/favourites.js";

const { el, clear } = ui;

// The command and the lines of Python; `name` begins their test ids.
export function recipeBlocks(bench, recipe, name) {
  const { t } = bench;
  const block = (title, text, testid) => {
    const button = ui.button({ label: t("code_copy"), kind: "quiet", testid: `${testid}-copy`, onClick: () => copy(bench, text) });
    return el(
      "figure",
      { class: "code-block" },
      el("figcaption", {}, el("span", { text: title }), button),
      el("pre", { testid, attrs: { tabindex: "0", role: "group", "aria-label": title } }, el("code", { text })),
    );
  };
  return [
    block(t("code_command"), recipe.command, `${name}-command`), block(t("code_python"), recipe.python, `${name}-python`),
  ];
}

export function make(bench) {
  const { t } = bench;
  const place = el("div", { class: "recipes", testid: "recipes" });
  const show = (recipe) => {
    const own = bench.list.own && [
      el("p", { class: "hint" }, ui.inline(t("code_own"))),
      ui.button({ label: t("code_save"), testid: "save-list", onClick: () => download("my-names.txt", bench.text) }),
    ];
    clear(place, own, recipeBlocks(bench, recipe, "recipe"));
  };
  bench.on("names", ({ recipe }) => show(recipe));
  bench.on("recipe", show);
  return [el("h2", { id: "h-code", text: t("code_heading") }), place];
}
