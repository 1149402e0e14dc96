// Broadcasting drawn: a table of 3 x 3, and its sums, which slide to the right over the columns or downwards over the
// rows. All numbers come from the server; which of them stands where is what this file draws.

// step 0: the sums stand beside the rows;  1: they take their place, as a column or as a row;  2: they are stretched over
// the table;  3: each cell is divided, and the rows are added up.
export function broadcast({ ui, small, wrong, step, words }) {
  const { el } = ui;
  const { labels, counts, sums } = small;
  const quotients = wrong ? small.wrong : small.right;
  const rowSums = wrong ? small.row_sums_wrong : small.row_sums_right;
    const divisor = (r, c) => sums[wrong ? c : r];
  const cells = [];
  const put = (row, column, text, kind = "") => {
    const cell = el("span", { class: `broadcast-cell ${kind}`.trim() }, text);
    cell.style.setProperty("grid-area", `${row} / ${column}`);
    cells.push(cell);
    return cell;
  };
  labels.forEach((label, i) => {
    put(1, i + 3, label, "head");
    put(i + 3, 1, label, "head");
  });
  if (step > 0) sums.forEach((sum, i) => (wrong ? put(2, i + 3, String(sum), "sum") : put(i + 3, 2, String(sum), "sum")));
  counts.forEach((row, r) => {
    row.forEach((count, c) => {
      const parts = [el("span", { text: step < 3 ? String(count) : ui.fixed(quotients[r][c], 2) })];
      if (step === 2) {
        const slid = el("small", { class: wrong ? "slid down" : "slid right", text: `÷ ${divisor(r, c)}` });
        slid.style.setProperty("--way", String(wrong ? r + 1 : c + 1));
        parts.push(slid);
      }
      put(r + 3, c + 3, parts, step < 3 ? "" : "done");
    });
    if (step === 3) put(r + 3, 6, ui.fixed(rowSums[r], 2), Math.abs(rowSums[r] - 1) < 1e-9 ? "total good" : "total bad");
    else if (step === 0) put(r + 3, 6, String(sums[r]), "sum");
  });
  put(1, 6, { 0: words.sums, 3: words.total }[step] ?? "", "head");
  return el("div", { class: "broadcast", attrs: { "aria-hidden": "true" } }, cells);
}
