// The dialog for a list of one's own: pasted, or out of a file whose encoding and columns the program finds out.
//
//   open({words, now, own, onChange})   words(key, values): a text of the site;  now: the list in use, in words;
//                                       own: whether it is the visitor's;  onChange(): after another one is in use

import * as api from "/static/js/api.js";
import * as frame from "/static/js/frame.js";
import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const FILE_BYTES = 8_000_000;
const WHOLE_LINES = "0"; // as the number of a column: each line is a name
const KEPT_CHARACTERS = 1_000_000; // of a list that this tab can send again when the program was restarted

function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

export function open({ words, now, own, onChange }) {
  const problem = el("div", { class: "dialog-problem", testid: "data-error" });
  const found = el("div", { class: "dialog-found", testid: "data-found", attrs: { "aria-live": "polite" } });
  const refuse = (error) => {
    if (api.isAbort(error)) return;
    if (!(error instanceof api.ApiError)) console.error(error);
    clear(problem, ui.message("error", error instanceof api.ApiError ? error.message : words("error_server"), "error"));
  };
  const area = el("textarea", {
    id: "data-text", class: "input", testid: "data-text",
    attrs: { rows: "9", spellcheck: "false", placeholder: words("data_paste_placeholder") },
    on: { input: () => clear(found) },
  });
  const file = el("input", {
    id: "data-file", testid: "data-file",
    attrs: { type: "file", accept: ".txt,.csv,.tsv,.tab,text/plain,text/csv" },
  });
  const asked = api.latest();

  // What the file holds, and a choice of its columns.
  async function read(content, name, column) {
    clear(found, el("p", { class: "hint", text: words("data_reading") }));
    const answer = await asked((signal) => api.post("/file", { content, name, column }, { signal, anyList: true }));
    if (!answer) return;
    area.value = answer.text;
    const about = { items: ui.integer(answer.items), encoding: answer.encoding.toUpperCase().replace("_", "-") };
    clear(found, el("p", { class: "hint", text: words("data_found", about) }));
    if (answer.columns.length === 0) return;
    const choice = ui.select({
      label: words("data_column"),
      options: [
        ...answer.columns.map((called, i) => ({ value: String(i + 1), text: called })),
        { value: WHOLE_LINES, text: words("data_whole_lines") },
      ],
      value: String(answer.column),
      testid: "data-column",
      onChange: (value) => read(content, name, Number(value)).catch(refuse),
    });
    found.append(choice.node);
  }

  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    clear(problem);
    clear(found);
    if (chosen.size > FILE_BYTES) {
      clear(problem, ui.message("error", words("data_too_large")));
      file.value = "";
      return;
    }
    try {
      await read(await encoded(chosen), chosen.name);
    } catch (error) {
      clear(found);
      refuse(error);
    }
  });

  const use = ui.button({
    label: words("data_use"), kind: "primary", testid: "data-use",
    onClick: () => changed(async () => {
      await api.post("/data", { text: area.value }, { anyList: true });
      frame.note("own", area.value.length <= KEPT_CHARACTERS ? area.value : undefined);
    }),
  });
  async function changed(work) {
    clear(problem);
    dialog.setAttribute("aria-busy", "true");
    use.disabled = true;
    clear(found, el("p", { class: "hint", testid: "data-waiting", text: words("data_waiting") }), el("progress"));
    try {
      await work();
      dialog.close();
      await onChange();
    } catch (error) {
      refuse(error);
    } finally {
      clear(found);
      use.disabled = false;
      dialog.removeAttribute("aria-busy");
    }
  }

  const dialog = el(
    "dialog",
    { class: "dialog", testid: "data-dialog", attrs: { "aria-labelledby": "data-heading" } },
    el("h2", { id: "data-heading", text: words("data_heading") }),
    el("p", { class: "dialog-note" }, ui.inline(words("data_about"))),
    el("p", { class: "dialog-now", text: now, testid: "data-now" }),
    el("div", { class: "control wide" }, el("label", { text: words("data_file"), attrs: { for: "data-file" } }), file),
    el("div", { class: "control wide" }, el("label", { text: words("data_paste"), attrs: { for: "data-text" } }), area),
    found,
    problem,
    el(
      "div",
      { class: "dialog-buttons" },
      use,
      own &&
        ui.button({
          label: words("data_reset"), testid: "data-reset",
          onClick: () => changed(async () => {
            await api.remove("/data", { anyList: true });
            frame.note("own", undefined);
          }),
        }),
      ui.button({ label: words("data_cancel"), kind: "quiet", testid: "data-cancel", onClick: () => dialog.close() }),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    document.querySelector("[data-testid=data-open]")?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}
