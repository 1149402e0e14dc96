// Small DOM helpers. Text reaches the page as text nodes only; no HTML is ever parsed.
//
// Building
//   el(tag, options, ...children)      options: {class, id, text, testid, attrs: {name: value}, on: {event: fn}, props: {}}
//                                      children: nodes, strings, arrays of them; null and false are left out
//   clear(node, ...children)           replaces what is in the node
//   rich(text)                         -> array of <p>; blank lines part paragraphs; `code` and **strong**
//   inline(text)                       -> array of nodes for one line of such text
//   fill(template, values)             -> string; "{:count} {:count:name|names}" with {count: 3}; values are put in as they are
//
// Controls (each has a visible label; each returns an object with .node to put on the page)
//   button({label, onClick, kind = "plain" | "primary" | "quiet", testid, disabled, pressed})   -> <button>
//   slider({label, min, max, step, value, format, onInput, testid, marks})  -> {node, input, value (get/set)}
//            onInput(number) at every movement; format(number) -> the text shown beside it and read out; the value is a
//            number; ticks: [{at, text}] under the track
//   select({label, options: [{value, text}], value, onChange, testid})      -> {node, input, value (get/set), setOptions}
//   field({label, value, placeholder, maxLength, onInput, onEnter, testid, type, min, max, step, wide})
//                                                                           -> {node, input, value (get/set)}
//   checkbox({label, checked, onChange, testid})                            -> {node, input, checked (get/set)}
//   choice({label, options: [{value, text}], value, onChange, testid})      -> {node, value (get/set)}: radio buttons in a row
//   controls(...nodes)                                                      -> a row of controls that wraps
//
// Showing
//   live({testid, class})              -> <div> that is read out when it changes (aria-live=polite); fill it with clear()
//   announce(text)                     reads a text out without showing it (one region for the whole page)
//   stats([{label, value, testid}])    -> <dl> of numbers with their names
//   table({caption, head, rows, numeric: [column indices], testid, rowHeaders = true})   cells: text or nodes
//   scroller(label, ...children)       -> a region that scrolls sideways and can be focused
//   more(summary, ...children)         -> <details>
//   alternative(summary, {head, rows, numeric})   -> <details> with the table that stands for a chart
//   message(kind, text, testid)        kind: "good" | "bad" | "note" | "error"; a sign besides the colour;
//                                      "error" is read out at once
//   seen(text)                         -> string; spaces and control characters as signs that can be seen: ␣
//   symbol(text)                       -> <span class="symbol">, one symbol or pair in the typewriter face
//   items(list, {testid, limit, label})  -> <ul class="items">, names side by side
//   codeBlock({code, href, labels: {title, source, name}, testid})   -> <figure> with the Python lines and a link to the source
//   grid(...nodes)                     -> two columns where there is room
//   heading(text, level = 3)           -> a small heading inside a figure
//
// Numbers (lang is set once by the frame)
//   setLanguage(lang)
//   integer(n)          1,234
//   fixed(n, digits=4)  3.2958; "inf" and Infinity become ∞
//   percent(p, digits=1)   4.2%; very small but not zero: < 0.1%
//   short(n, digits=4)  significant digits, for likelihoods: 1.2 × 10⁻⁷
//
// Time
//   debounce(fn, ms = 25)   -> fn that waits for a pause; .cancel()
//   reducedMotion()         -> true when the reader asked for less movement
//   pause(ms, signal)       -> Promise; rejects with AbortError when the signal aborts

let language = "en";

export function setLanguage(lang) {
  language = lang;
}

