// The league table: a table for each group of tasks, each cell with its interval, and above them who leads.

const [VALUE, LOW, HIGH, DEVIATION, SEEDS, BEATS, TESTED] = [0, 1, 2, 3, 4, 5, 6];
const STANDING = {
  unbeaten: "no other model is significantly better",
  beaten: "somebody is significantly better",
  untested: "not measured, or nothing to test against",
};

function drawLeague(section, league) {
  const body = h("div");
  section.append(
    h("p", { class: "note" }, "Below each value is its 95 % interval, on one scale per task. The best value is bold. ",
      "Letters name the models that it significantly beats (paired randomisation test over items, Holm correction, ",
      "p < .05)."),
    body,
  );
  const table = (_, place) => groupTable(league, place, () => redraw());
  const redraw = drawn(() => body.replaceChildren(glance(league), ...league.groups.map(table)));
}

// ---- at a glance ----

/** Models by the number of tasks on which no other one is better, with a square for each task. */
function glance({ models, groups }) {
  const tasks = groups.flatMap((group) => group.tasks);
  if (tasks.length < 2 || models.length < 2) return "";
  const count = (row, standing) => tasks.filter((task) => task.standing[row] === standing).length;
  const cost = (row, part) => sum(tasks.map((task) => (task.seconds[row] ? task.seconds[row][part] : 0)));
  const rows = models.map((_, row) => row).sort((a, b) => count(b, "unbeaten") - count(a, "unbeaten"));
  const line = (row) => {
    const alarms = tasks.filter((task) => task.alarms[row]).length;
    return h("tr", null,
      modelName(models[row]),
      h("td", null, h("b", null, String(count(row, "unbeaten"))), ` of ${count(row, "unbeaten") + count(row, "beaten")}`),
      h("td", { class: "left" }, h("span", { class: "squares" }, tasks.map((task) => square(task, row)))),
      [0, 1].map((part) => h("td", { class: "soft" }, seconds(cost(row, part)))),
      h("td", { class: "left warning" }, alarms ? `⚠ ${several(alarms, "alarm")}` : ""));
  };
  const titles = ["model", "unbeaten on", "", "embedding, s", "scoring, s", ""];
  const head = titles.map((title, number) => h("th", { scope: "col", class: number ? "" : "left" }, title));
  return h("div", { class: "scroll" }, stacked(titles, h("table", { class: "overview" },
    h("caption", null, "At a glance"),
    h("thead", null, h("tr", null, head)),
    h("tbody", null, rows.map(line)))));
}

function square(task, row) {
  const mark = h("i", { class: task.standing[row], role: "img", "aria-label": `${task.name}: ${STANDING[task.standing[row]]}` });
  return hinted(mark, () => [h("b", null, task.name), h("div", null, STANDING[task.standing[row]])]);
}

// ---- a group of tasks ----

function groupTable(league, place, redraw) {
  const group = league.groups[place];
  const metric = group.metrics.includes(state.get(`metric${place}`)) ? state.get(`metric${place}`) : group.metrics[0];
  const columns = columnsOf(league, group, metric);
  const rows = league.models.map((_, row) => row).filter((row) => group.tasks.some((task) => task.seconds[row]));
  const sorted = Number(state.get(`sort${place}`)) || 0;  // the column's number from 1 on, negative if turned around
  const by = columns[Math.abs(sorted) - 1];
  if (by) rows.sort((a, b) => ordered(by.of(a), by.of(b), sorted > 0 ? by.better : -by.better));
  const head = (column, number) => {
    const mine = Math.abs(sorted) === number + 1;
    const sort = () => { remember(`sort${place}`, mine ? -sorted : number + 1); redraw(); };
    const way = mine && (sorted * by.better > 0 ? "descending" : "ascending");
    const button = h("button", { type: "button", "data-hold": `sort${place}.${number}`, click: sort }, column.title);
    return h("th", { scope: "col", class: number ? "" : "left", "aria-sort": way }, button, h("small", null, column.note));
  };
  const measure = (name) => { remember(`metric${place}`, name); redraw(); };
  return h("div", { class: "group" },
    h("div", { class: "heading" }, h("h3", null, group.name),
      group.metrics.length > 1 && chooser("measured by", `metric${place}`, group.metrics, metric, measure)),
    h("div", { class: "scroll" }, stacked(columns.map(titleOf), arrows(h("table", { class: "league" },
      h("thead", null, h("tr", null, columns.map(head))),
      h("tbody", null, rows.map((row) => h("tr", null, columns.map((column) => column.cell(row))))))))),
    alarms(league, group));
}

/** Columns with a title, a value to sort a row by, whether lower values are better (-1), and a cell for a row. */
function columnsOf({ models }, group, metric) {
  const names = group.tasks.map((task) => (task.columns[metric] ? metric : Object.keys(task.columns)[0]));
  const chosen = group.tasks.map((task, number) => task.columns[names[number]]);
  const better = (column) => (column.higher === false ? -1 : 1);
  const value = (column, row) => (column.cells[row] ? column.cells[row][VALUE] : null);
  const whole = (row) => chosen.every((column) => column.cells[row]);
  const mean = (row) => (whole(row) ? sum(chosen.map((column) => value(column, row))) / chosen.length : null);
  const tasks = group.tasks.map((task, number) => ({
    title: task.name,
    note: names[number] + (chosen[number].higher === false ? ", lower is better" : ""),
    better: better(chosen[number]),
    of: (row) => value(chosen[number], row),
    cell: (row) => scoreCell(models, task, chosen[number], row),
  }));
  const means = models.map((_, row) => mean(row)).filter((each) => each !== null);
  const best = bestOf(chosen[0], means);
  const shown = (number) => digits(number, chosen[0].percent);
  const average = {
    title: "mean", note: `of ${tasks.length}`, better: better(chosen[0]), of: mean,
    cell: (row) => h("td", null, mean(row) === null ? "–" : h(mean(row) === best ? "b" : "span", null, shown(mean(row)))),
  };
  const time = (title, part) => {
    const of = (row) => sum(group.tasks.map((task) => (task.seconds[row] ? task.seconds[row][part] : 0)));
    return { title, note: "seconds", better: -1, of, cell: (row) => h("td", { class: "soft" }, seconds(of(row))) };
  };
  const name = { title: "model", note: "", better: -1, of: (row) => models[row].name, cell: (row) => modelName(models[row]) };
  return [name, ...(tasks.length > 1 ? [average] : []), ...tasks, time("embedding", 0), time("scoring", 1)];
}

