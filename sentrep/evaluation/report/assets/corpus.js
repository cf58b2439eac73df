// What is in a corpus: a map with named clusters, terms, unusual texts, duplicates.

const FEW = 8;

/** The corpus in one sentence. */
function inShort({ texts, duplicates, clusters }) {
  const share = (100 * duplicates.dropped) / texts;
  const shown = share > 0 && share < 0.1 ? "less than .1" : digits(share, true);
  return `${several(texts, "text")} in ${several(clusters.length, "cluster")}; ${shown} % are duplicates of another text.`;
}

// ---- map and clusters ----

function drawClusters(section, corpus) {
  const { clusters, sample, texts, agreement, by } = corpus;
  const { places, region } = corpus.map;
  const map = sentenceMap({ ...corpus.map, labels: [] }, (number) => choose("text", number));
  map.svg.append(numbersOnMap(places, region, clusters.length));
  const choose = (name, value) => {
    ["text", "cluster", "find"].forEach((each) => remember(each, each === name ? value : null));
    redraw();
  };
  const input = h("input", {
    type: "search", id: "find", placeholder: "A word …", autocomplete: "off", spellcheck: "false",
    input: () => choose("find", input.value.trim()),
  });
  const finding = h("label", { class: "typing" }, h("span", null, "Texts on the map that contain"), input);
  const panel = h("div", { class: "panel", "aria-live": "polite" });
  const list = h("ol", { class: "clusters", "aria-label": "Clusters" });
  section.append(
    h("p", { class: "note" }, "Vectors by ", h("b", null, by), "; agreement over seeds ",
      h("b", null, digits(agreement, false)), " (adjusted Rand index; 1 is full agreement). ",
      sample < texts ? `Clusters of a sample of ${several(sample, "text")}. ` : "",
      places.length < sample ? `The map shows ${several(places.length, "text")} of them. ` : "",
      "Choose a cluster to see where it lies, and a dot to read its text."),
    h("div", { class: "map-and-list" }, h("div", { class: "map-frame" }, map.svg), h("div", null, finding, panel)),
    list);
  const redraw = drawn(() => {
    const find = state.get("find") || "";
    if (input.value.trim() !== find) input.value = find;
    const cluster = clusters[state.get("cluster")] ? Number(state.get("cluster")) : -1;
    const text = corpus.map.texts[state.get("text")] === undefined ? -1 : Number(state.get("text"));
    const inside = find ? containing(corpus.map.texts, find) : cluster >= 0 ? membersOf(region, cluster) : [];
    map.mark(text, text >= 0 ? [] : inside);
    panel.replaceChildren(...panelOf(corpus, { find, cluster, text, inside }, (number) => choose("text", number)));
    list.replaceChildren(...clusters.map((each, number) => clusterButton(each, number, number === cluster, sample,
      () => choose("cluster", number === cluster ? null : number))));
  });
}

/** The number of each cluster at the middle of its texts; where two would overlap, that of the larger one. */
function numbersOnMap(places, region, count) {
  const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const at = (value) => `${(2 + value * 0.096).toFixed(2)}%`;
  const shown = [];
  for (let number = 0; number < count; number++) {
    const own = places.filter((_, place) => region[place] === number);
    if (!own.length) continue;
    const [x, y] = [0, 1].map((axis) => middle(own.map((place) => place[axis])));
    const covered = shown.some((other) => Math.abs(other.x - x) < 75 && Math.abs(other.y - y) < 55);
    if (!covered) shown.push({ number, x, y });
  }
  return s("g", { class: "numbers", "aria-hidden": "true" }, shown.map(({ number, x, y }) =>
    s("text", { class: `number c${number % COLOURS}`, x: at(x), y: at(y), dy: "0.35em" }, String(number + 1))));
}

const membersOf = (region, cluster) => region.flatMap((own, place) => (own === cluster ? [place] : []));

function containing(texts, find) {
  const wanted = find.toLowerCase();
  return texts.flatMap((text, place) => (text.toLowerCase().includes(wanted) ? [place] : []));
}

