// The page around the sampler: its form, its list, its two languages, and an address that brings the same list again.

const at = (id) => document.getElementById(id);
const texts = JSON.parse(at("texts").textContent);
const LETTER = 0.68; // em, about as wide as a letter of the list is
const WIDEST = 16; // em, of a column
const FIELDS = ["count", "prefix", "min", "max", "seed"];
const FIELD_OF = {
  n: "count", minLength: "min", maxLength: "max", lengths: "min", seed: "seed",
  long: "prefix", prefix: "prefix", unknown: "prefix", sigma: "prefix",
};
let language = navigator.languages?.[0]?.toLowerCase().startsWith("zh") ? "zh" : "en";
let model = null;
let said = { status: ["loading"], error: null }; // what stands in the two lines, so that it can change its language

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function say(key, values = {}) {
  return filled(texts[language][key], values);
}

function sayError(code, values) {
  return filled(texts[language].errors[code] ?? texts[language].errors.other, values);
}

function number(value) {
  return value.toLocaleString(language === "zh" ? "zh-CN" : "en");
}

function show() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-text]")) {
    if (element.id !== "about" && element.id !== "status") element.textContent = say(element.dataset.text);
  }
  at("about").textContent = texts.items ? say("about", { items: number(texts.items) }) : say("about_unknown");
  at("language").lang = language === "zh" ? "en" : "zh-CN";
  const { status, error } = said;
  at("status").textContent = status ? say(...status) : "";
  at("error").textContent = error ? sayError(...error) : "";
  at("error").hidden = !error;
}

function tell(status, error = null) {
  said = { status, error };
  for (const id of FIELDS) at(id).removeAttribute("aria-invalid");
  if (error && FIELD_OF[error[0]]) at(FIELD_OF[error[0]]).setAttribute("aria-invalid", "true");
  show();
}

/** What a field holds: a whole number, null where it is empty, and NaN for anything else. */
function numberIn(id) {
  const field = at(id);
  if (field.validity.badInput) return NaN;
  return field.value.trim() === "" ? null : Number(field.value);
}

function seedIn() {
  const text = at("seed").value.trim();
  return /^\d{1,20}$/.test(text) ? BigInt(text) : NaN;
}

/** The list that the form describes. */
function draw() {
  const n = numberIn("count");
  const wanted = Number.isInteger(n) && n >= 1 && n <= 10000 ? n : NaN;
  let items = [];
  try {
    items = model.sample(wanted, {
      seed: seedIn(), prefix: at("prefix").value, minLength: numberIn("min"), maxLength: numberIn("max"),
      new: at("new").checked && model.knowsItems,
    });
    const key = items.length === wanted ? "drawn" : items.length ? "fewer" : "nothing";
    tell([key, { n: number(items.length), wanted: number(wanted), seed: at("seed").value.trim() }]);
    remember();
  } catch (error) {
    tell(null, [error.code ?? "other", { about: error.code ? error.about : error.message }]);
  }
  const list = document.createDocumentFragment();
  for (const item of items) {
    const line = document.createElement("li");
    line.textContent = item;
    line.dir = "auto";
    list.append(line);
  }
  // columns as wide as the longest item, so that none is broken
  const longest = items.reduce((most, item) => Math.max(most, item.length), 0);
  at("items").style.setProperty("--widest", `${Math.min(LETTER * longest, WIDEST)}em`);
  at("items").replaceChildren(list);
  at("copy").disabled = !items.length;
}

function newSeed() {
  at("seed").value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
}

// ---- the address ----

function remember() {
  const parts = new URLSearchParams();
  for (const id of FIELDS) if (at(id).value !== "") parts.set(id, at(id).value);
  parts.set("new", at("new").checked ? "1" : "0");
  parts.set("lang", language);
  try {
    history.replaceState(null, "", `#${parts}`);
  } catch {
    // some browsers keep the address of a local file as it is
  }
}

function recall() {
  const parts = new URLSearchParams(location.hash.slice(1));
  for (const id of FIELDS) if (parts.has(id)) at(id).value = parts.get(id);
  if (parts.has("new")) at("new").checked = parts.get("new") === "1";
  if (["en", "zh"].includes(parts.get("lang"))) language = parts.get("lang");
  return parts.has("seed");
}

async function copy() {
  const lines = Array.from(at("items").children, (line) => line.textContent);
  try {
    await navigator.clipboard.writeText(`${lines.join("\n")}\n`);
    tell(["copied"]);
  } catch {
    getSelection().selectAllChildren(at("items"));
    tell(["not_copied"]);
  }
}

at("new").checked = true;
const recalled = recall();
show();
at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  show();
  if (model) remember();
});
at("copy").addEventListener("click", copy);
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!model) return;
  newSeed();
  draw();
});
at("repeat").addEventListener("click", () => model && draw());
addEventListener("hashchange", () => {
  if (recall() && model) draw();
});
try {
  model = samplerOf(await unpack(at("model").textContent));
  at("new-field").hidden = !model.knowsItems;
  if (!recalled) newSeed();
  draw();
  document.body.dataset.ready = "true";
} catch (error) {
  tell(null, [typeof DecompressionStream === "undefined" ? "old" : "other", { about: error.message }]);
}
