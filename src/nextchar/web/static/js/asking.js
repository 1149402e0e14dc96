// What a chapter asks: a guess before each figure, and a few questions at the end. Answers are kept in this browser only
// (localStorage); what depends on the list is asked again with another list.
//
//   asking({chapter, number, text, list})  -> {slot, predict, checks}
//     slot(section)             the element of that section's guess (null if it has none); empty until there are options
//     predict(section, found)   the figure says what depends on the list: {options: [text], right: index, values: {slot:
//                               text}}; the box is drawn then, or drawn anew
//     checks()                  the questions at the end (null if there are none)

import * as ui from "/static/js/ui.js";

const { el } = ui;

function recalled() {
  try {
    return JSON.parse(localStorage.getItem("nextchar.answers")) ?? {};
  } catch {
    return {};
  }
}

function keep(key, value) {
  try {
    localStorage.setItem("nextchar.answers", JSON.stringify({ ...recalled(), [key]: value }));
  } catch {
    // The reader keeps nothing: so be it.
  }
}

export function asking({ chapter, number, text, list }) {
  const slots = new Map();
  const entries = new Map((chapter.predictions ?? []).map((entry) => [entry.id, entry]));
  const inUse = `${list.data_name}/${list.items}/${list.symbols}`;

  function slot(section) {
    const entry = entries.get(section);
    if (!entry) return null;
    const place = el("div", { class: "prediction", testid: `guess-${section}` });
    slots.set(section, place);
    if (entry.answer !== null && !entry.veil && !openSlots(entry)) predict(section, {});
    return place;
  }

  // Whether the figure has something to fill in.
  function openSlots({ question, options, explanation }) {
    return [question, explanation, ...options].some((words) => words.includes("{:"));
  }

  function predict(section, { options, right, values = {} }) {
    const entry = entries.get(section);
    const place = slots.get(section);
    if (!entry || !place) return;
    const texts = (options ?? entry.options).map((option) => ui.fill(option, values));
    const answer = right ?? entry.answer;
    const key = `${number}/${section}${options || right !== undefined ? `/${inUse}/${texts[answer]}` : ""}`;
    ui.clear(
      place,
      box({
        key, texts, answer, saved: (index) => (options ? texts[index] : index), tag: text("guess_tag"), testid: `guess-${section}`,
        question: ui.fill(entry.question, values),
        explanation: ui.fill(entry.explanation, { ...values, right: texts[answer] }),
        tellers: () => tellers(entry, place.parentElement),
      }),
    );
  }

  // What would give the answer away: the figure, or paragraphs of the text.
  function tellers({ veil, tells }, section) {
    const paragraphs = section?.querySelectorAll(":scope > .prose > p") ?? [];
    return [veil && section?.querySelector(":scope > .figure"), ...tells.map((n) => paragraphs[n])].filter(Boolean);
  }

  function checks() {
    const list = chapter.checks ?? [];
    if (!list.length) return null;
    return el(
      "section",
      { class: "section checks", id: "questions", attrs: { "aria-labelledby": "h-questions" } },
      el("h2", { id: "h-questions", text: text("checks_heading") }),
      list.map((entry) =>
        el("div", { class: "prediction", testid: `check-${entry.id}` },
          box({
            key: `${number}/check/${entry.id}`, texts: entry.options, answer: entry.answer, saved: (index) => index, testid: `check-${entry.id}`,
            question: entry.question, explanation: entry.explanation,
          })),
      ),
    );
  }

  // One question with its options. `saved` is what is kept of an answer: its number, so that it holds in both languages,
  // or its text where the options depend on the list. `tellers` would give the answer away: they are blurred until there is a
  // guess, or until the reader reaches into one.
  function box({ key, texts, answer, saved, question, explanation, tag, testid, tellers: found = () => [] }) {
    const name = `asked-${key.replaceAll(/[^\w]+/g, "-")}`;
    const result = ui.live({ testid: `${testid}-answer` });
    const buttons = texts.map((option, index) => {
      const button = ui.button({ label: "", kind: "option", testid: `${testid}-${index + 1}`, onClick: () => choose(index) });
      button.append(...ui.inline(option));
      return button;
    });
    const show = ui.button({ label: text("guess_show"), kind: "quiet", testid: `${testid}-show`, onClick: () => choose(-1) });

    function choose(index) {
      if (show.hidden) return;
      const had = document.activeElement;
      keep(key, index < 0 ? null : saved(index));
      reveal(index);
      if (had === show) buttons[answer].focus();
    }

    function reveal(index) {
      show.hidden = true;
      buttons.forEach((button, other) => {
        button.setAttribute("aria-disabled", "true");
        button.setAttribute("aria-pressed", String(other === index));
        button.classList.toggle("good", other === answer);
        button.classList.toggle("bad", other === index && index !== answer);
      });
      const words = { guess: texts[index], right: texts[answer] };
      const verdict = index < 0 ? "guess_shown" : index === answer ? "guess_right" : "guess_wrong";
      const kind = index < 0 ? "note" : index === answer ? "good" : "bad";
      ui.clear(result, ui.message(kind, ui.sentences(ui.fill(text(verdict), words), explanation)));
      for (const teller of found()) teller.classList.remove("veiled");
    }

    queueMicrotask(() => {
      if (show.hidden) return; // it was guessed before
      for (const teller of found()) {
        teller.classList.add("veiled");
        for (const event of ["pointerdown", "focusin"]) {
          teller.addEventListener(event, () => teller.classList.remove("veiled"), { once: true });
        }
      }
    });
    const answers = recalled();
    if (key in answers) {
      const before = texts.findIndex((_, index) => saved(index) === answers[key]);
      if (answers[key] === null || before >= 0) reveal(before);
    }
    return [
      el("p", { class: "prediction-question", id: name }, tag && el("span", { class: "prediction-tag", text: tag }), ui.inline(question)),
      el("div", { class: "prediction-options", attrs: { role: "group", "aria-labelledby": name } }, buttons, tag && show),
      result,
    ];
  }

  return { slot, predict, checks };
}
