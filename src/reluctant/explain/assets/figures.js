// Sliders that move a figure, and the reading of curves. Without this script a figure shows the sliders' first position and no reading.
"use strict";

(() => {
  const number = (value) => {
    if (value === 0 || !Number.isFinite(value)) return String(value);
    const size = Math.abs(value);
    const text = size < 1e-3 || size >= 1e4 ? value.toExponential(1).replace("e+", "e") : String(Number(value.toPrecision(3)));
    return text.replace(/-/g, "−");
  };

  const share = (axis, value) =>
    axis.log ? Math.log(Math.max(value, 1e-300) / axis.low) / Math.log(axis.high / axis.low) : (value - axis.low) / (axis.high - axis.low);

  // A coordinate to a tenth, as the page has them.
  const tenth = (value) => String(Math.round(value * 10) / 10);

  class Panel {
    constructor(figure, element, data, words) {
      this.svg = element.querySelector("svg");
      this.box = data.box;
      this.axes = data.axes;
      this.start = data.marks;
      this.marks = data.marks;
      this.words = words;
      this.drawn = this.svg.querySelector("g").children;
      if (data.marks.some((mark) => mark.kind === "line")) this.listen(element);
    }

    across(x) {
      return this.box.left + (this.box.right - this.box.left) * share(this.axes.x, x);
    }

    up(y) {
      return this.box.bottom - (this.box.bottom - this.box.top) * share(this.axes.y, y);
    }

    // Draw what changed; null stands for a mark as it is at the start.
    show(changes) {
      this.marks = this.start.map((mark, index) => (changes && changes[index] ? { ...mark, ...changes[index] } : mark));
      this.marks.forEach((mark, index) => this.draw(mark, this.drawn[index]));
      if (this.cursor !== undefined) this.read(this.cursor);
    }

    draw(mark, element) {
      const at = (x, y) => `${tenth(this.across(x))} ${tenth(this.up(y))}`;
      if (mark.kind === "line") {
        let pen = "M";
        const parts = mark.xs.map((x, index) => {
          if (mark.ys[index] === null) {
            pen = "M";
            return "";
          }
          const part = pen + at(x, mark.ys[index]);
          pen = "L";
          return part;
        });
        element.setAttribute("d", parts.join(""));
      } else if (mark.kind === "band") {
        const there = mark.xs.map((x, index) => at(x, mark.low[index]));
        const back = mark.xs.map((x, index) => at(x, mark.high[index])).reverse();
        element.setAttribute("d", `M${[...there, ...back].join("L")}Z`);
      } else if (mark.kind === "dots") {
        element.setAttribute("d", mark.xs.map((x, index) => `M${at(x, mark.ys[index])}h.01`).join(""));
      } else if (mark.kind === "cells") {
        this.drawCells(mark.rows, element);
      }
    }

    drawCells(rows, group) {
      const { left, right, top, bottom } = this.box;
      const across = (column) => tenth(left + ((right - left) * column) / rows[0].length);
      const down = (row) => tenth(top + ((bottom - top) * row) / rows.length);
      const paths = {};
      rows.forEach((row, place) => {
        for (const run of row.matchAll(/(\d)\1*/g)) {
          const [start, end] = [across(run.index), across(run.index + run[0].length)];
          paths[run[1]] = `${paths[run[1]] || ""}M${start} ${down(place)}H${end}V${down(place + 1)}H${start}z`;
        }
      });
      group.replaceChildren(
        ...Object.keys(paths).sort().map((digit) => {
          const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
          path.setAttribute("class", `d${digit}`);
          path.setAttribute("d", paths[digit]);
          return path;
        }),
      );
    }

    listen(element) {
      element.classList.add("readable");
      element.tabIndex = 0;
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", element.dataset.label);
      this.reading = document.createElement("div");
      this.reading.className = "reading";
      this.reading.setAttribute("aria-live", "polite");
      element.append(this.reading);
      this.rule = document.createElementNS("http://www.w3.org/2000/svg", "path");
      this.rule.setAttribute("class", "cursor");
      this.svg.append(this.rule);
      element.addEventListener("pointermove", (event) => this.read(this.valueAt(event)));
      element.addEventListener("pointerleave", () => this.leave());
      element.addEventListener("blur", () => this.leave());
      element.addEventListener("keydown", (event) => this.key(event));
    }

    valueAt(event) {
      const place = this.svg.getBoundingClientRect();
      const x = ((event.clientX - place.left) / place.width) * this.svg.viewBox.baseVal.width;
      const part = Math.min(Math.max((x - this.box.left) / (this.box.right - this.box.left), 0), 1);
      const { low, high, log } = this.axes.x;
      return log ? low * (high / low) ** part : low + (high - low) * part;
    }

    key(event) {
      const xs = this.lines()[0].xs;
      const here = this.cursor === undefined ? Math.floor(xs.length / 2) : this.nearest(xs, this.cursor);
      const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -xs.length, End: xs.length };
      if (event.key === "Escape") {
        this.leave();
      } else if (event.key in moves) {
        event.preventDefault();
        this.read(xs[Math.min(Math.max(here + moves[event.key], 0), xs.length - 1)]);
      }
    }

    lines() {
      return this.marks.filter((mark) => mark.kind === "line");
    }

    nearest(xs, x) {
      const distance = (value) => Math.abs(share(this.axes.x, value) - share(this.axes.x, x));
      return xs.reduce((best, value, index) => (distance(value) < distance(xs[best]) ? index : best), 0);
    }

    read(x) {
      this.cursor = x;
      const lines = this.lines();
      const at = lines[0].xs[this.nearest(lines[0].xs, x)];
      const entries = lines.map((line) => {
        const index = this.nearest(line.xs, at);
        const slope = line.slopes ? `, ${this.words.slope} ${number(line.slopes[index])}` : "";
        const value = line.ys[index] === null ? "–" : number(line.ys[index]);
        const entry = document.createElement("span");
        entry.className = `entry c${line.colour}`;
        entry.textContent = `${line.label} ${value}${slope}`;
        return entry;
      });
      const head = document.createElement("b");
      head.textContent = `${this.axes.x.label} = ${number(at)}`;
      this.reading.replaceChildren(head, ...entries);
      this.reading.classList.toggle("left", share(this.axes.x, at) > 0.5);
      this.rule.setAttribute("d", `M${tenth(this.across(at))} ${this.box.top}V${this.box.bottom}`);
    }

    leave() {
      this.cursor = undefined;
      this.reading.replaceChildren();
      this.rule.removeAttribute("d");
    }
  }

  function connect(figure) {
    const data = JSON.parse(figure.querySelector("script.figure-data").textContent);
    const panels = [...figure.querySelectorAll(".panel-box")].map((element, index) => new Panel(figure, element, data.panels[index], data.words));
    const controls = [...figure.querySelectorAll("[data-slider]")];
    if (!controls.length) return;
    const readout = figure.querySelector("output.readout");
    const update = () => {
      let place = 0;
      controls.forEach((control, index) => {
        const position = Number(control.value);
        const name = data.sliders[index][position];
        const shown = control.parentElement.querySelector(".position");
        if (shown) shown.textContent = name;
        control.setAttribute("aria-valuetext", name);
        place = place * data.sliders[index].length + position;
      });
      readout.textContent = data.frames[place].readout;
      panels.forEach((panel, index) => panel.show(data.frames[place].marks && data.frames[place].marks[index]));
    };
    controls.forEach((control) => control.addEventListener("input", update));
  }

  document.documentElement.classList.add("scripted");
  document.querySelectorAll("figure.drawn").forEach(connect);
})();
