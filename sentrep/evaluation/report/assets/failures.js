// What a model got most wrong on a task, in words.

const FIRST = 6;

function drawFailures(section, { texts, lists }) {
  const body = h("div");
  const title = (list) => `${list.task} (${list.split})`;
  section.append(h("p", { class: "note" }, "Single items, the worst first. Each task defines its own score."), body);
  const redraw = drawn(() => {
    const tasks = [...new Set(lists.map(title))];
    const task = tasks.includes(state.get("task")) ? state.get("task") : tasks[0];
    const here = lists.filter((list) => title(list) === task);
    const chosen = state.get("model") || data.league.leaders[0];  // what even the best get wrong tells most
    const list = here.find((each) => each.model === chosen) || here[0];
    const choose = (name) => (value) => { remember(name, value); redraw(); };
    const items = (some) => h("ol", { class: "failures" }, some.map((item) => failure(texts, item)));
    const rest = list.items.slice(FIRST);
    body.replaceChildren(
      h("div", { class: "heading" }, chooser("Task", "task", tasks, task, choose("task")),
        chooser("Model", "model", here.map((each) => each.model), list.model, choose("model"))),
      items(list.items.slice(0, FIRST)),
      rest.length ? h("details", null, h("summary", null, `${rest.length} more`), items(rest)) : "");
  });
}

function failure(texts, [question, wanted, got, score]) {
  const part = (name, text) => h("div", null, h("small", null, name), h("p", null, text || "–"));
  return h("li", null, part("asked", texts[question]), part("wanted", texts[wanted]), part("got", texts[got]),
    h("div", { class: "figures" }, h("small", null, "score"), h("p", null, brief(score))));
}
