// The map: each sentence a mark in the colour and shape of its region, the chosen one tied to its neighbours.

/**
 * @param {Object} shown the sentences
 * @param {(number) => void} pick called with the sentence that is clicked or reached by keyboard
 */
function sentenceMap(shown, pick) {
  const { places, region, texts, labels } = shown;
  const at = (value) => `${(2 + value * 0.096).toFixed(2)}%`;
  const colour = (number) => `c${number < 0 ? 6 : number % COLOURS}`;
  const size = places.length > 600 ? 0.8 : 1.2;
  const dots = places.map(([x, y], number) => s("svg", { class: `dot ${colour(region[number])}`, x: at(x), y: at(y) },
    s("path", { d: SHAPES[shapeOf(region[number])], style: { "--size": size } })));
  const ties = s("g", { class: "ties" });
  // The names of the regions are listed below the map: inside it they would cover dots.
  const name = (label, number) => label && h("li", { class: colour(number) }, `${SIGNS[shapeOf(number)]} ${label}`);
  const names = h("ul", { class: "names", "aria-label": "Regions of the map" }, labels.map(name));
  const svg = s("svg", { class: "map", tabindex: 0, role: "application",
    "aria-label": `Map of ${texts.length} sentences; the arrow keys go from one to the next` },
  ties, s("g", null, dots));
  let chosen = 0;

  /** The dot nearest to a place of the window, or none if that is far away. */
  function nearest(event) {
    const box = svg.getBoundingClientRect();
    const far = (number) => {
      const [x, y] = places[number].map((value) => 0.02 + value * 0.00096);
      return Math.hypot(box.left + x * box.width - event.clientX, box.top + y * box.height - event.clientY);
    };
    const best = places.reduce((found, _, number) => (far(number) < far(found) ? number : found), 0);
    return far(best) < 24 ? best : -1;
  }

  const under = (number) => dots.forEach((dot, place) => dot.classList.toggle("under", place === number));
  svg.addEventListener("pointermove", (event) => {
    const number = nearest(event);
    under(number);
    if (number < 0) unhint();
    else hint(event.clientX, event.clientY, texts[number]);
  });
  svg.addEventListener("pointerleave", () => { under(-1); unhint(); });
  svg.addEventListener("click", (event) => nearest(event) >= 0 && pick(nearest(event)));
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const next = towards(places, chosen, way);
    if (next >= 0) pick(next);
  });

  /** Mark a sentence, and the others of `near` with ties to it; -1 for what was typed, which has no place here. */
  function mark(number, near) {
    chosen = number < 0 ? chosen : number;
    dots.forEach((dot, place) => {
      dot.classList.toggle("picked", place === number);
      dot.classList.toggle("near", near.includes(place));
    });
    svg.classList.toggle("marked", near.length > 0);
    const tie = ([x1, y1], [x2, y2]) => s("line", { x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2) });
    ties.replaceChildren(...(number < 0 ? [] : near.map((other) => tie(places[number], places[other]))));
  }
  return { svg, names, mark };
}

/** The shape of a region: colour and shape together tell 32 regions apart. */
const shapeOf = (number) => (number < 0 ? 0 : (number + Math.floor(number / COLOURS)) % SHAPES.length);

/** The nearest place in one of the four directions. */
function towards(places, from, [right, down]) {
  const cost = ([x, y]) => {
    const [east, south] = [x - places[from][0], y - places[from][1]];
    const [ahead, aside] = [east * right + south * down, east * down + south * right];
    return ahead > 0 && Math.abs(aside) <= ahead ? Math.hypot(ahead, aside) : Infinity;
  };
  const best = places.reduce((found, place, number) => (cost(place) < cost(places[found]) ? number : found), from);
  return best === from ? -1 : best;
}