// --- building ------------------------------------------------------------------------------------------------------

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  if (options.class) node.className = options.class;
  if (options.id) node.id = options.id;
  if (options.testid) node.dataset.testid = options.testid;
  if (options.text !== undefined) node.textContent = options.text;
  for (const [name, value] of Object.entries(options.attrs ?? {})) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, value] of Object.entries(options.props ?? {})) node[name] = value;
  for (const [name, listener] of Object.entries(options.on ?? {})) node.addEventListener(name, listener);
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function clear(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

export function inline(text) {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]`]+\]\(#[a-z0-9-]+\))/)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.length > 2 && part.startsWith("`") && part.endsWith("`")) return el("code", {}, unbroken(part.slice(1, -1)));
      if (part.length > 4 && part.startsWith("**") && part.endsWith("**")) {
        return el("strong", {}, inline(part.slice(2, -2)));
      }
      const [, term, id] = /^\[([^\]]+)\]\(#([a-z0-9-]+)\)$/.exec(part) ?? [];
      if (id) return el("a", { class: "term", text: term, attrs: { href: `/glossary?lang=${language}#${id}` } });
      return document.createTextNode(part);
    });
}

// An option such as --model is not parted after its hyphens.
function unbroken(code) {
  return code.split(/(--[\w-]+)/).map((part) => (part.startsWith("--") ? el("span", { class: "unbroken", text: part }) : part));
}

export function rich(text) {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => el("p", {}, inline(paragraph.trim())));
}

export function fill(template, values = {}) {
  return String(template)
    .replace(/\{:(\w+):([^{}|]*)\|([^{}|]*)\}/g, (slot, name, one, more) =>
      name in values ? (String(values[name]) === "1" ? one : more) : slot)
    .replace(/\{:(\w+)\}/g, (slot, name) => (name in values ? String(values[name]) : slot));
}

// Sentences one after the other; in Chinese the full stop brings its own space.
export function sentences(...parts) {
  return parts.filter(Boolean).join(language === "zh" ? "" : " ");
}

let serial = 0;
function newId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

// --- controls ------------------------------------------------------------------------------------------------------

export function button({ label, onClick, kind = "plain", testid, disabled = false, pressed }) {
  const node = el("button", { class: `button ${kind}`, text: label, testid, attrs: { type: "button" } });
  node.disabled = disabled;
  if (pressed !== undefined) node.setAttribute("aria-pressed", String(pressed));
  if (onClick) node.addEventListener("click", onClick);
  return node;
}

export function slider({ label, min, max, step, value, format = String, onInput, testid, ticks }) {
  const id = newId("slider");
  const input = el("input", { id, testid, class: "range", attrs: { type: "range", min, max, step } });
  const output = el("output", { class: "slider-value", attrs: { for: id } });
  const show = () => {
    const text = format(Number(input.value));
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--filled", `${(100 * (Number(input.value) - min)) / (max - min)}%`);
  };
  input.value = String(value);
  show();
  input.addEventListener("input", () => {
    show();
    if (onInput) onInput(Number(input.value));
  });
  const node = el(
    "div",
    { class: "slider" },
    el("div", { class: "slider-head" }, el("label", { text: label, attrs: { for: id } }), output),
    input,
  );
  if (ticks) {
    const scale = el("div", { class: "ticks", attrs: { "aria-hidden": "true" } });
    for (const { at, text } of ticks) {
      const tick = el("span", { text });
      tick.style.setProperty("--at", String((at - min) / (max - min)));
      scale.append(tick);
    }
    node.append(scale);
  }
  return {
    node,
    input,
    get value() {
      return Number(input.value);
    },
    set value(next) {
      input.value = String(next);
      show();
    },
  };
}

export function select({ label, options, value, onChange, testid }) {
  const id = newId("select");
  const input = el("select", { id, testid, class: "input" });
  const setOptions = (list, chosen) => {
    clear(input, list.map((option) => el("option", { text: option.text, attrs: { value: option.value } })));
    if (chosen !== undefined) input.value = String(chosen);
  };
  setOptions(options, value);
  if (onChange) input.addEventListener("change", () => onChange(input.value));
  return {
    node: el("div", { class: "control" }, el("label", { text: label, attrs: { for: id } }), input),
    input,
    setOptions,
    get value() {
      return input.value;
    },
    set value(next) {
      input.value = String(next);
    },
  };
}

