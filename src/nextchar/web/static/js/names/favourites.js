// Right: names that are kept in this browser, with notes; and the address that brings the same names again.

import { recall, remember } from "/static/js/frame.js";
import * as ui from "/static/js/ui.js";
import { nameOf } from "/static/js/names/list.js";

const { el, clear } = ui;
const KEEP = "names.favourites";

export async function copy(bench, text) {
  try {
    await navigator.clipboard.writeText(text);
    ui.announce(bench.t("kept_copied"));
    return true;
  } catch {
    ui.announce(bench.t("kept_copy_failed"));
    return false;
  }
}

export function download(name, text, type = "text/plain") {
  save(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

export function save(name, blob) {
  const link = el("a", { attrs: { download: name, href: URL.createObjectURL(blob) } });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function stored() {
  const found = recall(KEEP);
  return Array.isArray(found) ? found.filter((entry) => typeof entry?.name === "string") : [];
}

// A field that begins like a formula is one to a spreadsheet: an apostrophe keeps it a text.
function field(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(entries) {
  const rows = [["name", "note", "list", "seed"], ...entries.map(({ name, note, list, seed }) => [name, note ?? "", list ?? "", seed ?? ""])];
  return rows.map((row) => `${row.map((cell) => field(String(cell))).join(",")}\r\n`).join("");
}

function said(bench, button) {
  const before = button.textContent;
  button.textContent = bench.t("kept_copied");
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

export function make(bench) {
  const { t, settings } = bench;
  let entries = stored();
  const save = () => {
    remember(KEEP, entries);
    draw();
    bench.tell("favourites");
  };
  bench.favourites = {
    has: (name) => entries.some((entry) => entry.name === name),
    toggle(name) {
      if (bench.favourites.has(name)) entries = entries.filter((entry) => entry.name !== name);
      else entries.push({ name, note: "", list: nameOf(bench), seed: settings.seed });
      save();
    },
  };
  addEventListener("storage", (event) => {
    if (event.key !== `nextchar.${KEEP}`) return;
    entries = stored();
    draw();
    bench.tell("favourites");
  });

  const count = ui.live({ testid: "kept-count", class: "hint" });
  const list = el("ul", { class: "kept", testid: "kept" });
  const copyAll = ui.button({
    label: t("kept_copy"), kind: "quiet", testid: "kept-copy",
    onClick: async () => {
      if (await copy(bench, entries.map(({ name }) => `${name}\n`).join(""))) said(bench, copyAll);
    },
  });
  const txt = ui.button({
    label: t("kept_txt"), kind: "quiet", testid: "kept-txt",
    onClick: () => download("names.txt", entries.map(({ name }) => `${name}\n`).join("")),
  });
  const table = ui.button({
    label: t("kept_csv"), kind: "quiet", testid: "kept-csv", onClick: () => download("names.csv", `\ufeff${csv(entries)}`, "text/csv"),
  });
  let sure = null;
  const none = ui.button({
    label: t("kept_clear"), kind: "quiet", testid: "kept-clear",
    onClick: () => {
      if (!sure) {
        none.textContent = t("kept_clear_sure");
        sure = setTimeout(calm, 4000);
        return;
      }
      calm();
      entries = [];
      save();
    },
  });
  const calm = () => {
    clearTimeout(sure);
    sure = null;
    none.textContent = t("kept_clear");
  };
  const buttons = el("div", { class: "kept-buttons" }, copyAll, txt, table, none);

  function row(entry) {
    const note = el("input", {
      class: "input note", testid: "kept-note",
      attrs: { type: "text", maxlength: 300, placeholder: t("kept_note_short"), "aria-label": t("kept_note", { name: entry.name }), autocomplete: "off" },
    });
    note.value = entry.note ?? "";
    note.addEventListener("input", () => {
      entry.note = note.value;
      remember(KEEP, entries);
    });
    const gone = el("button", { class: "card-act", text: "×", testid: "kept-remove", attrs: { type: "button", "aria-label": t("kept_remove", { name: entry.name }) } });
    gone.addEventListener("click", () => {
      const place = entries.indexOf(entry);
      bench.favourites.toggle(entry.name);
      (list.children[Math.min(place, list.children.length - 1)]?.querySelector("button") ?? document.getElementById("h-kept")).focus();
    });
    return el("li", { class: "kept-row", testid: "kept-row" }, el("div", { class: "card-top" }, el("span", { class: "kept-name", text: entry.name }), gone), note);
  }
  function draw() {
    clear(list, entries.map(row));
    const text = entries.length
      ? t(entries.length === 1 ? "kept_count_one" : "kept_count", { n: entries.length })
      : t("kept_none");
    clear(count, el("p", { text }));
    buttons.hidden = entries.length === 0;
  }
  draw();

  const seed = el("p", { class: "seed", testid: "seed-shown" });
  const about = el("p", { class: "hint", testid: "address-about" });
  const address = ui.button({
    label: t("address_copy"), testid: "address-copy",
    onClick: async () => {
      if (await copy(bench, location.href)) said(bench, address);
    },
  });
  bench.on("settings", () => {
    if (!bench.list) return;
    seed.textContent = t("seed_shown", { seed: settings.seed });
    const own = bench.list.own ? t(bench.inAddress ? "address_own" : "address_own_large") : "";
    about.textContent = ui.sentences(t("address_about"), own);
  });

  return [
    el("h2", { id: "h-kept", text: t("kept_heading"), attrs: { tabindex: "-1" } }),
    count,
    list,
    buttons,
    el("h3", { class: "figure-heading", text: t("address_heading") }),
    seed,
    about,
    address,
  ];
}
