// Training curves and collapse meters: one chart a value, all runs in each, a line under the pointer that reads them off.

const BOX = { width: 380, height: 220, left: 44, right: 380 - 12, top: 12, bottom: 220 - 26 };
const CLASSES = { training: "train", "held out": "held", "blind guess": "chance" };

function drawCurves(section, { charts, runs }) {
  const body = h("div");
  const main = charts.filter((chart) => chart.main);
  const rest = charts.filter((chart) => !chart.main);
  section.append(
    h("p", { class: "note" }, "Thick lines with marks: held-out text. Thin lines: training. ",
      "Point at a chart, or move in it with the arrow keys, to read values."),
    body,
  );
  const redraw = drawn(() => {
    const hidden = new Set((state.get("hide") || "").split(",").filter(Boolean).map(Number));
    const grid = (some) => h("div", { class: "charts" }, some.map((chart) => chartFigure(chart, runs, hidden)));
    const open = section.querySelector("details")?.open;
    const more = rest.length && h("details", { open }, h("summary", null, several(rest.length, "further curve")), grid(rest));
    body.replaceChildren(runLegend(runs, hidden, () => redraw()), grid(main), more || "");
  });
}

function runLegend(runs, hidden, redraw) {
  const toggle = (number) => {
    if (!hidden.delete(number)) hidden.add(number);
    remember("hide", [...hidden].sort((a, b) => a - b).join(","));
    redraw();
  };
  const button = (run, number) => h("button", {
    type: "button", title: run.full, "data-hold": `run${number}`,
    "aria-pressed": String(!hidden.has(number)), click: () => toggle(number),
  }, swatch(number), run.name);
  return h("div", { class: "runs", role: "group", "aria-label": "Runs shown" }, runs.map(button));
}

/** Colour and shape of a run: either tells it from others. */
const swatch = (number) => s("svg", { class: `swatch c${number % COLOURS}`, width: 22, height: 10, "aria-hidden": "true" },
  s("line", { x1: 0, x2: 22, y1: 5, y2: 5 }), mark(number, 11, 5));

const mark = (number, x, y) =>
  s("path", { class: "mark", d: SHAPES[number % SHAPES.length], transform: `translate(${x},${y}) scale(.85)` });

// ---- one chart ----

function chartFigure(chart, runs, hidden) {
  const lines = runs.flatMap((run, number) => (hidden.has(number) ? [] : linesOf(chart.key, run, number)));
  const together = Math.max(1, ...lines.map((line) => line.together));
  const broken = lines.filter((line) => line.values.includes(null));
  const where = ({ name, kind, steps, values }) =>
    `${name}, ${kind}: not a number at step ${steps[values.indexOf(null)].toLocaleString("en")}. `;
  return h("figure", null,
    h("figcaption", null, h("b", null, chart.title), chart.note,
      together > 1 && ` A point is the mean of up to ${together} logged lines.`,
      broken.length > 0 && h("div", { class: "warning" }, "⚠ ", broken.map(where))),
    chartDrawing(chart, lines));
}

/** What a run has logged of a value, in training and on held-out text; of a loss also what a blind guess would have. */
function linesOf(key, run, number) {
  const names = { training: key, "held out": `valid_${key}` };
  if (key === "loss") names["blind guess"] = run.series.valid_chance ? "valid_chance" : "chance";
  return Object.entries(names).filter(([, name]) => run.series[name]).map(([kind, name]) => {
    const [steps, values, together] = run.series[name];
    return { run: number, name: run.name, kind, steps, values, together };
  });
}

