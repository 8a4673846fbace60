"use strict";
// The page is complete without this. It adds: values under the pointer in charts, a filter of the map, and buttons that copy commands.
(() => {
  const say = (text) => { const status = document.querySelector("[data-status]"); if (status) status.textContent = text; };

  // Values are read back from the places of the drawing, by the same scales that placed them.
  const scale = (text) => {
    const [kind, low, high] = text.split(" ");
    const there = { linear: (v) => v, log: Math.log, log1p: Math.log1p, symlog: (v) => Math.sign(v) * Math.log1p(Math.abs(v)) }[kind];
    const back = { linear: (v) => v, log: Math.exp, log1p: Math.expm1, symlog: (v) => Math.sign(v) * Math.expm1(Math.abs(v)) }[kind];
    const from = there(Number(low)), to = there(Number(high));
    return (share) => back(from + share * (to - from));
  };
  const written = (value) => (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e6) ? value.toExponential(1) : String(Number(value.toPrecision(3))));
  const points = (path) => [...path.getAttribute("d").matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((pair) => [Number(pair[1]), Number(pair[2])]);

  for (const chart of document.querySelectorAll("svg.panel[data-x][data-y]")) {
    const [left, right, top, bottom] = chart.dataset.frame.split(" ").map(Number);
    const across = scale(chart.dataset.x), up = scale(chart.dataset.y);
    const figure = chart.closest("figure");
    let lines = null, box = null;
    const leave = () => { if (box) box.remove(); box = null; };
    chart.addEventListener("pointerleave", leave);
    chart.addEventListener("pointermove", (event) => {
      lines ??= [...chart.querySelectorAll("path[data-label]")].map((path) => ({ label: path.dataset.label, points: points(path) }));
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
      if (at.x < left - 4 || at.x > right + 4) return leave();
      const near = lines.map((line) => ({ label: line.label, point: line.points.reduce((a, b) => (Math.abs(b[0] - at.x) < Math.abs(a[0] - at.x) ? b : a)) }));
      if (!near.length) return leave();
      const x = across((near[0].point[0] - left) / (right - left));
      if (!box) { box = document.createElement("div"); box.className = "reading"; figure.append(box); }
      const head = document.createElement("b");
      head.textContent = `${chart.dataset.xLabel.split(",")[0].split(":")[0]} ${written(Math.round(x))}`;
      box.replaceChildren(head, ...near.map(({ label, point }) => {
        const entry = document.createElement("div");
        entry.textContent = `${label}: ${written(up((bottom - point[1]) / (bottom - top)))}`;
        return entry;
      }));
      const frame = figure.getBoundingClientRect();
      const beyond = event.clientX - frame.left > frame.width / 2;
      box.style.left = beyond ? "auto" : `${event.clientX - frame.left + 14}px`;
      box.style.right = beyond ? `${frame.right - event.clientX + 14}px` : "auto";
      box.style.top = `${event.clientY - frame.top - 8}px`;
    });
  }

  const only = document.querySelector("[data-only-findings]");
  if (only) only.addEventListener("click", () => {
    const on = document.documentElement.classList.toggle("only-findings");
    only.setAttribute("aria-pressed", String(on));
  });

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        say("Copied");
        button.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(button.previousElementSibling);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        say("The browser does not allow copying; the command is selected");
      }
    });
  }
})();
