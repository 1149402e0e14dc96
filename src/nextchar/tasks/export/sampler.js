// Draws items from a packed model: the same ones as Python, for the same seed.
//
// The model is a finite automaton. A state lists some symbols with their probabilities and the states that they lead
// to; of every other symbol it says what the state it links to says, times a factor. Symbol 0 is the end of an item.
// All that is computed is the random stream (SplitMix64), products, sums and comparisons.

/** What `packed.py` has written, read back: a document, and typed arrays by name. */
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const raw = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = raw[0] + raw[1] * 2 ** 8 + raw[2] * 2 ** 16 + raw[3] * 2 ** 24;
  const model = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + size)));
  const types = { Uint8Array, Uint16Array, Uint32Array, Float64Array };
  let at = 4 + size;
  for (const [name, type, count] of model.arrays) {
    const width = types[type].BYTES_PER_ELEMENT;
    const whole = new Uint8Array(count * width);
    for (let plane = 0; plane < width; plane++) {
      for (let i = plane; i < whole.length; i += width) whole[i] = raw[at++];
    }
    model[name] = new types[type](whole.buffer);
  }
  return model;
}

// ---- 64-bit numbers as two halves of 32 bits: [upper, lower] ----

const GOLDEN = [0x9e3779b9, 0x7f4a7c15];

function add(a, b) {
  const low = a[1] + b[1];
  return [(a[0] + b[0] + (low > 0xffffffff ? 1 : 0)) >>> 0, low >>> 0];
}

function times(a, b) {
  const a0 = a[1] & 0xffff;
  const a1 = a[1] >>> 16;
  const b0 = b[1] & 0xffff;
  const b1 = b[1] >>> 16;
  const first = a0 * b0;
  const middle = a1 * b0 + (first >>> 16); // below 2^32 + 2^16, exact
  const other = a0 * b1 + (middle % 0x10000);
  const upper = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
  const low = (other % 0x10000) * 0x10000 + (first & 0xffff);
  return [(upper + Math.imul(a[0], b[1]) + Math.imul(a[1], b[0])) >>> 0, low >>> 0];
}

/** a ^ (a >> bits), for bits below 32. */
function shifted(a, bits) {
  return [(a[0] ^ (a[0] >>> bits)) >>> 0, (a[1] ^ ((a[1] >>> bits) | (a[0] << (32 - bits)))) >>> 0];
}

/** SplitMix64's finaliser: scatters the bits so that neighbours look unrelated. */
function mix(z) {
  z = times(shifted(z, 30), [0xbf58476d, 0x1ce4e5b9]);
  z = times(shifted(z, 27), [0x94d049bb, 0x133111eb]);
  return shifted(z, 31);
}

function word(number) {
  return [Math.floor(number / 2 ** 32) >>> 0, number % 2 ** 32 >>> 0];
}

/** The t-th uniform number in [0, 1) of an item's sequence: the upper 53 bits of the output. */
function uniform(key, t) {
  const bits = mix(add(key, times(GOLDEN, word(t + 1))));
  return (bits[0] * 2 ** 21 + (bits[1] >>> 11)) * 2 ** -53;
}

// ---- the model ----

const ENDLESS = 10000; // symbols after which an item is given up
const BARREN = 50000; // draws without a single item that is wanted, after which no more are tried
const ROWS = 2 ** 22; // numbers in the rows that are kept
const MESSAGES = 2 ** 25; // numbers in the messages of lengths

