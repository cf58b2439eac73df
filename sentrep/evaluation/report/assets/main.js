// Puts the page together from what there is.

const PARTS = {
  league: data.league && drawLeague,
  curves: data.curves && drawCurves,
  sentences: data.sentences && drawSentences,
  clusters: data.corpus && drawClusters,
  terms: data.corpus && data.corpus.terms.length > 0 && drawTerms,
  odd: data.corpus && drawOdd,
  duplicates: data.corpus && drawDuplicates,
  failures: data.failures && data.failures.lists.length > 0 && drawFailures,
  measured: data.league && drawMeasured,
};

const CORPUS = { clusters: data.corpus, terms: data.corpus, odd: data.corpus, duplicates: data.corpus };

for (const [name, draw] of Object.entries(PARTS)) {
  const section = document.getElementById(name);
  if (!draw) { section.remove(); continue; }
  draw(section, { measured: data.league, ...CORPUS }[name] || data[name]);
  const jump = (event) => { event.preventDefault(); section.scrollIntoView({ behavior: "smooth" }); };
  document.getElementById("nav").append(h("a", { href: `#${name}`, click: jump }, section.querySelector("h2").textContent));
}
document.getElementById("verdict").textContent = data.league ? data.league.verdict : data.corpus ? inShort(data.corpus) : "";
document.getElementById("training-warnings").append(
  ...(data.league ? data.league.training_warnings : []).map((text) => h("p", { class: "warning" }, text)));
if (!data.league) document.querySelector("h1").textContent = data.corpus ? "What is in the corpus"
  : data.curves ? "How the training went" : "What the vectors look like";

// ---- light and dark: as the system has it, until somebody says otherwise ----

const theme = document.getElementById("theme");
const dark = () => (state.get("theme") ? state.get("theme") === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
theme.addEventListener("click", () => { remember("theme", dark() ? "light" : "dark"); dress(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
drawn(dress);

function dress() {
  document.documentElement.style.colorScheme = state.get("theme") || "";
  theme.textContent = dark() ? "☀ light" : "☾ dark";
}

addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));

// ---- the small print ----

function drawMeasured(section, league) {
  const table = (names, rows) => h("div", { class: "scroll" }, h("table", { class: "print" },
    h("thead", null, h("tr", null, names.map((name) => h("th", { scope: "col", class: "left" }, name)))),
    h("tbody", null, rows.map((row) => h("tr", null, row.map((text) => h("td", { class: "left" }, text || "–")))))));
  const code = (text) => h("span", { class: "code" }, text);
  const task = ({ name, split, count, protocol, data: mark }) => [name, split, count.toLocaleString("en"), protocol, code(mark)];
  const model = ({ letter, name, full, hashes, method, seeds }) =>
    [letter, name, full.join(", "), code(hashes.join(", ")), method, seeds.join(", ")];
  const versions = Object.entries(league.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  section.append(
    h("details", null, h("summary", null, "Tasks, their protocols and data"),
      table(["task", "split", "items", "protocol", "data"], league.groups.flatMap((group) => group.tasks).map(task))),
    h("details", null, h("summary", null, "Models and what they are"),
      table(["", "model", "measured as", "contents", "method", "seeds"], league.models.map(model))),
    h("p", { class: "note" }, "Intervals: bootstrap over items, 95 %; over several seeds, their least and greatest value. ",
      `Versions: ${versions}.`));
}
