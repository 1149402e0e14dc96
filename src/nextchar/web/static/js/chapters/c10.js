// Chapter 10, the pitfall lab: 26 mistakes, each run on the server beside its remedy. What a snippet printed or raised
// is shown as it came; the code is always one of the lesson's own.

export async function render(root, ctx) {
  const place = ctx.figure("lab");
  place.classList.add("late");
  await ctx.guard(() => lab(ctx, place), place);
}

async function lab(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;

  const runner = api.latest();
  ctx.onLeave(() => runner(async () => undefined));

  const { pitfalls } = await api.get("/pitfalls", {}, { signal: ctx.signal });
  const done = new Map();
  let at = start(pitfalls);

  const chooser = ui.select({
    label: t("lab_choose"),
    options: pitfalls.map(({ letter, title }) => ({ value: letter, text: `${letter}  ${title.replaceAll("`", "")}` })),
    value: pitfalls[at].letter,
    onChange: (letter) => go(pitfalls.findIndex((entry) => entry.letter === letter)),
    testid: "pitfall-select",
  });
  chooser.node.classList.add("wide");

  const letters = el("div", { class: "late-letters", testid: "pitfall-letters", attrs: { role: "group", "aria-label": t("lab_choose") } });
  const letterButtons = pitfalls.map(({ letter, title }, index) =>
    el("button", {
      class: "late-letter",
      text: letter,
      testid: `pitfall-letter-${letter}`,
      attrs: { type: "button", "aria-label": `${letter}: ${title.replaceAll("`", "")}` },
      on: { click: () => go(index), keydown: (event) => roam(event, index) },
    }),
  );
  letters.append(...letterButtons);

  const previous = ui.button({ label: t("lab_previous"), onClick: () => go(at - 1), testid: "pitfall-previous" });
  const next = ui.button({ label: t("lab_next"), onClick: () => go(at + 1), testid: "pitfall-next" });
  const again = ui.button({ label: t("lab_run"), onClick: run, kind: "primary", testid: "pitfall-run" });

  const title = el("h3", { class: "figure-heading", testid: "pitfall-title" });
  const wrong = side("wrong");
  const right = side("right");
  const unveil = () => notes.classList.remove("veiled");
  const notes = el("div", { testid: "pitfall-why", on: { pointerdown: unveil, focusin: unveil } });
  const status = ui.live({ testid: "pitfall-status", class: "late-status" });

  ui.clear(
    place,
    letters,
    ui.controls(chooser.node, previous, next, again),
    title,
    el("div", { class: "late-pair" }, wrong.node, right.node),
    status,
    notes,
  );
  show();
  if (ctx.needsTorch(status)) again.disabled = true;

  function side(kind) {
    const code = el("div");
    const output = el("pre", {
      class: "late-output",
      testid: `pitfall-${kind}-output`,
      attrs: { tabindex: "0", role: "region", "aria-label": `${t(`lab_${kind}`)}: ${t("lab_output")}` },
    });
    const title = el("h4", { class: "late-side-title" });
    const node = el(
      "section",
      { class: `late-side ${kind}`, testid: `pitfall-${kind}`, attrs: { "aria-label": t(`lab_${kind}`) } },
      title,
      code,
      el("p", { class: "late-output-title", text: t("lab_output") }),
      output,
    );
    return { node, code, output, title };
  }

  function go(index) {
    at = (index + pitfalls.length) % pitfalls.length;
    show();
  }

  function roam(event, index) {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    let to = null;
    if (event.key in moves) to = (index + moves[event.key] + pitfalls.length) % pitfalls.length;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = pitfalls.length - 1;
    if (to === null) return;
    event.preventDefault();
    letterButtons[to].focus();
    go(to);
  }

  function show() {
    const entry = pitfalls[at];
    chooser.value = entry.letter;
    letterButtons.forEach((button, index) => {
      button.tabIndex = index === at ? 0 : -1;
      if (index === at) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    ui.clear(title, ui.inline(`${entry.letter}. ${entry.title}`));
    for (const [part, kind] of [[wrong, "wrong"], [right, "right"]]) {
      // where both do what was meant, neither is marked as wrong
      const name = entry.mistake ? t(`lab_${kind}`) : t(kind === "wrong" ? "lab_one" : "lab_other");
      const sign = entry.mistake && kind === "wrong" ? "✗" : "✓";
      part.node.classList.toggle("wrong", entry.mistake && kind === "wrong");
      part.node.setAttribute("aria-label", name);
      ui.clear(part.title, el("span", { class: "sign", text: sign, attrs: { "aria-hidden": "true" } }), ` ${name}`);
      ui.clear(part.code, ui.codeBlock({ code: entry[kind].code, labels: { title: entry.mistake ? t(`lab_${kind}_code`) : name } }));
    }
    ui.clear(
      notes,
      el("p", { class: "late-why" }, el("strong", { text: `${t("lab_why")} ` }), ui.inline(entry.why)),
      entry.today && el("p", { class: "late-today", testid: "pitfall-today" }, el("strong", { text: `${t("lab_today")} ` }), ui.inline(entry.today)),
    );
    const known = done.get(entry.letter);
    // what it prints is to be guessed first; whoever wants to read why, reads
    notes.classList.toggle("veiled", !known && ctx.hasTorch);
    again.textContent = t(known ? "lab_again" : "lab_run");
    if (known) outcome(known);
    else for (const part of [wrong, right]) ui.clear(part.output, ctx.hasTorch ? el("span", { class: "hint", text: t("lab_guess") }) : "—");
  }

  function outcome(result) {
    for (const [part, { stdout, error }] of [[wrong, result.wrong], [right, result.right]]) {
      ui.clear(part.output, stdout || (error ? null : t("lab_silent")));
      if (error) {
        part.output.append(el("span", { class: "late-error", testid: "pitfall-error" }, el("span", { text: "✗ ", attrs: { "aria-hidden": "true" } }), error));
      }
    }
  }

  async function run() {
    const { letter } = pitfalls[at];
    for (const part of [wrong, right]) ui.clear(part.output, t("lab_running"));
    again.setAttribute("aria-busy", "true");
    try {
      const result = await runner((signal) => api.post(`/pitfalls/${letter}`, {}, { signal }));
      if (!result) return;
      done.set(letter, result);
      unveil();
      outcome(result);
      again.textContent = t("lab_again");
      ui.clear(status, t("lab_ran", { torch: result.torch, data: result.data ?? "" }));
    } catch (error) {
      for (const part of [wrong, right]) ui.clear(part.output, "—");
      ui.clear(status, ui.message("error", error.message));
    }
    again.removeAttribute("aria-busy");
  }
}

// A link such as /lesson/10#m opens pitfall m.
function start(pitfalls) {
  const wanted = location.hash.slice(1);
  return Math.max(0, pitfalls.findIndex(({ letter }) => letter === wanted));
}
