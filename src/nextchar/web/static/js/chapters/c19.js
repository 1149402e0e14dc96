// Chapter 19, running text: what four models would write after what the reader types, side by side. What comes next, what
// each character cost and how it goes on come from the server; this file draws them. The cursor is the place.

const MODELS = ["order-2", "order-6", "mixing", "transformer"];
const LONGEST = 600;
const WRITE_AFTER = 250; // ms without a key
const SIGN_AFTER = 350; // ms, from which on a card says what it waits for
const DARKEST = 6; // nats
const TAIL = 28; // characters before what is written on

export async function render(root, ctx) {
  for (const figure of root.querySelectorAll(".figure")) figure.classList.add("late");
  const place = ctx.figure("typed");
  const about = await ctx.api.get("/text", {}, { signal: ctx.signal });
  let reading = null;
  ctx.predict("typed", {});
  ownText(ctx, ctx.figure("own"), about, (now) => reading?.another(now));
  await ctx.guard(async () => {
    reading = sideBySide(ctx, place, about);
    await reading.drawn;
  }, place);
}

function sign(symbol) {
  return symbol === "\n" ? "↵" : symbol === " " ? "␣" : symbol;
}

// Genesis is English on a page in any language; of a text of one's own it is not known.
function languageOf(own) {
  return own ? "" : "en";
}

function sideBySide(ctx, place, about) {
  const { ui, t } = ctx;
  const { el } = ui;
  let seed = 1;
  const area = el("textarea", {
    id: "typed-text", class: "input typed-text", testid: "typed-text",
    attrs: { rows: "3", maxlength: LONGEST, spellcheck: "false", autocapitalize: "none", autocomplete: "off" },
  });
  area.value = about.example;
  const says = ui.live({ testid: "typed-says", class: "late-status" });
  const again = ui.button({
    label: t("typed_again"), testid: "typed-again",
    onClick: () => {
      seed += 1;
      for (const card of cards) card.write();
    },
  });
  const typed = () => ({ text: area.value, at: [...area.value.slice(0, area.selectionStart)].length });
  const problem = (error) => {
    const known = error?.code === "unknown-symbol" ? t("typed_unknown", { character: sign(error.details.character) }) : error?.message;
    ui.clear(says, known && ui.message("bad", known, "typed-unknown"));
  };
  const cards = MODELS.map((model) => card(ctx, { model, typed, seed: () => seed, problem, own: about.own }));
  const writeLater = ui.debounce(() => cards.forEach((one) => one.write()), WRITE_AFTER);
  ctx.onLeave(writeLater.cancel);
  let before = "";
  // A key or a click: where the cursor stands now, and whether the text is another one.
  const look = () => {
    const { text, at } = typed();
    const now = `${at}/${text}`;
    if (now === before) return;
    const other = text !== before.slice(before.indexOf("/") + 1);
    before = now;
    ui.clear(says);
    for (const one of cards) one.read();
    if (other) writeLater();
  };
  for (const event of ["input", "keyup", "click", "select", "selectionchange"]) area.addEventListener(event, look);
  ui.clear(
    place,
    el("div", { class: "control wide" }, el("label", { text: t("typed_label"), attrs: { for: "typed-text" } }), area),
    ui.controls(again), says,
    el("p", { class: "hint", text: t("typed_hint") }),
    el("div", { class: "text-cards" }, cards.map((one) => one.node)),
    el("p", { class: "text-scale hint" },
      el("span", { text: t("typed_scale_low") }), el("span", { class: "text-ramp", attrs: { "aria-hidden": "true" } }), el("span", { text: t("typed_scale_high", { nats: DARKEST }) })),
  );
  area.setSelectionRange(area.value.length, area.value.length);
  before = `${area.value.length}/${area.value}`;
  const drawn = Promise.all(cards.flatMap((one) => [one.read(), one.write()])).then(() => {
    for (const one of cards) one.warm();
  });
  return {
    drawn,
    another(now) {
      area.value = now.example;
      area.setSelectionRange(area.value.length, area.value.length);
      before = `${area.value.length}/${area.value}`;
      seed = 1;
      ui.clear(says);
      for (const one of cards) {
        one.forget(now);
        one.read();
        one.write();
      }
    },
  };
}

// One question at a time: what is asked meanwhile is asked when the answer is there, and only what was asked last.
function oneAtATime(work) {
  let running = null;
  let wanted = false;
  return function ask() {
    wanted = true;
    running ??= (async () => {
      try {
        while (wanted) {
          wanted = false;
          await work();
        }
      } finally {
        running = null;
      }
    })();
    return running;
  };
}

