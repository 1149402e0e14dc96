// Chapter 4: a name written draw by draw, seeds and streams, thousands at once, and a game.

import { carriedName, carryName, seedOf } from "/static/js/chapters/shared.js";
import { walker } from "/static/js/chapters/walker.js";

const LECTURE_SEED = 2147483647;
const MOST_STEPS = 60;

export async function render(root, ctx) {
  await Promise.all([stepper(ctx), walk(ctx), temperature(ctx), seeds(ctx), many(ctx), game(ctx)]);
}

// --- one draw at a time --------------------------------------------------------------------------------------------

async function stepper(ctx) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("step");
  const run = api.latest();
  let seed = 1;
  let written = []; // the characters so far
  let step = null; // the answer for the next draw
  let drawn = false; // whether the draw of this row has been shown
  let guess = null;

  const paper = ui.el("div", { class: "written", testid: "step-written", attrs: { role: "group", "aria-label": t("step_so_far") } });
  const told = ui.live({ testid: "step-told" });
  const keys = ui.el("div", { class: "keys", testid: "step-keys", attrs: { role: "group", "aria-label": t("step_guess") } });
  const rowName = ui.heading("");
  const bars = ui.el("div");
  const ruler = ui.el("div");
  const name = (entry) => (entry.id === 0 ? `${entry.symbol} (${t("step_end")})` : ui.seen(entry.symbol));
  const oneIn = (p) => (p > 0 ? ui.short(Number((1 / p).toPrecision(3))) : "∞");

  const fetchStep = (signal) =>
    api.post("/step", { prefix: written.join(""), seed, draw: written.length, order: 2 }, { signal });

  const drawPaper = () => {
    const boundary = ctx.facts.boundary;
    const signs = [boundary, ...written].map((text, i) => {
      const sign = ui.symbol(text);
      if (i === 0) sign.classList.add("edge");
      if (!drawn && i === written.length) sign.classList.add("latest");
      return sign;
    });
    if (drawn) {
      const sign = ui.symbol(step.chosen.symbol);
      sign.classList.add("latest");
      if (step.ended) sign.classList.add("edge");
      signs.push(sign);
    } else {
      signs.push(ui.el("span", { class: "symbol unknown", text: "?" }));
    }
    ui.clear(paper, signs);
  };
  const drawRuler = () => {
    const total = step.total || 1;
    const strip = ui.el(
      "div",
      { class: "ruler", attrs: { "aria-hidden": "true" } },
      step.row
        .filter(({ probability }) => probability > 0)
        .map((entry) => {
          const part = ui.el("span", {
            text: entry.probability > 0.028 ? entry.symbol : "",
            class: drawn && entry.id === step.chosen.id ? "chosen" : "",
          });
          part.style.setProperty("width", `${(100 * entry.probability) / total}%`);
          return part;
        }),
    );
    const wrap = ui.el("div", { class: "ruler-wrap", testid: "step-ruler" }, strip);
    if (drawn) {
      const at = `${(100 * step.mark) / total}%`;
      const needle = ui.el("span", { class: "needle", attrs: { "aria-hidden": "true" } });
      needle.style.setProperty("left", at);
      const pointer = ui.el("span", { class: "pointer", text: t("step_u", { u: ui.fixed(step.u, 4) }) });
      pointer.style.setProperty("left", `clamp(3.2rem, ${at}, calc(100% - 3.2rem))`);
      wrap.prepend(needle, pointer);
    }
    ui.clear(ruler, wrap);
  };
  const drawKeys = () => {
    ui.clear(
      keys,
      step.row.map((entry) => {
        const key = ui.button({
          label: ui.seen(entry.symbol),
          kind: "key",
          disabled: drawn,
          pressed: guess?.id === entry.id,
          onClick: () => {
            guess = entry;
            reveal();
          },
        });
        if (entry.id === 0) key.setAttribute("aria-label", name(entry));
        return key;
      }),
    );
  };
  const barSpec = () => ({
    x: step.row.map(({ symbol }) => symbol),
    y: step.row.map(({ probability }) => probability),
    hover: (i) => `${name(step.row[i])}: ${ui.fixed(step.row[i].probability, 4)}`,
    highlight: drawn ? step.row.findIndex(({ id }) => id === step.chosen.id) : [],
    label: t("step_aria", { symbol: ctx.named(written.at(-1) ?? ctx.facts.boundary) }),
    text: "",
  });
  const draw = () => {
    rowName.textContent = t("step_row", { symbol: ctx.named(written.at(-1) ?? ctx.facts.boundary) });
    drawPaper();
    drawRuler();
    drawKeys();
    skip.disabled = drawn;
    onward.disabled = !drawn || step.ended;
    finish.disabled = drawn && step.ended;
    return chart?.update(barSpec());
  };
  const reveal = () => {
    const had = keys.contains(document.activeElement) || document.activeElement === skip;
    drawn = true;
    const { chosen } = step;
    const lines = [];
    if (guess) {
      lines.push(
        ui.message(
          "note",
          t("step_odds", { symbol: name(guess), probability: ui.fixed(guess.probability, 4), odds: oneIn(guess.probability) }),
          "step-odds",
        ),
      );
    }
    const result = { symbol: name(chosen), probability: ui.fixed(chosen.probability, 4), u: ui.fixed(step.u, 4) };
    const kind = guess ? (guess.id === chosen.id ? "good" : "bad") : "note";
    const verdict = guess ? `${t(guess.id === chosen.id ? "step_right" : "step_wrong")} ` : "";
    lines.push(ui.message(kind, verdict + t("step_drawn", result), "step-drawn"));
    if (step.ended) lines.push(ui.message("note", t("step_done", { item: written.join("") || "∅" }), "step-done"));
    ui.clear(told, lines);
    draw();
    if (had) (step.ended ? again : onward).focus();
  };
  const next = () =>
    ctx.guard(async () => {
      const had = document.activeElement === onward;
      if (drawn) written.push(step.chosen.symbol);
      const answer = await run(fetchStep);
      if (!answer) {
        if (drawn) written.pop();
        return;
      }
      step = answer;
      drawn = false;
      guess = null;
      ui.clear(told, ui.el("p", { class: "hint", text: t("step_guess_first") }));
      await draw();
      if (had) keys.querySelector("button")?.focus();
    }, host);
  const complete = () =>
    ctx.guard(async () => {
      finish.disabled = true;
      for (let i = written.length; i < MOST_STEPS; i += 1) {
        if (drawn && step.ended) break;
        if (drawn) {
          written.push(step.chosen.symbol);
          const answer = await run(fetchStep);
          if (!answer) return;
          step = answer;
        }
        drawn = true;
        guess = null;
        await draw();
        if (!ui.reducedMotion()) await ui.pause(220, ctx.signal);
      }
      reveal();
      again.focus();
    }, host);
  const restart = (newSeed) => {
    seed = newSeed;
    seedField.value = String(seed);
    written = [];
    drawn = false;
    step = null;
    return next();
  };
  const skip = ui.button({ label: t("step_draw"), testid: "step-draw", onClick: reveal });
  const onward = ui.button({ label: t("step_next"), kind: "primary", testid: "step-next", onClick: next });
  const finish = ui.button({ label: t("step_finish"), testid: "step-finish", onClick: complete });
  const again = ui.button({ label: t("step_again"), testid: "step-again", onClick: () => restart(seed + 1) });
  const seedField = ui.field({
    label: t("seed_seed"), type: "number", min: 0, step: 1, value: "1", testid: "step-seed",
    onInput: ui.debounce((text) => {
      if (seedOf(text) !== null) restart(seedOf(text));
      else ui.clear(told, ui.message("bad", t("seed_bad"), "step-seed-bad"));
    }),
  });

  let chart = null;
  step = await fetchStep(ctx.signal);
  ui.clear(told, ui.el("p", { class: "hint", text: t("step_guess_first") }));
  draw();
  ui.clear(
    host,
    paper,
    rowName,
    bars,
    ui.el("p", { class: "hint", text: t("step_guess") }),
    keys,
    ruler,
    told,
    ui.controls(skip, onward, finish, again, seedField.node),
  );
  chart = await ctx.charts.bars({ into: bars, height: 210, yTitle: t("step_y"), testid: "step-chart", ...barSpec() });
}

