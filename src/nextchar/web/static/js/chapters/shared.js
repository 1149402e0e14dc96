// What the chapters on the net share.

export const L2S = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

// Two maps stand side by side, or on a phone one below the other, each of them whole.
export function mapSize() {
  return narrow() ? 312 : 460;
}

export function narrow() {
  return matchMedia("(max-width: 500px)").matches;
}

// A slider over a list of values, for settings that span powers of ten.
export function listSlider(ui, { label, values, value, onInput, testid }) {
  const slider = ui.slider({
    label,
    min: 0,
    max: values.length - 1,
    step: 1,
    value: values.indexOf(value),
    format: (at) => values[at].toLocaleString("en-US", { maximumFractionDigits: 6 }),
    onInput: onInput && ((at) => onInput(values[at])),
    testid,
  });
  return {
    node: slider.node,
    get value() {
      return values[slider.value];
    },
  };
}

// The name that goes with the reader from chapter to chapter: the one typed last, if this list has all its characters.
export function carriedName(ctx, data) {
  const known = new Set(data.alphabet.slice(1));
  const fits = (text) => typeof text === "string" && text !== "" && [...text].every((character) => known.has(character));
  const typed = ctx.recall("name");
  return [typed, typed?.toLowerCase?.()].find(fits) ?? data.examples[0];
}

export function carryName(ctx, text) {
  if (text !== "") ctx.remember("name", text);
}

// Options of which one is right: the right one and others, in the order of their labels so that its place says nothing.
export function mixed(right, others, count = 4) {
  const all = [right, ...others.filter((other) => other !== right)].slice(0, count);
  all.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return { options: all, right: all.indexOf(right) };
}

// What was typed as a seed, as a number; null where it is none.
export function seedOf(text) {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}
