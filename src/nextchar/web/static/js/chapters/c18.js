// Chapter 18, the race: the reader puts the models in order first; then each of them is a dot on one axis, and plays ten
// names. All numbers come from the server; this file places the dots.

const GUESSED = ["transformer", "pairs", "mix", "mlp", "gru", "kneser-ney"]; // in an order that says nothing

export async function render(root, ctx) {
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  await ctx.guard(() => race(ctx, ctx.figure("race")), ctx.figure("race"));
}

async function race(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const found = await api.get("/inside/race", {}, { signal: ctx.signal });
  const rungs = [...found.rungs].sort((a, b) => b.nats - a.nats);
  const byId = new Map(rungs.map((rung) => [rung.id, rung]));
  const title = (id) => (ctx.has(`race_model_${id}`) ? t(`race_model_${id}`) : byId.get(id).name);
  let order = GUESSED.filter((id) => byId.has(id));
  const right = rungs.map((rung) => rung.id).filter((id) => order.includes(id));
  let dragged = null;

  const cards = el("ol", { class: "race-cards", testid: "race-cards", attrs: { "aria-label": t("race_guess") } });
  const done = ui.button({ label: t("race_done"), kind: "primary", testid: "race-done", onClick: () => reveal(true) });
  const shown = ui.button({ label: t("race_shown"), kind: "quiet", testid: "race-show", onClick: () => reveal(false) });
  const buttons = ui.controls(done, shown);
  const verdict = ui.live({ testid: "race-verdict" });
  const results = el("div", { class: "race-results", testid: "race-results" });
  ui.clear(place, ui.heading(t("race_guess")), cards, buttons, verdict, results);
  drawCards();
  const kept = ctx.recall("race");
  if (Array.isArray(kept) && kept.length === order.length && order.every((id) => kept.includes(id))) {
    order = kept;
    drawCards();
    reveal(true);
  }

  function drawCards() {
    ui.clear(cards, order.map((id, i) => {
      const arrow = (way, sign) => {
        const button = ui.button({ label: sign, kind: "quiet", testid: `race-${way}-${id}`, onClick: () => shift(id, way === "up" ? -1 : 1, way) });
        button.setAttribute("aria-label", t(`race_${way}`, { model: title(id) }));
        if (i === (way === "up" ? 0 : order.length - 1)) button.setAttribute("aria-disabled", "true");
        return button;
      };
      const card = el("li", { class: "race-card", testid: `race-card-${id}`, attrs: { "data-id": id } },
        el("span", { class: "race-grip", text: "⠿", attrs: { "aria-hidden": "true" } }), el("span", { class: "race-name", text: title(id) }), arrow("up", "↑"), arrow("down", "↓"));
      card.classList.toggle("dragged", id === dragged);
      return card;
    }));
  }

  function shift(id, by, way) {
    const from = order.indexOf(id);
    const to = from + by;
    if (to < 0 || to >= order.length || cards.classList.contains("fixed")) return;
    order = order.toSpliced(from, 1).toSpliced(to, 0, id);
    drawCards();
    cards.querySelector(`[data-testid="race-${way}-${id}"]`).focus();
  }

  // A card follows the pointer: it takes the place of the card whose middle it has passed.
  cards.addEventListener("pointerdown", (event) => {
    const card = event.target.closest(".race-card");
    if (!card || event.target.closest("button") || cards.classList.contains("fixed")) return;
    dragged = card.dataset.id;
    cards.setPointerCapture(event.pointerId);
    drawCards();
  });
  cards.addEventListener("pointermove", (event) => {
    if (dragged === null) return;
    const over = [...cards.children].findIndex((card) => event.clientY < card.getBoundingClientRect().bottom);
    const to = over < 0 ? order.length - 1 : over;
    if (order[to] === dragged) return;
    order = order.filter((id) => id !== dragged).toSpliced(to, 0, dragged);
    drawCards();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    cards.addEventListener(end, () => {
      if (dragged === null) return;
      dragged = null;
      drawCards();
    });
  }

  function reveal(guessed) {
    buttons.hidden = true;
    cards.classList.add("fixed");
    for (const button of cards.querySelectorAll("button")) button.remove();
    const hits = order.filter((id, i) => right[i] === id);
    if (guessed) {
      ctx.remember("race", order);
      for (const card of cards.children) card.classList.add(hits.includes(card.dataset.id) ? "good" : "bad");
    }
    const models = right.map(title).join(t("race_comma"));
    const words = hits.length === order.length ? t("race_right") : t("race_some", { count: hits.length, total: order.length });
    ui.clear(verdict, ui.message(guessed ? (hits.length === order.length ? "good" : "bad") : "note", ui.sentences(guessed && words, t("race_order", { models }))));
    drawRace();
  }

  function drawRace() {
    const highest = rungs[0].nats;
    const lowest = rungs.at(-1).nats;
    const rows = rungs.map((rung) => {
      const dot = el("span", { class: "race-track", attrs: { "aria-hidden": "true" } }, el("span", { class: "race-dot" }));
      dot.style.setProperty("--at", String((highest - rung.nats) / (highest - lowest)));
      return el("button", {
        class: "race-row", testid: `race-row-${rung.id}`, on: { click: () => choose(rung.id) },
        attrs: { type: "button", "aria-pressed": "false", "data-id": rung.id, "aria-label": t("race_row", { model: title(rung.id), nats: ui.fixed(rung.nats, 3) }) },
      }, el("span", { class: "race-name", text: title(rung.id) }), dot, el("span", { class: "race-nats", text: ui.fixed(rung.nats, 3) }));
    });
    const detail = ui.live({ testid: "race-detail", class: "race-detail" });
    ui.clear(
      results,
      ui.heading(t("race_list")),
      el("div", { class: "race-rows" }, rows),
      el("p", { class: "hint", text: t("race_axis", { names: ui.integer(found.held_out_names), loss: ui.fixed(found.uniform, 2) }) }),
      detail,
      el("p", { class: "race-explained", testid: "race-explained", text: t("race_explained") }),
    );
    choose(rungs.at(-1).id);

    function choose(id) {
      const rung = byId.get(id);
      for (const row of rows) row.setAttribute("aria-pressed", String(row.dataset.id === id));
      ui.clear(
        detail,
        ui.heading(t("race_names", { model: title(id) })),
        ui.items(rung.names, { testid: "race-names", label: t("race_names", { model: title(id) }) }),
        ui.stats([
          { label: t("race_nats"), value: ui.fixed(rung.nats, 4), testid: "race-nats" },
          { label: t("race_parameters"), value: ui.integer(rung.parameters), testid: "race-parameters" },
          { label: t("race_seconds"), value: t("race_second_count", { seconds: ui.short(rung.seconds) }) },
          { label: t("race_looks"), value: rung.context === null ? t("race_looks_all") : t("race_looks_some", { count: ui.integer(rung.context) }) },
        ]),
        rung.chapter !== 18 && el("p", {}, el("a", { text: t("race_chapter", { chapter: rung.chapter }), attrs: { href: ctx.link(rung.chapter) } })),
      );
    }
  }
}
