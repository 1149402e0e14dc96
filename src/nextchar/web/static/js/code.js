// The code below a figure: copied with one button, run on the server with another. The server runs its own copy of the
// code, on the list in use; nothing that is written here is sent to it but the chapter and the name of the code.

import * as api from "/static/js/api.js";
import * as ui from "/static/js/ui.js";

const { el } = ui;

// snippet: of the chapter's document;  number: the chapter's;  text(key, values): the words of the site
export function runnable({ snippet, number, name, text, signal }) {
  const { id } = snippet;
  const block = ui.codeBlock({
    ...snippet,
    labels: { title: text("code_heading"), source: text("code_source", { file: snippet.source }), name },
    testid: `code-${id}`,
  });
  const result = ui.live({ testid: `code-result-${id}`, class: "code-result" });
  const latest = api.latest();

  async function run() {
    go.setAttribute("aria-disabled", "true");
    ui.clear(result, el("p", { class: "hint code-waiting", text: text("code_running") }));
    try {
      const done = await latest((stop) => {
        signal.addEventListener("abort", () => latest(async () => undefined), { once: true });
        return api.post(`/chapter/${number}/code/${id}`, {}, { signal: stop });
      });
      if (done) tell(done);
    } catch (error) {
      if (api.isAbort(error)) return;
      ui.clear(result, ui.message("error", error instanceof api.ApiError ? error.message : text("error_server"), `code-error-${id}`));
    }
    go.setAttribute("aria-disabled", "false");
  }

  function tell({ output, error, timed_out: timedOut, seconds }) {
    const label = text("code_output", { seconds: ui.fixed(seconds, 1) });
    ui.clear(
      result,
      el("p", { class: "hint", text: label }),
      output !== "" && el("pre", { class: "code-output", text: output, testid: `code-output-${id}`, attrs: { tabindex: "0", role: "group", "aria-label": label } }),
      error !== null && ui.message("error", error, `code-error-${id}`),
      timedOut && ui.message("error", text("code_too_slow"), `code-error-${id}`),
    );
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(snippet.code.trim() + "\n");
      said.textContent = text("code_copied");
    } catch {
      said.textContent = text("code_not_copied");
      getSelection().selectAllChildren(block.querySelector("code"));
    }
  }

  async function save() {
    try {
      const { name: file, text: list } = await api.get("/data/file", {}, { signal });
      const address = URL.createObjectURL(new Blob([list], { type: "text/plain" }));
      const link = el("a", { attrs: { href: address, download: file } });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    } catch (error) {
      if (!api.isAbort(error)) said.textContent = error instanceof api.ApiError ? error.message : text("error_server");
    }
  }

  const go = ui.button({ label: text("code_run"), testid: `code-run-${id}`, onClick: () => go.getAttribute("aria-disabled") !== "true" && run() });
  const take = ui.button({ label: text("code_copy"), kind: "quiet", testid: `code-copy-${id}`, onClick: copy });
  const file = snippet.code.includes("names.txt")
    && ui.button({ label: text("code_list"), kind: "quiet", testid: `code-list-${id}`, onClick: save });
  const said = el("span", { class: "hint", testid: `code-said-${id}`, attrs: { role: "status" } });
  for (const button of [go, take]) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  block.append(el("div", { class: "code-actions" }, go, take, file, said), result);
  return block;
}
