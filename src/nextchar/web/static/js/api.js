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

export function setLanguage(lang) {
  language = lang;
}

export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

function address(path, params) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...params, lang: language })) {
    if (value !== undefined && value !== null) query.set(key, String(value));
  }
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

async function request(method, path, { params = {}, body, signal } = {}) {
  const options = { method, signal, headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (method !== "GET") options.headers["Content-Type"] = "application/json";
  if (body !== undefined) {
    options.body = JSON.stringify({ ...body, lang: language });
  }
  const response = await fetch(address(path, params), options);
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return null;
  const file = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  return file ? { name: file[1], blob: await response.blob() } : response.json();
}

export function get(path, params = {}, { signal } = {}) {
  return request("GET", path, { params, signal });
}

export function post(path, body = {}, { signal } = {}) {
  return request("POST", path, { body, signal });
}

export function remove(path, { signal } = {}) {
  return request("DELETE", path, { signal });
}

export async function stream(path, body, { signal, onEvent }) {
  const response = await fetch(address(path, {}), {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ ...body, lang: language }),
    credentials: "same-origin",
  });
  if (!response.ok) throw await refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
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