export function field({
  label, value = "", placeholder, maxLength, onInput, onEnter, testid, type = "text", min, max, step, wide = false,
}) {
  const id = newId("field");
  const input = el("input", {
    id,
    testid,
    class: "input",
    attrs: {
      type, placeholder, maxlength: maxLength, min, max, step,
      autocomplete: "off", autocapitalize: "none", spellcheck: "false",
    },
  });
  input.value = value;
  if (onInput) input.addEventListener("input", () => onInput(input.value));
  if (onEnter) {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) onEnter(input.value);
    });
  }
  return {
    node: el("div", { class: `control${wide ? " wide" : ""}` }, el("label", { text: label, attrs: { for: id } }), input),
    input,
    get value() {
      return input.value;
    },
    set value(next) {
      input.value = next;
    },
  };
}

export function checkbox({ label, checked = false, onChange, testid }) {
  const input = el("input", { testid, attrs: { type: "checkbox" } });
  input.checked = checked;
  if (onChange) input.addEventListener("change", () => onChange(input.checked));
  return {
    node: el("label", { class: "check" }, input, el("span", { text: label })),
    input,
    get checked() {
      return input.checked;
    },
    set checked(next) {
      input.checked = next;
    },
  };
}

export function choice({ label, options, value, onChange, testid }) {
  const name = newId("choice");
  const inputs = [];
  const node = el("fieldset", { class: "choice", testid }, el("legend", { text: label }));
  const row = el("div", { class: "choice-row" });
  for (const option of options) {
    const input = el("input", { attrs: { type: "radio", name, value: option.value } });
    input.checked = option.value === value;
    input.addEventListener("change", () => onChange && onChange(option.value));
    inputs.push(input);
    row.append(el("label", { class: "choice-option" }, input, el("span", { text: option.text })));
  }
  node.append(row);
  return {
    node,
    get value() {
      return inputs.find((input) => input.checked)?.value;
    },
    set value(next) {
      for (const input of inputs) input.checked = input.value === String(next);
    },
  };
}

export function controls(...nodes) {
  return el("div", { class: "controls" }, nodes);
}

// --- showing -------------------------------------------------------------------------------------------------------

export function live({ testid, class: name = "" } = {}) {
  return el("div", { class: `live ${name}`.trim(), testid, attrs: { "aria-live": "polite" } });
}

export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

export function stats(list) {
  return el(
    "dl",
    { class: "stats" },
    list.map(({ label, value, testid }) =>
      el("div", {}, el("dt", { text: label }), el("dd", { testid }, value instanceof Node ? value : String(value))),
    ),
  );
}

export function table({ caption, head, rows, numeric = [], testid, rowHeaders = true }) {
  const kind = (column) => (numeric.includes(column) ? "number" : null);
  return el(
    "table",
    { class: "table", testid },
    caption && el("caption", { text: caption }),
    head &&
      el("thead", {}, el("tr", {}, head.map((cell, i) => el("th", { class: kind(i), attrs: { scope: "col" } }, cell)))),
    el(
      "tbody",
      {},
      rows.map((row) =>
        el(
          "tr",
          {},
          row.map((cell, i) =>
            i === 0 && rowHeaders
              ? el("th", { class: kind(i), attrs: { scope: "row" } }, cell)
              : el("td", { class: kind(i) }, cell),
          ),
        ),
      ),
    ),
  );
}

export function scroller(label, ...children) {
  return el("div", { class: "scroller", attrs: { tabindex: "0", role: "region", "aria-label": label } }, children);
}

export function more(summary, ...children) {
  return el("details", { class: "more" }, el("summary", { text: summary }), children);
}

export function alternative(summary, { head, rows, numeric }) {
  return more(summary, scroller(summary, table({ head, rows, numeric })));
}

const SIGNS = { good: "✓", bad: "✗", note: "→", error: "!" };