/** The best of some values of a column; null where the metric only describes. */
function bestOf(column, values) {
  if (column.higher === null) return null;
  return column.higher ? Math.max(...values) : Math.min(...values);
}

function scoreCell(models, task, column, row) {
  const cell = column.cells[row];
  if (!cell) return h("td", { class: "soft" }, "–");
  const number = (place) => digits(cell[place], column.percent);
  const values = column.cells.filter(Boolean).map((each) => each[VALUE]);
  const best = values.length > 1 && cell[VALUE] === bestOf(column, values);
  const alarm = task.alarms[row] && h("span", { class: "warning", role: "img", "aria-label": "alarm" }, "⚠ ");
  const letters = cell[BEATS].map((other) => models[other].letter).join(" ");
  const node = h("td", { class: best ? "score best" : "score" }, h("span", { class: "value" }, alarm, number(VALUE)),
    cell[TESTED] && interval(cell, column), h("small", null, letters || "\u00a0"));
  const spread = cell[SEEDS] > 1
    ? ` ± ${number(DEVIATION)} over ${cell[SEEDS]} seeds, ${number(LOW)} to ${number(HIGH)}`
    : cell[TESTED] ? ` [${number(LOW)}, ${number(HIGH)}], ${several(task.count, "item")}` : ", without items to test by";
  return hinted(node, () => [
    h("b", null, models[row].name), ` on ${task.name}`,
    h("div", { class: "figures" }, number(VALUE), spread),
    cell[BEATS].length ? h("div", null, `beats ${cell[BEATS].map((other) => models[other].name).join(", ")}`) : "",
    task.alarms[row] ? h("div", { class: "warning" }, `⚠ ${task.alarms[row]}`) : "",
  ]);
}

/** The interval as a line, the value as a dot. */
function interval(cell, column) {
  const ends = column.cells.filter((each) => each && each[TESTED]).flatMap((each) => [each[LOW], each[HIGH]]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const at = (value) => `${4 + (92 * (value - low)) / (high - low || 1)}%`;
  return s("svg", { class: "interval", height: 8, "aria-hidden": "true" },
    s("line", { class: "track", x1: 0, x2: "100%", y1: 4, y2: 4 }),
    s("line", { x1: at(cell[LOW]), x2: at(cell[HIGH]), y1: 4, y2: 4 }),
    s("circle", { cx: at(cell[VALUE]), cy: 4, r: 3 }));
}

function alarms({ models }, group) {
  const sign = () => h("span", { class: "warning" }, "⚠ ");
  const line = (task, text, row) => text && h("li", null, sign(), h("b", null, models[row].name), ` on ${task.name}: ${text}`);
  const found = group.tasks.flatMap((task) => task.alarms.map((text, row) => line(task, text, row))).filter(Boolean);
  return found.length ? h("ul", { class: "alarms" }, found) : "";
}

// ---- small things ----

const sum = (values) => values.reduce((total, value) => total + value, 0);

const titleOf = ({ title, note }) => (note ? `${title}, ${note}` : title);

/**
 * Prepare a table for narrow windows, where style.css shows each row as a block and each cell with its title.
 * The roles are set because a table that is not displayed as one loses them.
 */
function stacked(titles, table) {
  const role = (name, nodes) => [...nodes].forEach((node) => node.setAttribute("role", name));
  table.classList.add("stacked");
  role("table", [table]);
  role("rowgroup", table.querySelectorAll("thead, tbody"));
  role("row", table.rows);
  role("columnheader", table.querySelectorAll("thead th"));
  role("rowheader", table.querySelectorAll("tbody th"));
  role("cell", table.querySelectorAll("td"));
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, number) => { cell.dataset.title = titles[number]; });
  }
  return table;
}

const modelName = ({ name, letter, full }) =>
  h("th", { scope: "row", title: full.join(", ") }, h("span", { class: "letter" }, letter), name);

/** Better values first, missing ones last. */
function ordered(a, b, better) {
  if (a === null || b === null) return (a === null) - (b === null);
  return (a < b ? 1 : a > b ? -1 : 0) * better;
}

/** One stop for the tabulator in a table; the arrows move within it. */
function arrows(table) {
  const cells = [...table.tBodies[0].rows].map((row) => [...row.cells].filter((cell) => cell.tagName === "TD"));
  if (cells.length) cells[0][0].tabIndex = 0;
  table.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const row = cells.findIndex((each) => each.includes(event.target));
    if (!move || row < 0) return;
    event.preventDefault();
    const next = (cells[row + move[0]] || [])[cells[row].indexOf(event.target) + move[1]];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return table;
}