function clusterButton({ name, size, representative }, number, pressed, all, click) {
  const state = { "aria-pressed": String(pressed), "data-hold": `cluster${number}` };
  return h("li", null, h("button", { type: "button", ...state, click },
    h("span", { class: `sign c${number % COLOURS}` }, `${SIGNS[shapeOf(number)]} ${number + 1}`),
    h("span", null, h("b", null, name.join(", ") || representative.slice(0, 60) || "–"),
      h("small", null, `${several(size, "text")}, ${digits((100 * size) / all, true)} %`),
      h("i", { class: `c${number % COLOURS}`, style: { "--v": (size / all).toFixed(4) } }))));
}

/** What is beside the map: the chosen text, or texts of the chosen cluster or with the word. */
function panelOf(corpus, { find, cluster, text, inside }, pick) {
  const { texts, ids, region } = corpus.map;
  if (text >= 0) {
    const own = corpus.clusters[region[text]];
    return [
      h("blockquote", null, texts[text] || "–"),
      h("p", { class: "note" }, ids[text],
        own ? `, in cluster ${region[text] + 1}: ${own.name.join(", ")}` : ", outside of all clusters"),
    ];
  }
  if (!find && cluster < 0) return [];
  const note = find ? `${several(inside.length, "text")} on the map` : `Nearest to the centre of cluster ${cluster + 1}:`;
  const head = [h("p", { class: "note" }, note),
    find ? "" : h("blockquote", null, corpus.clusters[cluster].representative || "–")];
  const line = (place) => h("li", null, h("button", { type: "button", "data-hold": `in${place}`, click: () => pick(place) },
    h("span", { class: "short" }, texts[place] || "–")));
  return [...head, h("ol", { class: "lines" }, inside.slice(0, FEW).map(line))];
}

// ---- terms ----

function drawTerms(section, { terms }) {
  const most = Math.max(...terms.map((each) => each.documents));
  const find = (term) => () => {
    ["text", "cluster"].forEach((name) => remember(name, null));
    remember("find", term);
    redraws.forEach((redraw) => redraw());
    document.getElementById("clusters").scrollIntoView({ behavior: "smooth" });
  };
  const line = ({ term, count, documents }) => h("li", null, h("button", { type: "button", click: find(term) },
    h("b", null, term), h("small", null, `${count.toLocaleString("en")} × in ${several(documents, "text")}`),
    h("i", { style: { "--v": (documents / most).toFixed(4) } })));
  section.append(
    h("p", { class: "note" }, "Best first. Choose a term to see on the map which texts contain it."),
    h("ol", { class: "terms" }, terms.map(line)));
}

// ---- unusual texts ----

function drawOdd(section, { odd }) {
  const line = ({ id, text }) => h("li", null, h("p", null, text || "–"), h("small", null, id));
  const list = (some) => h("ol", { class: "odd" }, some.map(line));
  section.append(
    h("p", { class: "note" }, "Texts with rare words and distant neighbours, the oddest first."),
    list(odd.slice(0, FEW)),
    odd.length > FEW ? h("details", null, h("summary", null, `${odd.length - FEW} more`), list(odd.slice(FEW))) : "");
}

// ---- duplicates ----

function drawDuplicates(section, { duplicates, texts }) {
  const { groups, counts, dropped, all } = duplicates;
  const kinds = Object.entries(counts).filter(([, count]) => count)
    .map(([kind, count]) => `${count.toLocaleString("en")} ${kind}`);
  const found = [h("b", null, dropped.toLocaleString("en")), ` of ${several(texts, "text")} are duplicates of another one `,
    `(${kinds.join(", ")}), in ${several(all, "group")}. `, groups.length < all ? "The largest groups:" : ""];
  section.append(h("p", { class: "note" }, dropped ? found : "No text is a duplicate of another one."));
  const how = ({ kind, similarity }) => (kind === "kept" || kind === "exact" ? kind : `${kind}, ${digits(similarity, false)}`);
  const member = (each) => h("li", null, h("small", null, how(each)), h("p", null, each.text || "–"));
  const group = ({ size, members }) => h("li", null,
    h("b", null, several(size, "text")), h("ol", null, members.map(member)),
    size > members.length ? h("p", { class: "note" }, `and ${size - members.length} more`) : "");
  section.append(h("ol", { class: "copies" }, groups.map(group)));
}