// --- a walk on the graph of pairs ----------------------------------------------------------------------------------

async function walk(ctx) {
  const host = ctx.figure("walk");
  await ctx.guard(async () => {
    const [data, P, N] = await Promise.all([
      ctx.data(),
      ctx.api.get("/counts", { what: "probs" }, { signal: ctx.signal }),
      ctx.api.get("/counts", {}, { signal: ctx.signal }),
    ]);
    const most = N.row_sums.indexOf(Math.max(...N.row_sums));
    const others = N.row_sums.map((_, i) => i).sort((a, b) => N.row_sums[b] - N.row_sums[a]).slice(0, 4).map((i) => N.labels[i]);
    if (others.length > 2) {
      const options = [...others].sort();
      ctx.predict("walk", { options, right: options.indexOf(N.labels[most]) });
    }
    walker(ctx, host, { labels: P.labels, table: P.table, name: carriedName(ctx, data), onName: (text) => carryName(ctx, text) });
  }, host);
}

// --- temperature ---------------------------------------------------------------------------------------------------

async function temperature(ctx) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("temperature");
  const run = api.latest();
  const bars = ui.el("div");
  const names = ui.live({ testid: "temperature-names" });
  const says = (T) => ui.fixed(T, 1);
  const ask = (T, signal) =>
    Promise.all([
      api.post("/step", { prefix: "", seed: 1, draw: 0, order: 2, temperature: T }, { signal }),
      api.post("/sample", { n: 10, seed: 1, temperature: T, max_length: 30 }, { signal }),
    ]);
  const spec = ([{ row }], T) => ({
    x: row.map(({ symbol }) => symbol),
    y: row.map(({ probability }) => probability),
    hover: (i) => `${ui.seen(row[i].symbol)}: ${ui.fixed(row[i].probability, 4)}`,
    highlight: row.findIndex(({ probability }) => probability === Math.max(...row.map((entry) => entry.probability))),
    label: t("temperature_aria", { temperature: says(T) }),
  });
  const tell = ([, { items }]) => ui.clear(names, ui.items(items, { label: t("temperature_names"), testid: "temperature-items" }));
  const show = (T) =>
    ctx.guard(async () => {
      const answer = await run((signal) => ask(T, signal));
      if (!answer) return;
      tell(answer);
      await chart?.update(spec(answer, T));
    }, host);
  const slider = ui.slider({
    label: t("temperature_slider"), min: 0.1, max: 3, step: 0.1, value: 1, format: says, onInput: ui.debounce(show, 60),
    testid: "temperature-slider",
  });
  let chart = null;
  const first = await ctx.guard(() => ask(1, ctx.signal), host);
  if (first) tell(first);
  host.prepend(slider.node, ui.heading(t("temperature_row")), bars, ui.heading(t("temperature_names")), names);
  if (first) chart = await ctx.charts.bars({ into: bars, height: 200, yTitle: t("step_y"), testid: "temperature-chart", ...spec(first, 1) });
}

