"use strict";
// The page is complete without this. It adds: values under the pointer in charts, a filter of the map, and buttons that copy commands.
// All of it listens on the document, so that it also holds for parts of the page that are exchanged while a run goes on.
(() => {
  const root = document.documentElement;
  const say = (text) => { const status = document.querySelector("[data-status]"); if (status) status.textContent = text; };

  // Values are read back from the places of the drawing, by the same scales that placed them.
  const THERE = { linear: (v) => v, log: Math.log, log1p: Math.log1p, symlog: (v) => Math.sign(v) * Math.log1p(Math.abs(v)) };
  const BACK = { linear: (v) => v, log: Math.exp, log1p: Math.expm1, symlog: (v) => Math.sign(v) * Math.expm1(Math.abs(v)) };
  const scale = (text) => {
    const [kind, low, high] = text.split(" ");
    const from = THERE[kind](Number(low)), to = THERE[kind](Number(high));
    return (share) => BACK[kind](from + share * (to - from));
  };
  const written = (value) => (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e6) ? value.toExponential(1) : String(Number(value.toPrecision(3))));
  const points = (path) => [...path.getAttribute("d").matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((pair) => [Number(pair[1]), Number(pair[2])]);

  let box = null;
  const leave = () => { if (box) box.remove(); box = null; };

  // What the curves of a chart are at the pointer: a heading and a line for each.
  const read = (chart, event) => {
    const [left, right, top, bottom] = chart.dataset.frame.split(" ").map(Number);
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    if (at.x < left - 4 || at.x > right + 4) return null;
    const across = scale(chart.dataset.x), up = scale(chart.dataset.y);
    const near = [...chart.querySelectorAll("path[data-label]")].map((path) => {
      const point = points(path).reduce((a, b) => (Math.abs(b[0] - at.x) < Math.abs(a[0] - at.x) ? b : a));
      return { label: path.dataset.label, point };
    });
    if (!near.length) return null;
    const x = Math.round(across((near[0].point[0] - left) / (right - left)));
    const head = `${chart.dataset.xLabel.split(/[,:]/)[0]} ${x.toLocaleString("en")}`;
    return [head, ...near.map(({ label, point }) => `${label}: ${written(up((bottom - point[1]) / (bottom - top)))}`)];
  };

  document.addEventListener("pointermove", (event) => {
    const chart = event.target instanceof Element && event.target.closest("svg.panel[data-x][data-y]");
    const told = chart && read(chart, event);
    if (!told) return leave();
    const figure = chart.closest("figure");
    if (!box || box.parentElement !== figure) { leave(); box = figure.appendChild(document.createElement("div")); box.className = "reading"; }
    box.replaceChildren(...told.map((text, index) => {
      const line = document.createElement(index ? "div" : "b");
      line.textContent = text;
      return line;
    }));
    const frame = figure.getBoundingClientRect();
    const beyond = event.clientX - frame.left > frame.width / 2;
    box.style.left = beyond ? "auto" : `${event.clientX - frame.left + 14}px`;
    box.style.right = beyond ? `${frame.right - event.clientX + 14}px` : "auto";
    box.style.top = `${event.clientY - frame.top - 8}px`;
  });

  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied");
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      say("The browser does not allow copying; the command is selected");
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    if (button.hasAttribute("data-copy")) copy(button);
    if (button.hasAttribute("data-only-findings")) button.setAttribute("aria-pressed", String(root.classList.toggle("only-findings")));
  });
})();
