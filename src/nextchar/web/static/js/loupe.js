// Around a cell that was tapped, its neighbours large enough for a finger: the cells of a heat map on a phone are not.
//
//   makeLoupe({rows, columns, told, onPick}) -> {node, show(r, c)}
//       told(r, c)    what a cell says, read out;  onPick(r, c)   a neighbour is tapped

import { clear, el, seen } from "/static/js/ui.js";

const REACH = 2; // cells to each side
const ACROSS = 2 * REACH + 1;

// Up to ACROSS places around one, all of them within 0 .. n - 1.
function around(at, n) {
  const first = Math.max(Math.min(at - REACH, n - ACROSS), 0);
  return Array.from({ length: Math.min(ACROSS, n) }, (_, i) => first + i);
}

export function makeLoupe({ rows, columns, told, onPick }) {
  const node = el("div", { class: "loupe", testid: "loupe", attrs: { role: "group" }, props: { hidden: true } });

  function show(r, c) {
    const had = node.contains(document.activeElement);
    const across = around(c, columns.length);
    node.style.setProperty("--across", String(across.length));
    const cells = around(r, rows.length).flatMap((row) =>
      across.map((column) => {
        const key = el("button", {
          class: "loupe-cell", text: `${seen(rows[row])}${seen(columns[column])}`,
          attrs: { type: "button", "aria-pressed": String(row === r && column === c), "aria-label": told(row, column) },
        });
        key.addEventListener("click", () => {
          onPick(row, column);
          show(row, column);
        });
        return key;
      }),
    );
    clear(node, cells);
    node.hidden = false;
    if (had) node.querySelector("[aria-pressed=true]").focus();
  }
  return { node, show };
}