// --- seeds and streams ---------------------------------------------------------------------------------------------

async function seeds(ctx) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("seed");
  const run = api.latest();
  const result = ui.live({ testid: "seed-result" });
  const streams = ["nextchar", "torch1", ...(ctx.hasTorch ? ["torch2"] : [])];
  const show = (seed) =>
    ctx.guard(async () => {
      const written = await run((signal) =>
        Promise.all(streams.map((stream) => api.post("/sample", { n: 10, seed, stream }, { signal }))),
      );
      if (!written) return;
      ui.clear(
        result,
        ui.grid(
          ...streams.map((stream, i) => {
            const name = t(`seed_${stream}`);
            return ui.el(
              "div", {}, ui.heading(name), ui.items(written[i].items, { testid: `seed-items-${i}`, label: name }),
            );
          }),
        ),
      );
    }, host);
  const field = ui.field({
    label: t("seed_seed"), type: "number", min: 0, step: 1, value: String(LECTURE_SEED), testid: "seed-input",
    onInput: ui.debounce((text) => {
      if (seedOf(text) !== null) show(seedOf(text));
      else ui.clear(result, ui.message("bad", t("seed_bad"), "seed-bad"));
    }),
  });
  const set = (seed) => {
    field.value = String(seed);
    show(seed);
  };
  const other = ui.button({
    label: t("seed_other"), testid: "seed-other", onClick: () => set((Number(field.value) || 0) + 1),
  });
  const lecture = ui.button({ label: t("seed_lecture"), testid: "seed-lecture", onClick: () => set(LECTURE_SEED) });
  ui.clear(host, ui.controls(field.node, other, lecture), result);
  await show(LECTURE_SEED);
}

// --- thousands at once ---------------------------------------------------------------------------------------------

