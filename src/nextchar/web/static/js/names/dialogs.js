// What a card opens: names like it with some letters locked, and why the model writes it.

import { remember } from "/static/js/frame.js";
import * as ui from "/static/js/ui.js";
import { heart, nearness } from "/static/js/names/cards.js";

const { el, clear } = ui;

function dialog(bench, id, heading, first, ...content) {
  const close = ui.button({ label: bench.t("fill_close"), testid: `${id}-close`, onClick: () => node.close() });
  const node = el(
    "dialog",
    { class: "dialog", testid: id, attrs: { "aria-labelledby": `${id}-heading` } },
    el("h2", { id: `${id}-heading`, text: heading }),
    content,
    el("div", { class: "dialog-buttons" }, first ?? [], close),
  );
  node.addEventListener("close", () => node.remove()); // the focus is back where it was by then
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close();
  });
  document.body.append(node);
  node.showModal();
  return node;
}

const base = ({ settings }) => ({ list: settings.list, model: settings.model });

export function openFill(bench, name) {
  const { t } = bench;
  const letters = [...name.text];
  const locked = letters.map((_, i) => i < Math.ceil(letters.length / 2));
  const row = el("div", { class: "locks", testid: "locks" });
  const found = el("ul", { class: "cards small", testid: "fill-cards" });
  const trouble = el("div", { attrs: { "aria-live": "polite" } });
  const view = dialog(
    bench, "fill", t("fill_heading", { name: name.text }), null, el("p", { class: "dialog-note", text: t("fill_about") }), row, trouble, found,
  );
  const refresh = () =>
    bench.guard(async () => {
      if (locked.every(Boolean)) {
        clear(found);
        clear(trouble, el("p", { class: "hint", text: t("fill_none") }));
        return;
      }
      clear(trouble);
      found.setAttribute("aria-busy", "true");
      const signs = locked.map(Number).join("");
      const answer = await bench.ask("/names/fill", { ...base(bench), text: name.text, locked: signs });
      if (signs !== locked.map(Number).join("")) return; // changed meanwhile
      found.removeAttribute("aria-busy");
      clear(
        found,
        answer.names.map((other) =>
          el(
            "li",
            { class: "card", attrs: { "data-tone": other.tone } },
            el("div", { class: "card-top" }, el("span", { class: "card-name", text: other.text }), heart(bench, other, "fill-heart")),
            el("span", { class: "card-near", text: nearness(bench, other) }),
          ),
        ),
      );
      bench.tell("recipe", answer.recipe);
    }, trouble);
  row.append(
    ...letters.map((letter, i) => {
      const key = el("button", {
        class: "lock", text: ui.seen(letter),
        attrs: { type: "button", "aria-pressed": String(locked[i]), "aria-label": t("fill_letter", { number: i + 1, letter }) },
      });
      key.addEventListener("click", () => {
        locked[i] = !locked[i];
        key.setAttribute("aria-pressed", String(locked[i]));
        refresh();
      });
      return key;
    }),
  );
  bench.on("favourites", () => {
    if (view.isConnected) for (const node of found.querySelectorAll(".heart")) node.refresh();
  });
  refresh();
}

export function openWhy(bench, name) {
  const { t } = bench;
  const place = el("div", { class: "why", testid: "why-steps" });
  const walk = ui.button({
    label: t("why_lesson"),
    kind: "primary",
    testid: "why-lesson",
    onClick: () =>
      bench.guard(async () => {
        await bench.ask("/names/learn", { list: bench.settings.list });
        remember("name", name.text);
        location.assign(`/lesson/5?lang=${bench.lang}`);
      }, place),
  });
  dialog(
    bench, "why", t("why_heading", { name: name.text }), walk, el("p", { class: "dialog-note", text: t("why_about") }), place,
  );
  bench.guard(async () => {
    const answer = await bench.ask("/names/why", { ...base(bench), text: name.text });
    const most = Math.max(...answer.steps.map(({ nats }) => nats), 1e-9);
    const label = (symbol, i) => (i === answer.steps.length - 1 ? t("why_end") : ui.seen(symbol));
    clear(
      place,
      el(
        "table",
        { class: "table why-table" },
        el("thead", {}, el("tr", {}, [t("why_letter"), t("why_nats"), ""].map((text) => el(text ? "th" : "td", { text, attrs: { scope: text ? "col" : null } })))),
        el(
          "tbody",
          {},
          answer.steps.map(({ symbol, nats }, i) => {
            const bar = el("span", { class: "why-bar" });
            bar.style.setProperty("width", `${(100 * nats) / most}%`);
            return el(
              "tr",
              {},
              el("th", { attrs: { scope: "row" }, text: label(symbol, i) }),
              el("td", { class: "number", text: ui.fixed(nats, 2) }),
              el("td", { class: "why-cell" }, bar),
            );
          }),
        ),
      ),
      el("p", { text: t("why_total", { nats: ui.fixed(answer.nats, 2), n: ui.short(Number(Math.exp(answer.nats).toPrecision(2))) }) }),
    );
  }, place);
}
