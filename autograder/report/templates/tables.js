// Sorts and searches the tables of a large class in the page itself: nothing is asked of a server.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  if (rows.length < 2) continue;
  const order = new Map(rows.map((row, place) => [row, place]));
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim(), number = parseFloat(text.replaceAll(",", ""));
    return /^[-+]?[\d.]/.test(text) && !Number.isNaN(number) ? number : text;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;      // numbers before words
    return a.localeCompare(b, "en", {numeric: true});
  };
  const sort = (column, down) => {
    const sorted = [...rows].sort((a, b) =>
      (down ? -1 : 1) * compare(value(a, column), value(b, column)) || order.get(a) - order.get(b));
    body.append(...sorted);
    heads.forEach((head, place) => place === column
      ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  });
  const search = document.createElement("label"), field = document.createElement("input");
  const count = document.createElement("output");
  field.type = "search";
  search.className = "search";
  search.append("search ", field, " ", count);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += !row.hidden;
    }
    count.textContent = wanted ? `${shown} of ${rows.length}` : "";
  });
  table.parentElement.before(search);
}
