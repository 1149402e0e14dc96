// Talking to the server: JSON in, JSON out. Nothing here knows what the numbers mean.
//
//   setLanguage(lang)                                  the language that refusals are to be written in ("en", "zh")
//   get(path, params = {}, {signal} = {})              -> Promise of the JSON;  path without /api: get("/pair", {first: 1})
//   post(path, body = {}, {signal} = {})               -> Promise of the JSON; of a file {name, blob}
//   remove(path, {signal} = {})                        -> Promise of the JSON (or null)
//   stream(path, body, {signal, onEvent})              -> Promise, settled when the stream ends; onEvent(name, data) for
//                                                         every server-sent event; abort the signal to stop
//   latest()                                           -> run(async (signal) => ...): starting a run aborts the one before
//                                                         it; an aborted run resolves to undefined, other errors are thrown
//   inTurn(signal)                                     -> run(async (signal) => ...): one run at a time; of those that
//                                                         are started meanwhile the last one has its turn next. Only the
//                                                         newest resolves to its result, the others to undefined
//   setList(fingerprint)                               the list that the page shows: it goes with every request, and if
//                                                         another one is in use by then the answer is an ApiError whose
//                                                         code is "list-gone"; {anyList: true} for a request that may
//                                                         be answered from whichever list there is
//   on(event, fn)                                      "lost": the program does not answer; "found": it does again;
//                                                         "gone" (error): a list-gone; "answer" (document): any answer
//   isAbort(error)                                     -> true for the error of an aborted request
//   ApiError                                           .message (for the reader, in their language), .code, .status, .details

export class ApiError extends Error {
  constructor(message, code, status, details = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

let language = "en";
let list = null;
const listeners = { lost: [], found: [], gone: [], answer: [] };

export function setList(fingerprint) {
  list = fingerprint;
}

export function on(event, listener) {
  listeners[event].push(listener);
}

function tell(event, ...details) {
  for (const listener of listeners[event]) listener(...details);
}

export function setLanguage(lang) {
  language = lang;
}

export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

function address(path, params) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(asText({ ...params, lang: language }))) query.set(key, value);
  return `/api${path}?${query}`;
}

async function refusal(response) {
  let code = "http";
  let message = `${response.status} ${response.statusText}`;
  let details = {};
  try {
    const { error } = await response.json();
    if (error && error.message) ({ code, message, ...details } = error);
  } catch {
    // Not JSON: the status line has to do.
  }
  return new ApiError(message, code, response.status, details);
}

// --- a program that is not there -----------------------------------------------------------------------------------

const PAUSE = 1000; // ms between two looks whether it is back
let waiting = null; // Promise, settled when it is back

// As fetch, but waits where nobody answers: whoever asked goes on when the program is back.
async function reach(url, options) {
  for (;;) {
    try {
      return await fetch(url, options);
    } catch (error) {
      if (isAbort(error) || options.signal?.aborted) throw error;
      await untilAborted(back(), options.signal);
    }
  }
}

function back() {
  waiting ??= (async () => {
    tell("lost");
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      try {
        await fetch("/favicon.ico", { cache: "no-store" });
        break;
      } catch {
        // Not yet.
      }
    }
    waiting = null;
    tell("found");
  })();
  return waiting;
}

function untilAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve).finally(() => signal.removeEventListener("abort", stop));
  });
}

function headers(accept, anyList) {
  const found = { Accept: accept };
  if (list !== null && !anyList) found["X-Nextchar-List"] = list;
  return found;
}

async function failed(response) {
  const error = await refusal(response);
  if (error.code === "list-gone") tell("gone", error);
  return error;
}

// --- what the page has already --------------------------------------------------------------------------------------

// What the program knew beforehand of the list that the page began with: what is only read for all who ask, what is sent
// for the first; of a page that the browser had kept it may be old.
const [visit] = performance.getEntriesByType("navigation");
let first = visit?.type === "back_forward" ? [] : JSON.parse(document.getElementById("first")?.textContent ?? "[]");
const firstLanguage = document.documentElement.lang.slice(0, 2);
const sorted = (value) => (value instanceof Object && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
const same = (values) => JSON.stringify(values, (_, value) => sorted(value));

function known(method, path, values) {
  if (method !== "GET" && (path === "/data" || path === "/text")) first = []; // another list or text from now on
  if (language !== firstLanguage) first = first.filter((entry) => !/site|chapter/.test(entry.path));
  const at = first.findIndex((entry) => entry.method === method && entry.path === `/api${path}` && same(entry.values) === same(values));
  if (at < 0) return undefined;
  return method === "GET" ? structuredClone(first[at].answer) : first.splice(at, 1)[0].answer;
}

function asText(params) {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, String(value)]));
}

// --- asking --------------------------------------------------------------------------------------------------------

async function request(method, path, { params = {}, body, signal, anyList = false } = {}) {
  const already = known(method, path, method === "GET" ? asText(params) : (body ?? {}));
  if (already) return already;
  const options = { method, signal, headers: headers("application/json", anyList), credentials: "same-origin" };
  if (method !== "GET") options.headers["Content-Type"] = "application/json";
  if (body !== undefined) {
    options.body = JSON.stringify({ ...body, lang: language });
  }
  const response = await reach(address(path, params), options);
  if (!response.ok) throw await failed(response);
  if (response.status === 204) return null;
  const file = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  if (file) return { name: file[1], blob: await response.blob() };
  const document = await response.json();
  tell("answer", document);
  return document;
}

export function get(path, params = {}, { signal, anyList } = {}) {
  return request("GET", path, { params, signal, anyList });
}

export function post(path, body = {}, { signal, anyList } = {}) {
  return request("POST", path, { body, signal, anyList });
}

export function remove(path, { signal, anyList } = {}) {
  return request("DELETE", path, { signal, anyList });
}

export async function stream(path, body, { signal, onEvent }) {
  const response = await reach(address(path, {}), {
    method: "POST",
    signal,
    headers: { ...headers("text/event-stream"), "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, lang: language }),
    credentials: "same-origin",
  });
  if (!response.ok) throw await failed(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      if (!isAbort(error)) back(); // says so, and looks for it
      throw error;
    });
    if (done) return;
    rest += value.replaceAll("\r", "");
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      let name = "message";
      const data = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
      }
      if (data.length) onEvent(name, JSON.parse(data.join("\n")));
    }
  }
}

export function latest() {
  let controller = null;
  return async function run(work) {
    if (controller) controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const result = await work(signal);
      return signal.aborted ? undefined : result;
    } catch (error) {
      if (signal.aborted || isAbort(error)) return undefined;
      throw error;
    }
  };
}

export function inTurn(signal) {
  let newest = 0;
  let turn = Promise.resolve();
  return function run(work) {
    newest += 1;
    const mine = newest;
    const outdated = () => signal.aborted || mine !== newest;
    const result = turn.then(async () => {
      if (outdated()) return undefined;
      try {
        const found = await work(signal);
        return outdated() ? undefined : found;
      } catch (error) {
        if (outdated() || isAbort(error)) return undefined;
        throw error;
      }
    });
    turn = result.catch(() => {}); // whoever started it hears of it
    return result;
  };
}