function chartDrawing(chart, lines) {
  const steps = [...new Set(lines.flatMap((line) => line.steps))].sort((a, b) => a - b);
  const last = Math.max(1, ...steps.slice(-1));
  const [low, high] = domain(chart.key, lines.flatMap((line) => line.values).filter((value) => value !== null));
  const x = (step) => BOX.left + (step / last) * (BOX.right - BOX.left);
  const y = (value) => BOX.bottom - ((value - low) / (high - low)) * (BOX.bottom - BOX.top);
  const reader = s("g", { class: "reader" });
  const across = (value) => [
    s("line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: y(value), y2: y(value) }),
    s("text", { x: BOX.left - 6, y: y(value) + 3.5, class: "end" }, brief(value)),
  ];
  const below = (step) => s("text", { x: x(step), y: BOX.bottom + 17, class: "middle" }, step.toLocaleString("en"));
  const viewBox = `0 0 ${BOX.width} ${BOX.height}`;
  const svg = s("svg", { class: "chart", viewBox, tabindex: 0, role: "img", "aria-label": inWords(chart, lines) },
    ticks(low, high).map(across), ticks(0, last).map(below), lines.map((line) => curve(line, x, y)), reader);
  return steps.length ? readable(svg, chart, lines, reader, x, y, steps) : svg;
}

function curve(line, x, y) {
  const point = (step, value) => value !== null && [x(step).toFixed(1), y(value).toFixed(1)];
  const points = line.steps.map((step, place) => point(step, line.values[place]));
  // The pen is lifted over what is not a number.
  const path = points.map((each, place) => (each ? `${place && points[place - 1] ? "L" : "M"}${each}` : "")).join("");
  const marked = line.kind === "held out" && points.length <= 40;
  return s("g", { class: `${CLASSES[line.kind]} c${line.run % COLOURS}` }, s("path", { d: path }),
    marked && points.map((each) => each && mark(line.run, ...each)));
}

/** A rank is seen against nothing, a cosine against 1; of all others the differences matter. */
function domain(key, values) {
  if (!values.length) return [0, 1];
  let [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  if (key === "effective_rank" || key === "mean_cosine") low = Math.min(low, 0);
  if (key === "mean_cosine") high = 1;
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** Three to six round numbers. */
function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, number) => Number(((first + number) * step).toPrecision(12)));
}

/** The same for those who do not see it. */
function inWords(chart, lines) {
  const own = lines.filter((line) => line.kind !== "blind guess");
  const ends = own.map((line) => `${line.name}, ${line.kind}: ${brief(line.values.at(-1))}`);
  return `${chart.title}, at the end: ${ends.join("; ")}`;
}

// ---- reading values off ----

function readable(svg, chart, lines, reader, x, y, steps) {
  let place = steps.length - 1;
  const read = (left, top) => {
    const step = steps[place];
    const found = lines.map((line) => ({ line, value: valueAt(line, step) })).filter(({ value }) => value !== undefined);
    const dots = found.filter(({ value }) => value !== null)
      .map(({ line, value }) => s("circle", { class: `c${line.run % COLOURS}`, cx: x(step), cy: y(value), r: 3 }));
    reader.replaceChildren(s("line", { x1: x(step), x2: x(step), y1: BOX.top, y2: BOX.bottom }), ...dots);
    const row = ({ line, value }) => h("tr", null, h("td", { class: "left" }, swatch(line.run), ` ${line.name}`),
      h("td", { class: "left soft" }, line.kind), h("td", null, brief(value)));
    hint(left, top, h("b", null, `${chart.title}, step ${step.toLocaleString("en")}`), h("table", null, found.map(row)));
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * BOX.width;
    const far = (number) => Math.abs(x(steps[number]) - wanted);
    place = steps.reduce((best, _, number) => (far(number) < far(best) ? number : best), 0);
    read(event.clientX, event.clientY);
  });
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    place = Math.max(0, Math.min(steps.length - 1, place + move));
    const box = svg.getBoundingClientRect();
    read(box.left + (x(steps[place]) / BOX.width) * box.width, box.top + 20);
  });
  ["pointerleave", "blur"].forEach((name) => svg.addEventListener(name, () => { reader.replaceChildren(); unhint(); }));
  return svg;
}

/** The last value logged up to a step; undefined before a line begins and after it has ended. */
function valueAt({ steps, values }, step) {
  const place = steps.findLastIndex((each) => each <= step);
  const gap = steps.length > 1 ? steps[1] - steps[0] : 0;
  return place < 0 || step > steps.at(-1) + gap ? undefined : values[place];
}
