// The network that trains in the page: its controls, its pictures, and who of its units is alive.
"use strict";

(() => {
  const root = document.getElementById("playground");
  if (!root) return;
  const data = JSON.parse(document.getElementById("playground-data").textContent);
  const words = data.words;
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const control = (name) => root.querySelector(`[name="${name}"]`);
  const field = find("field");
  const units = find("units");
  const curve = find("loss");
  const CELLS = 36; // divides the width of the picture, so that cells meet without a seam
  const REACH = 1.6;
  const KEPT_LOSSES = 400;
  let state;
  let running = false;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–");

  function settings() {
    const rate = data.rates[Number(control("rate").value)];
    const [depth, width] = [Number(control("depth").value), Number(control("width").value)];
    return { task: control("task").value, activation: control("activation").value, initialisation: control("initialisation").value, rate, depth, width };
  }

  // Fresh weights for the present settings.
  function restart(seed) {
    const chosen = settings();
    const sizes = [2, ...Array(chosen.depth).fill(chosen.width), 1];
    const [points, classes] = data.tasks[chosen.task];
    state = {
      seed,
      points,
      classes,
      layers: ReluctantNetwork.create(sizes, seed, chosen.initialisation),
      activation: ReluctantActivations[chosen.activation],
      steps: 0,
      losses: [],
      died: Array.from({ length: chosen.depth }, () => Array(chosen.width).fill(null)),
      diverged: false,
    };
    buildUnits();
    show();
  }

  function advance(count) {
    for (let taken = 0; taken < count && !state.diverged; taken++) {
      const loss = ReluctantNetwork.step(state.layers, state.points, state.classes, state.activation, settings().rate);
      state.steps += 1;
      state.losses.push(loss);
      state.diverged = !Number.isFinite(loss);
      noteDeaths();
    }
    if (state.diverged) pause();
    show();
  }

  // The step at which each unit died; a unit that comes back is forgiven.
  function noteDeaths() {
    state.open = ReluctantNetwork.openShares(state.layers, state.points, state.activation);
    state.open.forEach((layer, place) =>
      layer.forEach((share, unit) => {
        if (share > 0 || state.diverged) state.died[place][unit] = null;
        else if (state.died[place][unit] === null) state.died[place][unit] = state.steps;
      }),
    );
  }

  function show() {
    noteDeaths();
    drawField();
    drawUnits();
    drawLoss();
    tell();
  }

  // A variable's colour as the canvas needs it: resolved for the scheme in use.
  const probe = document.createElement("span");
  root.append(probe);
  function colour(name) {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  }

  function drawField() {
    const pen = field.getContext("2d");
    const size = field.width;
    const cell = size / CELLS;
    const [first, second] = [colour("--c1"), colour("--c2")];
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--figure-paper");
    pen.fillRect(0, 0, size, size);
    for (let row = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++) {
        const point = [((column + 0.5) / CELLS) * 2 * REACH - REACH, REACH - ((row + 0.5) / CELLS) * 2 * REACH];
        const sure = 1 / (1 + Math.exp(-ReluctantNetwork.output(state.layers, point, state.activation)));
        if (Number.isNaN(sure)) continue;
        pen.globalAlpha = 0.1 + 0.5 * Math.abs(2 * sure - 1);
        pen.fillStyle = sure > 0.5 ? second : first;
        pen.fillRect(column * cell, row * cell, cell, cell);
      }
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.strokeStyle = colour("--figure-paper");
    state.points.forEach((point, index) => {
      pen.beginPath();
      pen.arc(((point[0] + REACH) / (2 * REACH)) * size, ((REACH - point[1]) / (2 * REACH)) * size, 5, 0, 2 * Math.PI);
      pen.fillStyle = state.classes[index] ? second : first;
      pen.fill();
      pen.stroke();
    });
  }

  function buildUnits() {
    units.replaceChildren(
      ...state.died.map((layer, place) => {
        const row = document.createElement("li");
        const name = document.createElement("span");
        name.className = "layer-name";
        name.textContent = fill(words.layer, { number: place + 1 });
        row.append(
          name,
          ...layer.map(() => {
            const unit = document.createElement("span");
            unit.className = "unit";
            unit.append(document.createElement("i"));
            return unit;
          }),
        );
        return row;
      }),
    );
  }

  function drawUnits() {
    state.died.forEach((layer, place) =>
      layer.forEach((died, unit) => {
        const element = units.children[place].children[unit + 1];
        const share = state.open[place][unit];
        element.classList.toggle("dead", died !== null);
        element.firstChild.style.height = `${100 * share}%`;
        element.title =
          died === null ? fill(words.open, { share: short(100 * share) }) : died === 0 ? words.bornDead : fill(words.died, { step: died });
      }),
    );
  }

  function drawLoss() {
    const pen = curve.getContext("2d");
    const [width, height] = [curve.width, curve.height];
    pen.clearRect(0, 0, width, height);
    const every = Math.max(1, Math.ceil(state.losses.length / KEPT_LOSSES));
    const shown = state.losses.filter((loss, index) => Number.isFinite(loss) && index % every === 0);
    const level = (loss) => height - 4 - ((height - 8) * (Math.log10(Math.min(Math.max(loss, 1e-4), 1e2)) + 4)) / 6;
    pen.strokeStyle = colour("--figure-grid");
    pen.lineWidth = 1;
    [1e-4, 1e-2, 1, 1e2].forEach((loss) => {
      pen.beginPath();
      pen.moveTo(0, level(loss));
      pen.lineTo(width, level(loss));
      pen.stroke();
    });
    pen.strokeStyle = colour("--c1");
    pen.lineWidth = 2;
    pen.beginPath();
    shown.forEach((loss, index) => pen.lineTo((index / Math.max(shown.length - 1, 1)) * width, level(loss)));
    pen.stroke();
  }

  function tell() {
    const all = state.died.flat();
    const dead = all.filter((died) => died !== null).length;
    const right = ReluctantNetwork.accuracy(state.layers, state.points, state.classes, state.activation);
    const loss = state.losses.length ? short(state.losses[state.losses.length - 1]) : "–";
    const values = { step: state.steps, loss, right: short(100 * right), dead, units: all.length };
    find("step").textContent = values.step;
    find("loss-now").textContent = values.loss;
    find("right").textContent = `${values.right} %`;
    find("dead").textContent = fill(words.deadOf, values);
    // A screen reader hears of it when the training rests, not sixty times a second.
    if (!running) find("status").textContent = state.diverged ? fill(words.diverged, values) : fill(words.status, values);
    field.setAttribute("aria-label", fill(words.field, values));
    curve.setAttribute("aria-label", fill(words.curve, values));
  }

  function pause() {
    running = false;
    find("train").textContent = words.train;
  }

  function frame() {
    if (!running) return;
    advance(2);
    requestAnimationFrame(frame);
  }

  find("train").addEventListener("click", () => {
    if (running) {
      pause();
      tell();
      return;
    }
    if (state.diverged) restart(state.seed);
    running = true;
    find("train").textContent = words.pause;
    requestAnimationFrame(frame);
  });
  find("one").addEventListener("click", () => {
    pause();
    advance(1);
  });
  find("again").addEventListener("click", () => {
    pause();
    restart(state.seed);
  });
  find("other").addEventListener("click", () => {
    pause();
    restart(state.seed + 1);
  });
  ["task", "activation", "initialisation", "depth", "width"].forEach((name) =>
    control(name).addEventListener("input", () => {
      pause();
      restart(state.seed);
    }),
  );
  root.querySelectorAll("input[type=range]").forEach((input) => {
    const follow = () => {
      const shown = input.name === "rate" ? String(data.rates[Number(input.value)]) : input.value;
      input.setAttribute("aria-valuetext", shown);
      input.parentElement.querySelector(".position").textContent = shown;
    };
    input.addEventListener("input", follow);
    follow();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  new MutationObserver(show).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  restart(data.seed);
})();
