// Neighbours of a sentence that is chosen (the model's own, exact) or typed (guessed from its words).

const CHINESE = /[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+/gu;

function drawSentences(section, shown) {
  const known = shown.typed.words ? vectorsOf(shown.typed) : null;
  const choose = (name, value) => { ["pick", "type"].forEach((each) => remember(each, each === name ? value : null)); redraw(); };
  const map = sentenceMap(shown, (number) => choose("pick", number));
  const input = h("input", {
    type: "search", id: "type", placeholder: "Type a sentence …", autocomplete: "off", spellcheck: "false",
    input: () => choose("type", input.value.trim()),
  });
  const typing = h("label", { class: "typing" }, h("span", null, "Neighbours of a sentence of your own"), input);
  const list = h("div", { class: "neighbours", "aria-live": "polite" });
  section.append(
    h("p", { class: "note" }, `${several(shown.texts.length, "sentence")}, embedded by `, h("b", null, shown.model), ". ",
      "Similar sentences lie close together. Colours and shapes mark regions; the words below the map are frequent in them. ",
      "Click a dot for its neighbours."),
    shown.alarm ? h("p", { class: "warning" }, `⚠ ${shown.alarm}`) : "",
    h("div", { class: "map-and-list" }, h("div", { class: "map-frame" }, map.svg, map.names),
      h("div", null, known && typing, list)),
    heatMap(shown, (number) => choose("pick", number)));
  const redraw = drawn(() => {
    const text = known ? state.get("type") || "" : "";
    if (input.value.trim() !== text) input.value = text;
    const picked = text || shown.texts[state.get("pick")] === undefined ? -1 : Number(state.get("pick"));
    const guessed = text ? guess(text, known) : null;
    const near = guessed ? guessed.near : picked >= 0 ? nearestOf(shown, picked) : [];
    map.mark(picked, near.map(([number]) => number));
    const head = guessed ? typedHead(guessed, shown.typed) : picked >= 0 ? [h("blockquote", null, shown.texts[picked])] : [];
    const line = ([number, cosine], place) => h("li", null,
      h("button", { type: "button", "data-hold": `near${place}`, click: () => choose("pick", number) },
        h("span", { class: "cosine" }, digits(cosine, false), h("i", { style: { "--v": Math.max(0, cosine).toFixed(3) } })),
        h("span", { class: "short" }, shown.texts[number])));
    list.replaceChildren(...head, h("ol", null, near.map(line)));
  });
}

/** The model's own neighbours: [number, cosine], best first. */
function nearestOf({ neighbours }, number) {
  const [others, cosines] = neighbours[number];
  return others.map((other, place) => [other, cosines[place] / 1000]);
}

/** What the page says of a guess: which words it knows, and how far to trust it. */
function typedHead({ words, near }, { agreement, tried, nearest }) {
  const trust = agreement === null ? "too few sentences to say how good it is"
    : `for ${tried} sentences that it had not seen, ${agreement.toFixed(1)} of its ${nearest} nearest were the model's own`;
  return [
    h("p", { class: "words" }, words.map(([word, known]) => [h(known ? "span" : "s", null, word), " "])),
    h("p", { class: "note" }, h("b", null, "A guess. "), "This page has no model in it: the vector is put together from known ",
      `words, whatever their order; ${trust}.`, near.length ? "" : " None of these words is known."),
  ];
}

// ---- the guess ----

/** Vectors out of base64. */
function vectorsOf({ words, width, wordVectors, sentenceVectors }) {
  const bytes = (text) => Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const sentences = bytes(sentenceVectors);
  const length = (_, row) => Math.hypot(...sentences.subarray(row * width, (row + 1) * width));
  return {
    places: new Map(words.map((word, place) => [word, place])), words: bytes(wordVectors), sentences, width,
    lengths: Array.from({ length: sentences.length / width }, length),
  };
}

/** Words of a text, cut as they were when the vectors were made. */
function wordsOf(text) {
  const pairs = (run) => [...run].flatMap((letter, place, all) => (place ? [letter, all[place - 1] + letter] : [letter]));
  return text.toLowerCase().replace(CHINESE, (run) => ` ${pairs(run).join(" ")} `).match(/[\p{L}\p{M}\p{N}]+/gu) || [];
}

/** The nearest sentences to the sum of the words' vectors: [number, cosine], best first. */
function guess(text, { places, words, sentences, lengths, width }) {
  const found = wordsOf(text);
  const total = new Float64Array(width);
  found.filter((word) => places.has(word)).forEach((word) => {
    for (let column = 0; column < width; column++) total[column] += words[places.get(word) * width + column];
  });
  const length = Math.hypot(...total);
  const cosine = (row) => {
    let product = 0;
    for (let column = 0; column < width; column++) product += total[column] * sentences[row * width + column];
    return product / (length * lengths[row] || 1);
  };
  const near = length ? lengths.map((_, row) => [row, cosine(row)]).sort((a, b) => b[1] - a[1]).slice(0, 8) : [];
  return { near, words: found.map((word) => [word, places.has(word)]) };
}
