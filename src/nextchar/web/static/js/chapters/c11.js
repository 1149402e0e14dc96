// Chapter 11, the quiz: one question at a time, by mouse or by keyboard alone. The answers are kept in this browser only
// (localStorage) and go nowhere else.
//
// Keys: 1 to 9 answer at once, wherever the focus is; arrows move between the options, Enter or Space answers with the one in
// focus; after an answer the focus is on "next", so that Enter goes on.

export async function render(root, ctx) {
  const place = ctx.figure("quiz");
  place.classList.add("late");
  await ctx.guard(() => quizIn(ctx, place), place);
}

async function quizIn(ctx, place) {
  const { api, ui, t } = ctx;
  const { el } = ui;

  const { questions } = await api.get("/quiz", {}, { signal: ctx.signal });
  const answers = remembered(questions, ctx.recall("quiz"));
  let at = questions.findIndex(({ id }) => !(id in answers));

  const score = el("p", { class: "late-score", testid: "quiz-score" });
  const progress = el("ol", { class: "late-progress", testid: "quiz-progress", attrs: { "aria-label": t("quiz_progress_label") } });
  const board = el("div", { class: "late-board", testid: "quiz-board" });
  const verdict = ui.live({ testid: "quiz-verdict" });
  const foot = el("div", { class: "controls" });
  const restart = ui.button({ label: t("quiz_restart"), onClick: again, kind: "quiet", testid: "quiz-restart" });
  const quiz = el("div", { class: "late-quiz", testid: "quiz", on: { keydown: held } }, score, progress, board, verdict, foot);
  let options = [];

  ui.clear(place, quiz, el("p", { class: "late-hint by-key", text: t("quiz_keys") }));
  document.addEventListener("keydown", digits);
  ctx.onLeave(() => document.removeEventListener("keydown", digits));
  show(false);

  function right(question) {
    return question.options.findIndex((option) => option.correct);
  }

  function points() {
    return questions.filter((question) => answers[question.id] === right(question)).length;
  }

  function tally() {
    const given = questions.filter(({ id }) => id in answers).length;
    score.textContent = t("quiz_score", { right: points(), answered: given, total: questions.length });
    ui.clear(
      progress,
      questions.map((question, index) => {
        const chosen = answers[question.id];
        const state = chosen === undefined ? "open" : chosen === right(question) ? "good" : "bad";
        const sign = { open: String(index + 1), good: "✓", bad: "✗" }[state];
        const text = { open: t("quiz_open"), good: t("quiz_right"), bad: t("quiz_wrong") }[state];
        return el(
          "li",
          {},
          el("button", {
            class: `late-dot ${state}`,
            text: sign,
            testid: `quiz-dot-${index + 1}`,
            attrs: {
              type: "button",
              "aria-label": `${t("quiz_progress", { number: index + 1, total: questions.length })}: ${text}`,
              "aria-current": index === at ? "step" : null,
            },
            on: { click: () => { at = index; show(true); } },
          }),
        );
      }),
    );
  }

  function show(moveFocus) {
    ui.clear(verdict);
    tally();
    if (at < 0 || at >= questions.length) summary(moveFocus);
    else question(moveFocus);
  }

  function question(moveFocus) {
    const asked = questions[at];
    const chosen = answers[asked.id];
    const heading = el("h3", { class: "late-question", id: "quiz-question", testid: "quiz-question" }, ui.inline(asked.question));
    options = asked.options.map((option, index) =>
      el(
        "button",
        {
          class: "late-option",
          testid: `quiz-option-${index + 1}`,
          attrs: { type: "button", role: "radio", "aria-checked": String(index === chosen) },
          props: { tabIndex: index === (chosen ?? 0) ? 0 : -1 },
          on: { click: () => answer(index), keydown: (event) => roam(event, index) },
        },
        el("span", { class: "late-key", text: String(index + 1), attrs: { "aria-hidden": "true" } }),
        el("span", { class: "late-option-text" }, ui.inline(option.text)),
      ),
    );
    ui.clear(
      board,
      el("p", { class: "late-count", text: t("quiz_progress", { number: at + 1, total: questions.length }) }),
      heading,
      el("div", { class: "late-options", testid: "quiz-options", attrs: { role: "radiogroup", "aria-labelledby": "quiz-question" } },
        options.map((option, index) => el("div", { class: "late-option-row" }, option, el("div", { class: "late-explanation", id: `quiz-explanation-${index}` })))),
    );
    if (chosen === undefined) {
      ui.clear(foot, restart);
      if (moveFocus) options[0].focus();
    } else {
      reveal();
      if (moveFocus) foot.querySelector("button").focus();
    }
  }

  function answer(index) {
    const asked = questions[at];
    if (asked.id in answers) return;
    answers[asked.id] = index;
    ctx.remember("quiz", answers);
    tally();
    options.forEach((option, other) => {
      option.setAttribute("aria-checked", String(other === index));
      option.tabIndex = other === index ? 0 : -1;
    });
    reveal();
    foot.querySelector("button").focus();
  }

  function reveal() {
    const asked = questions[at];
    const chosen = answers[asked.id];
    const good = chosen === right(asked);
    asked.options.forEach((option, index) => {
      const button = options[index];
      const kind = option.correct ? "good" : index === chosen ? "bad" : "other";
      button.classList.add("answered", kind);
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-describedby", `quiz-explanation-${index}`);
      const tags = [option.correct && t("quiz_tag_right"), !option.correct && index === chosen && t("quiz_tag_wrong"), index === chosen && t("quiz_tag_yours")];
      button.append(
        el("span", { class: "late-tag" }, el("span", { class: "sign", text: option.correct ? "✓" : "✗", attrs: { "aria-hidden": "true" } }),
          ` ${tags.filter(Boolean).join(" · ")}`.trimEnd()),
      );
      ui.clear(document.getElementById(`quiz-explanation-${index}`), ui.inline(option.explanation));
    });
    ui.clear(
      verdict,
      ui.message(good ? "good" : "bad", good ? t("quiz_right") : t("quiz_wrong")),
      el("p", { class: "visually-hidden" }, ui.inline(asked.options[chosen].explanation)),
      el("p", { class: "late-more", testid: "quiz-more" }, ...teaches(asked)),
    );
    const open = questions.some(({ id }) => !(id in answers));
    ui.clear(
      foot,
      ui.button({ label: open || at + 1 < questions.length ? t("quiz_next") : t("quiz_finish"), onClick: forward, kind: "primary", testid: "quiz-next" }),
      restart,
    );
  }

  function teaches(asked) {
    const parts = [];
    if (asked.chapter) {
      parts.push(el("a", { text: t("quiz_chapter", { chapter: asked.chapter }), testid: "quiz-chapter", attrs: { href: ctx.link(asked.chapter) } }));
    }
    if (asked.video) {
      if (parts.length) parts.push(" · ");
      parts.push(el("a", { text: t("quiz_video", { video: asked.video }), testid: "quiz-video", attrs: { href: asked.video_link, target: "_blank", rel: "noopener noreferrer" } }));
    }
    return parts;
  }

  function forward() {
    const open = (index) => !(questions[index].id in answers);
    const order = [...questions.keys()];
    const after = order.slice(at + 1);
    at = after.length && !after.some(open) && !order.some(open) ? at + 1 : after.find(open) ?? order.find(open) ?? questions.length;
    show(true);
  }

  function roam(event, index) {
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if ((event.key === "Enter" || event.key === " ") && event.repeat) event.preventDefault();
    if (!(event.key in moves)) return;
    event.preventDefault();
    const to = (index + moves[event.key] + options.length) % options.length;
    options.forEach((option, other) => (option.tabIndex = other === to ? 0 : -1));
    options[to].focus();
  }

  function held(event) {
    if (event.repeat && event.key === "Enter") event.preventDefault(); // a key held down does not skip questions
  }

  // The digits answer wherever the focus is, but where one types.
  function digits(event) {
    if (event.target.closest?.("input, textarea, select, dialog")) return;
    if (event.ctrlKey || event.altKey || event.metaKey || at < 0 || at >= questions.length) return;
    const index = Number(event.key) - 1;
    if (!Number.isInteger(index) || index < 0 || index >= options.length || questions[at].id in answers) return;
    event.preventDefault();
    answer(index);
  }

  function summary(moveFocus) {
    at = questions.length;
    tally();
    const got = points();
    const title = el("h3", { class: "late-question", text: t("quiz_summary"), testid: "quiz-summary", attrs: { tabindex: "-1" } });
    ui.clear(
      board,
      title,
      el("p", { class: "late-final", testid: "quiz-final", text: t("quiz_final", { right: got, total: questions.length, share: ui.percent(got / questions.length, 0) }) }),
      el(
        "ol",
        { class: "late-summary" },
        questions.map((asked, index) => {
          const good = answers[asked.id] === right(asked);
          return el(
            "li",
            { class: good ? "good" : "bad" },
            el("span", { class: "sign", text: good ? "✓" : "✗", attrs: { "aria-hidden": "true" } }),
            el("span", { class: "visually-hidden", text: good ? t("quiz_right") : t("quiz_wrong") }),
            el("span", { class: "late-summary-text" }, ui.inline(asked.question), " ",
              asked.chapter && el("a", { text: t("quiz_chapter", { chapter: asked.chapter }), attrs: { href: ctx.link(asked.chapter) } })),
            ui.button({ label: t("quiz_review"), kind: "quiet", onClick: () => { at = index; show(true); } }),
          );
        }),
      ),
    );
    ui.clear(foot, restart);
    if (moveFocus) title.focus();
  }

  function again() {
    for (const id of Object.keys(answers)) delete answers[id];
    ctx.remember("quiz", answers);
    at = 0;
    show(true);
  }
}

// The answers given before, in this browser: {question id: option}. What no longer fits the questions is dropped.
function remembered(questions, kept) {
  const fits = questions.filter(({ id, options }) => Number.isInteger(kept?.[id]) && kept[id] >= 0 && kept[id] < options.length);
  return Object.fromEntries(fits.map(({ id }) => [id, kept[id]]));
}
