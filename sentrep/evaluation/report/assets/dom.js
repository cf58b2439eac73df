// What the rest of the page is made with. Texts become text nodes, never markup.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const SHAPES = ["M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0", "M-3,-3h6v6h-6z", "M0,-4L3.8,3h-7.6z", "M0,-4L4,0L0,4L-4,0z"];
const SIGNS = "●■▲◆";  // the same shapes in a line of text
const COLOURS = 8;

/**
 * An element of HTML.
 * @param {string} tag
 * @param {Object} attributes functions become listeners, the object `style` becomes properties, false and null are left out
 * @param {...(Node|string|null|Array)} children
 */
function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG; see `h`. */
function s(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "style") Object.entries(value).forEach(([key, each]) => node.style.setProperty(key, each));
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A chooser with a label. @param {string} hold see `drawn` */
function chooser(label, hold, options, chosen, change) {
  const select = h("select", { "data-hold": hold, change: () => change(select.value) });
  select.append(...options.map((value) => h("option", { value, selected: value === chosen }, value)));
  return h("label", { class: "chooser" }, h("span", null, label), select);
}

// ---- numbers ----

/** 72.4 for values out of 100, .471 for values out of 1. */
function digits(value, percent) {
  if (value === null || value === undefined) return "nan";
  return (percent ? value.toFixed(1) : value.toFixed(3)).replace(/^(-?)0\./, "$1.").replace("-", "−");
}

/** Few digits for values of any size. */
function brief(value) {
  if (value === null || value === undefined) return "nan";
  const size = Math.abs(value);
  if (size >= 1e5 || (size < 1e-3 && size > 0)) return value.toExponential(1).replace("-", "−");
  return String(Number(value.toPrecision(size >= 100 ? Math.ceil(Math.log10(size + 1)) : 3))).replace("-", "−");
}

const seconds = (value) => (value < 0.05 ? "–" : value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en"));

const several = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

// ---- what is chosen, kept in the address so that a link shows the same ----

const state = new URLSearchParams(location.hash.slice(1));
const redraws = [];

function remember(name, value) {
  if (value === null || value === "") state.delete(name);
  else state.set(name, String(value));
  history.replaceState(null, "", `#${state}`);
}

/** Draw now, again whenever the address says something else, and when what is returned is called. `data-hold` holds the focus. */
function drawn(draw) {
  const redraw = () => {
    const held = document.activeElement?.dataset.hold;
    draw();
    if (held) document.querySelector(`[data-hold="${held}"]`)?.focus({ preventScroll: true });
  };
  redraws.push(redraw);
  draw();
  return redraw;
}

addEventListener("hashchange", () => {
  [...state.keys()].forEach((name) => state.delete(name));
  new URLSearchParams(location.hash.slice(1)).forEach((value, name) => state.set(name, value));
  redraws.forEach((redraw) => redraw());
});

// ---- the one hint that follows pointer and keyboard ----

const tip = document.getElementById("tip");

/** Show a hint at a place of the window, in pixels. */
function hint(x, y, ...content) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - width - 8))}px`;
  tip.style.top = `${y + 18 + height > innerHeight ? Math.max(8, y - height - 12) : y + 18}px`;
}

function unhint() {
  tip.hidden = true;
}

/** A hint for an element, by pointer or focus. @param {() => Array<Node|string>} content */
function hinted(node, content) {
  node.addEventListener("pointermove", (event) => hint(event.clientX, event.clientY, ...content()));
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    if (node.matches(":focus-visible")) hint(box.left, box.bottom - 12, ...content());
  });
  ["pointerleave", "blur"].forEach((name) => node.addEventListener(name, unhint));
  return node;
}

addEventListener("keydown", (event) => event.key === "Escape" && unhint());
addEventListener("scroll", unhint, { passive: true });