/** The functions of a model that was unpacked. */
function samplerOf(model) {
  const { symbols, unknown, start, count, symbol, target, link, prob, factor } = model;
  const S = count.length;
  const V = symbols.length + 1 + (unknown === null ? 0 : 1);
  const texts = ["", ...symbols];
  const ids = new Map(symbols.map((name, i) => [name, i + 1]));
  const first = new Uint32Array(S + 1);
  const depth = new Uint16Array(S); // links to the root
  for (let s = 0; s < S; s++) first[s + 1] = first[s] + count[s];
  for (let s = 1; s < S; s++) depth[s] = count[s] === V ? 0 : depth[link[s]] + 1;

  // ---- rows: p(w | state) and where w leads, for all w ----

  const slots = []; // of each depth the row that was made last, from which those that link to it are made
  function made(s) {
    const slot = (slots[depth[s]] ??= { state: -1, p: new Float64Array(V), to: new Uint32Array(V) });
    if (slot.state === s) return slot;
    slot.state = s;
    if (depth[s]) {
      const { p, to } = made(link[s]);
      const weight = factor[s];
      for (let w = 0; w < V; w++) slot.p[w] = p[w] * weight;
      slot.to.set(to);
    }
    for (let e = first[s]; e < first[s + 1]; e++) {
      slot.p[symbol[e]] = prob[e];
      slot.to[symbol[e]] = target[e];
    }
    if (unknown !== null) slot.p[unknown] = 0;
    return slot;
  }

  const kept = new Map();
  function row(s) {
    let found = kept.get(s);
    if (!found) {
      const { p, to } = made(s);
      found = { p: p.slice(), to: to.slice() };
      if ((kept.size + 1) * V > ROWS) kept.clear();
      kept.set(s, found);
    }
    return found;
  }

  // ---- drawing ----

  const sums = new Float64Array(V);

  /** The first symbol whose sum exceeds u times the total; -1 where nothing is possible. */
  function drawn(u) {
    const total = sums[V - 1];
    if (!(total > 0)) return -1;
    const mark = u * total;
    let low = 0;
    let high = V - 1; // a mark that rounding has brought up to the total draws the last symbol that adds to it
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] <= mark && sums[middle] < total) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** As wide as a row: symbols in any order, from left to right; the end only from `shortest` characters on. */
  function leftToRight(shortest) {
    return (s, t) => {
      const { p } = row(s);
      let sum = 0;
      for (let w = 0; w < V; w++) {
        if (w || t >= shortest) sum += p[w];
        sums[w] = sum;
      }
    };
  }

  /** Of the items that meet the lengths: each symbol weighed by how probable it is that an item then ends well. */
  function withinLengths(shortest, longest) {
    const { messages, ends } = messagesOf(shortest, longest);
    const L = messages.length - 1;
    return (s, t) => {
      const { p, to } = row(s);
      const last = longest !== null && t >= L;
      const k = Math.min(t + 1, L);
      let sum = t < shortest ? 0 : last ? p[0] : p[0] * ends[k];
      sums[0] = sum;
      for (let w = 1; w < V; w++) {
        if (!last) sum += p[w] * messages[k][to[w]];
        sums[w] = sum;
      }
    };
  }

  let latest = { key: "" };

  /**
   * How probable it is that an item ends well from each state after t characters, up to a factor for each t, which
   * `ends` has for the probability to end at once.
   */
  function messagesOf(shortest, longest) {
    const key = `${shortest} ${longest}`;
    if (latest.key === key) return latest;
    const endless = longest === null;
    const L = endless ? shortest : longest;
    if ((L + 1) * S > MESSAGES || !model.lengths) {
      throw refused("large", `this model is too large for lengths up to ${L}; give smaller ones, or none`);
    }
    if (endless && model.ends === false) {
      throw refused("endless", "items of this model hardly ever end; give maxLength");
    }
    const messages = [];
    const ends = [];
    let message = endless ? (model.ends instanceof Float64Array ? model.ends : new Float64Array(S).fill(1)) : null;
    let scale = 1;
    for (let t = L; t >= 0; t--) {
      const now = new Float64Array(S);
      let top = 0;
      for (let s = 0; s < S; s++) {
        const { p, to } = made(s);
        let sum = 0;
        if (message) for (let w = 1; w < V; w++) sum += p[w] * message[to[w]];
        if (t >= shortest) sum += p[0] * scale;
        now[s] = sum;
        if (sum > top) top = sum;
      }
      if (!top) throw noItem();
      for (let s = 0; s < S; s++) now[s] /= top;
      scale /= top;
      messages[t] = message = now;
      ends[t] = scale;
    }
    latest = { key, messages, ends };
    return latest;
  }

  function noItem() {
    return refused("none", "no item of this model meets these conditions");
  }

  // ---- which items are wanted ----

  const conditions = model.conditions.map(({ otherwise, first, symbols, target, accepting }) => ({
    exceptions: otherwise.map((_, s) => {
      const entries = symbols.slice(first[s], first[s + 1]).map((id, i) => [id, target[first[s] + i]]);
      return new Map(entries);
    }),
    otherwise,
    accepting,
  }));

  /** Whether the text options of the model leave an item as it is, or one that begins so, may leave it. */
  function stable(item, whole = true) {
    return conditions.every(({ exceptions, otherwise, accepting }) => {
      let state = 0;
      for (const id of item) {
        state = exceptions[state].get(id) ?? otherwise[state];
        if (state < 0) return false;
      }
      return !whole || accepting[state] === 1;
    });
  }

  /** Whether an item's fingerprint is one of the training items'. */
  function known(item) {
    let total = mix([0, item.length + 1]); // of the end
    item.forEach((id, i) => (total = add(total, mix([model.print[id], i + 1]))));
    const [high, low] = mix(total);
    let begin = 0;
    let end = model.knownHigh.length;
    while (begin < end) {
      const middle = (begin + end) >> 1;
      const before =
        model.knownHigh[middle] < high || (model.knownHigh[middle] === high && model.knownLow[middle] < low);
      if (before) begin = middle + 1;
      else end = middle;
    }
    return model.knownHigh[begin] === high && model.knownLow[begin] === low;
  }

  // ---- prefixes ----

  function split(text) {
    if (!model.clusters) return Array.from(text);
    return Array.from(new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text), (part) => part.segment);
  }

  function treated(text) {
    if (model.nfc) text = text.normalize("NFC");
    if (model.lower) text = text.toLowerCase();
    return model.nfc ? text.normalize("NFC") : text;
  }

  /** The ids of what items begin with, as the model reads text. */
  function begun(prefix) {
    const found = new Set([treated(prefix), treated(`${prefix}ʀ`).slice(0, -1)]); // a sigma at the end of a word
    const readings = [...found].map(split);
    const possible = readings.filter((reading) => reading.every((name) => ids.has(name)));
    if (!possible.length) {
      const missing = readings[0].find((name) => !ids.has(name));
      throw refused("unknown", `the model does not know ${JSON.stringify(missing)}`, missing);
    }
    if (possible.length > 1) throw refused("sigma", "give the prefix in small letters: a sigma can be σ or ς");
    return possible[0].map((name) => ids.get(name));
  }

  /** The state after a prefix. */
  function after(prefix) {
    let state = start;
    for (const id of prefix) {
      const { p, to } = row(state);
      if (!(p[id] > 0)) throw refused("prefix", "no item of this model begins with this prefix");
      state = to[id];
    }
    return state;
  }

  /**
   * Draws items; the same seed gives the same ones as in Python.
   *
   * @param {number} n how many.
   * @param {object} [options]
   * @param {number|bigint} [options.seed] a whole number from 0 to 2^64 - 1; without one, other items each time.
   * @param {string} [options.prefix] what every item begins with.
   * @param {number} [options.minLength] the least number of characters; by default 1.
   * @param {number} [options.maxLength] the largest number of characters.
   * @param {boolean} [options.new] no item of the training data.
   * @returns {string[]} the items; fewer than n where hardly any meets the conditions.
   * @throws {RangeError} an argument is out of its range, or no item meets the conditions.
   */
  function sample(n = 1, options = {}) {
    const plan = checked(n, options);
    const prefix = begun(plan.prefix);
    const shortest = plan.minLength ?? 1;
    const longest = plan.maxLength;
    if (longest !== null && prefix.length > longest) throw refused("long", "the prefix is longer than maxLength");
    if (plan.new && !model.knownHigh) throw refused("items", "this model has not kept which items it was trained on");
    if (!stable(prefix, false)) throw refused("prefix", "no item of this model begins with this prefix");
    const state = after(prefix);
    const bounded = shortest > 1 || longest !== null;
    const sum = bounded ? withinLengths(shortest, longest) : leftToRight(shortest);
    if (bounded) {
      sum(state, prefix.length);
      if (!(sums[V - 1] > 0)) throw noItem();
    }
    const base = times(plan.seed, GOLDEN);

    function item(number) {
      const key = mix(add(base, word(number + 1)));
      const written = [...prefix];
      let at = state;
      for (;;) {
        if (written.length >= ENDLESS) {
          throw refused("endless", `an item has not ended after ${ENDLESS} characters; give maxLength`);
        }
        sum(at, written.length);
        const id = drawn(uniform(key, written.length));
        if (id < 0) return null;
        if (id === 0) return written;
        written.push(id);
        at = row(at).to[id];
      }
    }

    // Parts as large as Python's, so that both give up at the same place where hardly any item is wanted.
    const wide = Math.max(Math.floor(2 ** 24 / V), 1);
    let most = Math.min(2 ** 12, wide);
    let tried = 0;
    let barren = 0;
    const items = [];
    while (items.length < n && barren < BARREN) {
      const missing = n - items.length;
      const part = Math.min(tried ? Math.floor((missing * tried) / Math.max(items.length, 1)) + 1 : missing, most);
      most = Math.min(4 * most, 2 ** 17, wide);
      const before = items.length;
      for (const end = tried + part; tried < end; tried++) {
        if (items.length === n) continue;
        const ids = item(tried);
        if (ids && stable(ids) && !(plan.new && known(ids))) items.push(ids.map((id) => texts[id]).join(""));
      }
      barren = items.length > before ? 0 : barren + part;
    }
    if (n && !items.length && (bounded || !plan.new)) throw noItem();
    return items;
  }

  return { sample, knowsItems: Boolean(model.knownHigh), symbols };
}

