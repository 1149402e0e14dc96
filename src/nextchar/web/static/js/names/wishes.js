// The conditions that names have to meet.

import * as ui from "/static/js/ui.js";
import { MOST_EDITS, usual } from "/static/js/names/settings.js";

const { el } = ui;
const TEXTS = ["starts", "contains", "ends"];
const LONGEST = 100;

export function make(bench) {
  const { t, settings } = bench;
  const later = ui.debounce((part) => bench.change({ ...part, n: usual().n }), 120);
  const fields = Object.fromEntries(
    [...TEXTS, "pattern"].map((key) => [
      key,
      ui.field({
        label: t(`wish_${key}`), value: settings[key], maxLength: 200, testid: `wish-${key}`,
        onInput: (text) => later({ [key]: text }),
      }),
    ]),
  );
  fields.pattern.input.setAttribute("aria-describedby", "pattern-hint");
  const lengths = Object.fromEntries(
    [["min_length", "wish_min"], ["max_length", "wish_max"]].map(([key, label]) => [
      key,
      ui.field({
        label: t(label), type: "number", min: 1, max: LONGEST, step: 1, value: settings[key], testid: key,
        onInput: (text) => {
          if (text === "" || /^\d{1,3}$/.test(text)) later({ [key]: text });
        },
      }),
    ]),
  );
  const flag = (key) =>
    ui.checkbox({ label: t(`wish_${key}`), checked: settings[key], testid: `wish-${key}`, onChange: (on) => later({ [key]: on }) });
  const isNew = flag("new");
  const sound = flag("pronounceable");
  const soundHint = el("span", { class: "hint", id: "sound-hint", testid: "sound-hint" });
  sound.input.setAttribute("aria-describedby", "sound-hint");
  const far = ui.select({
    label: t("wish_far"),
    value: settings.min_distance,
    testid: "wish-far",
    options: [0, ...Array.from({ length: MOST_EDITS - 1 }, (_, i) => i + 2)].map((edits) => ({
      value: edits, text: edits ? t("wish_far_least", { edits }) : t("wish_far_any"),
    })),
    onChange: (value) => later({ min_distance: Number(value) }),
  });
  const clearAll = ui.button({
    label: t("wish_clear"),
    kind: "quiet",
    testid: "wish-clear",
    onClick: () => {
      later.cancel();
      const { list, model, seed } = settings;
      const { shortest, longest } = bench.list;
      bench.change({ ...usual(), list, model, seed, min_length: String(shortest), max_length: String(longest) });
    },
  });

  const show = () => {
    for (const [key, field] of Object.entries({ ...fields, ...lengths })) {
      if (document.activeElement !== field.input) field.value = settings[key];
    }
    isNew.checked = settings.new;
    sound.checked = settings.pronounceable;
    far.value = settings.min_distance;
  };
  bench.on("settings", show);
  bench.on("list", () => {
    const { consonants, shortest, longest } = bench.list;
    sound.input.disabled = consonants === null;
    soundHint.textContent = consonants === null ? t("wish_pronounceable_none") : t("wish_pronounceable_hint", { most: consonants });
    settings.min_length ??= String(shortest);
    settings.max_length ??= String(longest);
  });
  bench.fields = { ...fields, ...lengths };

  return [
    el("h2", { id: "h-wishes", class: "panel-heading", text: t("wish_heading") }),
    el("div", { class: "wishes" }, TEXTS.map((key) => fields[key].node), fields.pattern.node, lengths.min_length.node, lengths.max_length.node, far.node),
    el("p", { class: "hint", id: "pattern-hint" }, ui.inline(t("wish_pattern_hint"))),
    el("div", { class: "flags" }, isNew.node, el("span", { class: "with-hint" }, sound.node, soundHint), clearAll),
  ];
}