function card(ctx, { model, typed, seed, problem, own }) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const status = el("p", { class: "text-status hint", testid: `text-status-${model}`, attrs: { role: "status" } });
  const nats = el("dd", { text: "—", testid: `text-test-${model}` });
  const mine = el("dd", { text: "—", testid: `text-nats-${model}` });
  const shaded = el("p", { class: "text-shaded", testid: `text-shaded-${model}`, attrs: { "aria-hidden": "true", lang: languageOf(own) } });
  const heading = el("h4", { class: "figure-heading" });
  const bars = el("ol", { class: "text-bars", testid: `text-bars-${model}` });
  const written = el("p", { class: "text-written", testid: `text-written-${model}`, attrs: { lang: languageOf(own) } });
  const body = el(
    "div", { class: "text-body" }, heading, bars, ui.heading(t("typed_goes_on"), 4), written, ui.heading(t("typed_cost"), 4), shaded,
  );
  const node = el(
    "section", { class: "text-card", testid: `text-card-${model}`, attrs: { "aria-label": t(`typed_model_${model}`) } },
    ui.heading(t(`typed_model_${model}`)), el("p", { class: "text-looks hint", text: t(`typed_looks_${model}`) }),
    el("dl", { class: "stats" }, el("div", {}, el("dt", { text: t("typed_test") }), nats), el("div", {}, el("dt", { text: t("typed_nats") }), mine)),
    status, body,
  );
  const needsTorch = model === "transformer" && !ctx.hasTorch;
  let closed = needsTorch ? ctx.site.labels.needs_torch : null;
  if (closed) close(closed);

  function close(words) {
    body.hidden = true;
    ui.clear(status, ui.message("note", words));
  }

  async function ask(verb, values) {
    const sign_ = setTimeout(() => {
      status.textContent = t(model === "mixing" || model === "transformer" ? `typed_waiting_${model}` : "waiting");
      node.setAttribute("aria-busy", "true");
    }, SIGN_AFTER);
    try {
      return await api.post(`/text/${model}/${verb}`, values, { signal: ctx.signal });
    } catch (error) {
      if (api.isAbort(error) || ctx.signal.aborted) return null;
      if (!(error instanceof api.ApiError)) throw error;
      if (error.code === "not-trained") {
        closed = error.message;
        close(closed);
      } else problem(error);
      return null;
    } finally {
      clearTimeout(sign_);
      node.removeAttribute("aria-busy");
      if (!closed) status.textContent = "";
    }
  }

  const read = oneAtATime(async () => {
    if (closed) return;
    const { text, at } = typed();
    const found = await ask("next", { text, at });
    if (found) draw(text, found);
  });
  const write = oneAtATime(async () => {
    if (closed) return;
    const { text } = typed();
    const found = await ask("write", { text, seed: seed() });
    if (found) ui.clear(written, el("span", { class: "text-before", text: `${text.length > TAIL ? "…" : ""}${text.slice(-TAIL)}` }), found.written, "…");
  });

  function draw(text, found) {
    nats.textContent = ui.fixed(found.test_nats, 3);
    const sum = found.nats.reduce((all, one) => all + one, 0);
    mine.textContent = found.nats.length ? ui.fixed(sum / found.nats.length, 3) : "—";
    const symbols = [...text];
    ui.clear(shaded, symbols.map((symbol, i) => {
      const span = el("span", { class: i === found.at ? "text-here" : "", text: symbol === "\n" ? "↵\n" : symbol, attrs: { title: t("typed_one", { symbol: sign(symbol), nats: ui.fixed(found.nats[i], 2) }) } });
      span.style.setProperty("--share", `${Math.round(100 * Math.min(1, found.nats[i] / DARKEST))}%`);
      return span;
    }), found.at === symbols.length && el("span", { class: "text-here text-end" }));
    heading.textContent = t("typed_next", { prefix: symbols.slice(Math.max(0, found.at - 8), found.at).map(sign).join("") || t("typed_beginning") });
    const came = found.came;
    const rows = found.likely.map((one) => ({ ...one, came: came?.symbol === one.symbol }));
    if (came && !rows.some((row) => row.came)) rows[rows.length - 1] = { ...came, came: true };
    ui.clear(bars, rows.map((row) => {
      const bar = el("span", { class: "inside-bar", attrs: { "aria-hidden": "true" } });
      bar.style.setProperty("--share", `${100 * row.probability}%`);
      return el("li", { class: row.came ? "came" : "" }, el("span", { class: "symbol", text: sign(row.symbol) }), bar, el("span", { class: "text-share", text: ui.percent(row.probability) }));
    }));
  }

  return {
    node, read, write,
    // The model is made while the reader looks at the first answers, which came with the page.
    warm: () => closed || ask("next", { text: "", at: 0 }),
    forget(now) {
      closed = needsTorch ? closed : null;
      body.hidden = needsTorch;
      if (!needsTorch) ui.clear(status);
      for (const part of [shaded, bars, written]) ui.clear(part);
      shaded.lang = written.lang = languageOf(now.own);
      nats.textContent = mine.textContent = "—";
      node.dataset.own = String(now.own);
    },
  };
}

function ownText(ctx, place, about, onChange) {
  const { api, ui, t } = ctx;
  const { el } = ui;
  const area = el("textarea", {
    id: "own-text", class: "input", testid: "own-text", attrs: { rows: "6", spellcheck: "false", maxlength: about.most, placeholder: t("own_placeholder") },
  });
  const says = ui.live({ testid: "own-says", class: "late-status" });
  const use = ui.button({ label: t("own_use"), kind: "primary", testid: "own-use", onClick: () => change(() => api.post("/text", { text: area.value }, { signal: ctx.signal })) });
  const back = ui.button({ label: t("own_back"), testid: "own-back", onClick: () => change(() => api.remove("/text", { signal: ctx.signal })) });
  ui.clear(
    place,
    el("div", { class: "control wide" }, el("label", { text: t("own_label"), attrs: { for: "own-text" } }), area),
    el("p", { class: "hint", text: t("own_limits", { least: ui.integer(about.least), most: ui.integer(about.most) }) }),
    ui.controls(use, back), says,
  );
  tell(about);

  function tell(now) {
    back.hidden = !now.own;
    const values = { learned: ui.integer(now.learned), different: ui.integer(now.different), measured: ui.integer(now.measured) };
    ui.clear(says, ui.message("note", t(now.own ? "own_in_use" : "own_genesis", values)));
  }

  async function change(work) {
    use.disabled = true;
    await ctx.guard(async () => {
      const now = await work();
      tell(now);
      onChange(now);
    }, place);
    use.disabled = false;
  }
}