export function message(kind, text, testid) {
  return el(
    "p",
    { class: `message ${kind}`, testid, attrs: kind === "error" ? { role: "alert" } : {} },
    el("span", { class: "sign", text: SIGNS[kind], attrs: { "aria-hidden": "true" } }),
    el("span", {}, inline(text)),
  );
}

export function seen(text) {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0);
      if (character === " ") return "␣";
      if (code < 32) return String.fromCodePoint(0x2400 + code);
      return code === 127 ? "␡" : character;
    })
    .join("");
}

export function symbol(text) {
  return el("span", { class: "symbol", text: seen(text) });
}

export function items(list, { testid, limit = 200, label } = {}) {
  return el(
    "ul",
    { class: "items", testid, attrs: { "aria-label": label } },
    list.slice(0, limit).map((item) => el("li", { text: item === "" ? "∅" : item })),
  );
}

export function grid(...nodes) {
  return el("div", { class: "grid" }, nodes);
}

export function heading(text, level = 3) {
  return el(`h${level}`, { class: "figure-heading", text });
}

const PYTHON =
  /(#[^\n]*)|("""[\s\S]*?"""|'''[\s\S]*?'''|[rfb]{0,2}"(?:\\.|[^"\\\n])*"|[rfb]{0,2}'(?:\\.|[^'\\\n])*')|\b(and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b|\b(\d[\d_]*\.?\d*(?:e[+-]?\d+)?)\b/g;
const PYTHON_KINDS = ["comment", "string", "keyword", "number"];

function python(code) {
  const nodes = [];
  let end = 0;
  for (const match of code.matchAll(PYTHON)) {
    nodes.push(code.slice(end, match.index));
    const kind = PYTHON_KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    nodes.push(el("span", { class: `py-${kind}`, text: match[0] }));
    end = match.index + match[0].length;
  }
  nodes.push(code.slice(end));
  return nodes;
}

export function codeBlock({ code, href, labels, testid }) {
  return el(
    "figure",
    { class: "code-block", testid },
    el(
      "figcaption",
      {},
      el("span", { text: labels.title }),
      href && el("a", { text: labels.source, attrs: { href, target: "_blank", rel: "noopener" } }),
    ),
    el("pre", { attrs: { tabindex: "0", role: "group", "aria-label": labels.name ?? labels.title } }, el("code", {}, python(code.trim()))),
  );
}

// --- numbers -------------------------------------------------------------------------------------------------------

const formats = new Map(); // to make one takes a tenth of a millisecond, and a chart has hundreds of numbers

function written(n, options) {
  const locale = language === "zh" ? "zh-CN" : "en-US";
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale, options));
  return formats.get(key).format(n);
}

function asNumber(value) {
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return Number(value);
}

export function integer(value) {
  return written(asNumber(value), { maximumFractionDigits: 0 });
}

export function fixed(value, digits = 4) {
  const n = asNumber(value);
  if (n === Infinity) return "∞";
  if (n === -Infinity) return "−∞";
  const text = written(n, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace("-", "−");
}

export function percent(value, digits = 1) {
  const p = asNumber(value) * 100;
  const least = 10 ** -digits;
  if (p > 0 && p < least / 2) return `< ${least.toFixed(digits)}%`;
  return `${p.toFixed(p === 0 || p === 100 ? 0 : digits)}%`;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function short(value, digits = 4) {
  const n = asNumber(value);
  if (n === 0 || !Number.isFinite(n)) return fixed(n, 0);
  if (Math.abs(n) >= 1e-3 && Math.abs(n) < 1e6) {
    return written(n, { maximumSignificantDigits: digits });
  }
  const [factor, power] = n.toExponential(digits - 1).split("e");
  return `${factor}\u00a0×\u00a010${[...String(Number(power))].map((sign) => RAISED[sign]).join("")}`;
}

// --- time ----------------------------------------------------------------------------------------------------------

export function debounce(work, ms = 25) {
  let timer = null;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
