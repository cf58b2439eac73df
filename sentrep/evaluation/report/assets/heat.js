// Similarities of some sentences as a table of colours.

/** @param {(number) => void} pick called with the sentence whose row is clicked */
function heatMap(shown, pick) {
  const { sentences, cosines } = shown.heat;
  const size = sentences.length;
  const others = cosines.flatMap((row, first) => row.filter((_, second) => second !== first)).sort((a, b) => a - b);
  // The scale ends where all but a few have ended, lest these wash out the rest.
  const [low, high] = [0.02, 0.98].map((share) => others[Math.round(share * (others.length - 1))]);
  const shade = (value) => Math.max(0, Math.min(1, (value - low) / (high - low || 1))).toFixed(3);
  const cell = (value, first, second) =>
    h("i", { style: { "--v": shade(value) }, class: first === second && "self", tabindex: first + second ? -1 : 0 });
  const cells = cosines.flatMap((row, first) => row.map((value, second) => cell(value, first, second)));
  const grid = h("div", { class: "heat", style: { "--n": size }, role: "application",
    "aria-label": `Similarities of ${size} sentences; the arrow keys go from cell to cell` }, cells);

  const sentence = (number) => sentences[Math.floor(number / size)];
  const read = (number, x, y) => hint(x, y, h("b", { class: "figures" }, digits(cosines.flat()[number] / 1000, false)),
    h("p", null, shown.texts[sentence(number)]), h("p", null, shown.texts[sentences[number % size]]));
  grid.addEventListener("pointermove", (event) => {
    const number = cells.indexOf(event.target);
    if (number >= 0) read(number, event.clientX, event.clientY);
  });
  grid.addEventListener("click", ({ target }) => cells.includes(target) && pick(sentence(cells.indexOf(target))));
  ["pointerleave", "focusout"].forEach((name) => grid.addEventListener(name, unhint));
  grid.addEventListener("keydown", (event) => {
    const number = cells.indexOf(event.target);
    if (event.key === "Enter") pick(sentence(number));
    const next = number + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -size, ArrowDown: size }[event.key];
    if (!cells[next]) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    cells[next].tabIndex = 0;
    cells[next].focus();
    const box = cells[next].getBoundingClientRect();
    read(next, box.left, box.bottom);
  });
  const label = (number) => h("li", null, shown.texts[number]);
  const few = size < shown.texts.length;
  return h("figure", null,
    h("figcaption", null, h("b", null, "Similarities. "),
      few ? "From the middle of each region of the map a sentence with its nearest" : "All sentences",
      ", alike ones side by side. Cosine ",
      h("span", { class: "scale" }, digits(low / 1000, false), h("i"), digits(high / 1000, false))),
    h("div", { class: "heat-and-labels" }, grid,
      h("ol", { class: "heat-labels", style: { "--n": size }, "aria-hidden": "true" }, sentences.map(label))));
}