/** An error for people, with a code for a page that says it in another language, and what it is about. */
function refused(code, message, about = "") {
  return Object.assign(new RangeError(message), { code, about });
}

const OPTIONS = ["seed", "prefix", "minLength", "maxLength", "new"];

/** The arguments of `sample`, each of its type and in its range; the seed as two halves. */
function checked(n, options) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) throw refused("option", `there is no option ${name}; there are ${OPTIONS.join(", ")}`);
  }
  whole("n", n);
  const prefix = options.prefix ?? "";
  const { seed = null, minLength = null, maxLength = null } = options;
  if (typeof prefix !== "string") throw refused("option", "prefix is a text");
  if (minLength !== null) whole("minLength", minLength);
  if (maxLength !== null) whole("maxLength", maxLength);
  if (maxLength !== null && maxLength < (minLength ?? 1)) throw refused("lengths", "minLength (by default 1) is above maxLength");
  return { prefix, minLength, maxLength, new: Boolean(options.new), seed: seedOf(seed) };
}

function whole(name, value) {
  if (!Number.isSafeInteger(value) || value < 0) throw refused(name, `${name} is a whole number of at least 0`);
}

function seedOf(seed) {
  if (seed === null) return Array.from(crypto.getRandomValues(new Uint32Array(2)));
  const isWhole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  if (!isWhole || seed < 0 || seed >= 2n ** 64n) {
    throw refused("seed", "a seed is a whole number from 0 to 2^64 - 1; above 2^53 as a BigInt, such as 12n");
  }
  const bits = BigInt(seed);
  return [Number(bits >> 32n), Number(bits & 0xffffffffn)];
}
