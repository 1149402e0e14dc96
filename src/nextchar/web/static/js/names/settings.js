// What is wanted, as the address has it. All that decides which names come is in the address and nowhere else.
//
//   read() -> settings      from the address
//   write(settings)         to the address, in place
//   body(settings)          what the server is sent
//   pack(text), unpack(part)   a list as a part of an address, compressed

export const MOST_EDITS = 5;
const USUAL = {
  list: "creatures", model: "3", starts: "", contains: "", ends: "", pattern: "",
  min_length: null, max_length: null, pronounceable: false, new: true, min_distance: 0, seed: "1", n: 24,
};
// Lengths: null stands for those of the list, "" for any.
const FLAGS = ["pronounceable", "new"];
const NUMBERS = ["min_distance", "n"];

export function usual() {
  return { ...USUAL };
}

export function read(query = new URLSearchParams(location.search)) {
  const settings = usual();
  for (const key of Object.keys(USUAL)) {
    const text = query.get(key);
    if (text === null) continue;
    if (FLAGS.includes(key)) settings[key] = text === "1";
    else if (NUMBERS.includes(key)) settings[key] = Math.max(0, Number.parseInt(text, 10) || 0);
    else settings[key] = text;
  }
  settings.n = Math.min(Math.max(settings.n, 1), 200);
  settings.min_distance = Math.min(settings.min_distance, MOST_EDITS);
  return settings;
}

// The list, the model and the seed always stand in it, so that an address means the same when what is usual changes.
export function query(settings, lang) {
  const found = new URLSearchParams({ lang });
  for (const [key, value] of Object.entries(settings)) {
    const always = key === "list" || key === "model" || key === "seed";
    if (value === null) continue;
    if (always || value !== USUAL[key]) found.set(key, FLAGS.includes(key) ? (value ? "1" : "0") : String(value));
  }
  return `?${found}`;
}

export function write(settings, lang, fragment) {
  history.replaceState(history.state, "", location.pathname + query(settings, lang) + fragment);
}

export function body(settings) {
  const { list, model, starts, contains, ends, pattern, pronounceable, min_distance, seed, n } = settings;
  const whole = (text) => text || null;
  return {
    list, model, starts, contains, ends, pattern, pronounceable, min_distance, seed, n, new: settings.new,
    min_length: whole(settings.min_length), max_length: whole(settings.max_length),
  };
}

export const MOST_PACKED = 16_000; // characters of an address

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

export async function pack(text) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function unpack(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
}