async function many(ctx) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("many");
  const run = api.latest();
  const result = ui.live({ testid: "many-result" });
  let seed = 1;
  const show = () =>
    ctx.guard(async () => {
      const answer = await run((signal) => api.post("/sample", { n: Number(number.value), seed }, { signal }));
      if (!answer) return;
      const data = await ctx.data();
      const shares = [0.1, 0.5, 0.9];
      const right = shares.reduce((best, share, i) => (Math.abs(share - answer.new_share) < Math.abs(shares[best] - answer.new_share) ? i : best), 0);
      if (seed === 1) ctx.predict("many", { options: shares.map((_, i) => t(`many_share_${i + 1}`)), right, values: { share: ui.percent(answer.new_share, 0) } });
      ui.clear(
        result,
        ui.stats([
          { label: t("many_drawn"), value: ui.integer(answer.got), testid: "many-count" },
          { label: t("many_seconds"), value: ui.fixed(answer.seconds, 3) },
          { label: t("many_speed"), value: ui.integer(answer.symbols_per_second), testid: "many-speed" },
          { label: t("many_distinct"), value: ui.integer(answer.distinct) },
          { label: t("many_new"), value: ui.percent(answer.new_share), testid: "many-new" },
          { label: t("many_mean_length"), value: `${ui.fixed(answer.mean_length, 2)} / ${ui.fixed(data.mean_length, 2)}` },
        ]),
        ui.el("div", { class: "shelf", attrs: { tabindex: "0", role: "region", "aria-label": t("many_items") } },
          ui.items(answer.items, { testid: "many-items", label: t("many_items") })),
      );
    }, host);
  const number = ui.select({
    label: t("many_number"),
    options: [100, 1000, 5000, 20000].map((n) => ({ value: String(n), text: ui.integer(n) })),
    value: ctx.facts.alphabet_size > 300 ? "100" : "1000",
    onChange: show,
    testid: "many-number",
  });
  const go = ui.button({
    label: t("many_go"), kind: "primary", testid: "many-go",
    onClick: () => {
      seed += 1;
      show();
    },
  });
  ui.clear(host, ui.controls(number.node, go), result);
  await show();
}

// --- real or generated? --------------------------------------------------------------------------------------------

async function game(ctx) {
  const { ui, t, api } = ctx;
  const host = ctx.figure("game");
  let seed = Math.floor(Math.random() * 1e6);
  let rounds = [];
  let round = 0;
  let score = 0;
  let answered = false;

  const item = ui.el("p", { class: "game-item", testid: "game-item" });
  const count = ui.el("p", { class: "hint", testid: "game-round" });
  const told = ui.live({ testid: "game-told" });
  const real = ui.button({ label: t("game_real"), testid: "game-real", onClick: () => answer(true) });
  const made = ui.button({ label: t("game_generated"), testid: "game-generated", onClick: () => answer(false) });
  const next = ui.button({ label: t("game_next"), kind: "primary", testid: "game-next", onClick: () => forward() });
  const again = ui.button({ label: t("game_again"), kind: "primary", testid: "game-again", onClick: () => start() });
  const points = ui.el("p", { testid: "game-score" });

  const draw = () => {
    const current = rounds[round];
    item.textContent = current.item;
    count.textContent = t("game_round", { round: round + 1, rounds: rounds.length });
    points.textContent = t("game_score", { score, answered: round + (answered ? 1 : 0) });
    real.disabled = answered;
    made.disabled = answered;
    const over = answered && round === rounds.length - 1;
    next.hidden = !answered || over;
    again.hidden = !over;
  };
  const answer = (guess) => {
    if (answered) return;
    const current = rounds[round];
    answered = true;
    const right = guess === current.real;
    if (right) score += 1;
    const what = t(current.real ? "game_was_real" : "game_was_generated", { item: current.item });
    const lines = [
      ui.message(right ? "good" : "bad", ui.sentences(t(right ? "game_right" : "game_wrong"), what), "game-verdict"),
      ui.el("p", { class: "hint", text: t("game_nats", { nats: ui.fixed(current.nats_per_symbol, 2) }) }),
    ];
    if (round === rounds.length - 1) lines.push(ui.message("note", t("game_over", { score, rounds: rounds.length }), "game-over"));
    ui.clear(told, lines);
    draw();
    (next.hidden ? again : next).focus();
  };
  const forward = () => {
    round += 1;
    answered = false;
    ui.clear(told);
    draw();
    real.focus();
  };
  const start = (focus = true) =>
    ctx.guard(async () => {
      seed += 1;
      ({ rounds } = await api.post("/game", { seed, n: 10 }, { signal: ctx.signal }));
      round = 0;
      score = 0;
      answered = false;
      ui.clear(told);
      draw();
      if (focus) real.focus();
    }, host);
  await start(false);
  host.prepend(count, item, ui.controls(real, made, next, again), told, points);
}
