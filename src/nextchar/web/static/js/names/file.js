// A list from a file. The server finds out encoding and column; here they can be chosen otherwise.

import * as ui from "/static/js/ui.js";

const { el, clear } = ui;
const MOST_BYTES = 4_000_000;
const WHOLE_LINES = 0; // as the number of a column: each line is a name
const ENCODINGS = ["utf-8", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "utf-16"];

function base64(bytes) {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

export function make(bench, trouble, taken) {
  const { t } = bench;
  const input = el("input", { id: "list-file", testid: "list-file", attrs: { type: "file", accept: ".txt,.csv,.tsv,.tab,.lst,text/plain,text/csv" } });
  const how = el("div", { class: "file-how", testid: "file-how" });
  let chosen = null; // {name, content} of the file

  const read = (said = {}) =>
    bench.guard(async () => {
      const found = await bench.useFile({ ...chosen, ...said });
      const { encoding, likely, columns, column, header } = found.file;
      const again = (more) => read({ encoding, column, header: header ? "yes" : "no", ...more });
      const known = [...new Set([encoding, ...likely, ...ENCODINGS])];
      clear(
        how,
        columns.length > 0 &&
          ui.select({
            label: t("list_column"), value: column, testid: "file-column",
            options: [
              ...columns.map((name, i) => ({ value: i + 1, text: name || t("list_column_number", { number: i + 1 }) })),
              { value: WHOLE_LINES, text: t("list_whole_lines") },
            ],
            onChange: (value) => again({ column: Number(value) }),
          }).node,
        column > WHOLE_LINES &&
          ui.checkbox({
            label: t("list_header"), checked: header, testid: "file-header", onChange: (on) => again({ header: on ? "yes" : "no" }),
          }).node,
        ui.select({
          label: t("list_encoding"), value: encoding, testid: "file-encoding",
          options: known.map((value) => ({ value, text: value })),
          onChange: (value) => again({ encoding: value }),
        }).node,
      );
      taken(found.list);
    }, trouble);

  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    clear(how);
    if (file.size > MOST_BYTES) {
      clear(trouble, ui.message("error", t("list_file_too_large")));
      return;
    }
    chosen = { name: file.name, content: base64(new Uint8Array(await file.arrayBuffer())) };
    read();
  });
  return [el("div", { class: "control wide" }, el("label", { text: t("list_file"), attrs: { for: "list-file" } }), input), how];
}
