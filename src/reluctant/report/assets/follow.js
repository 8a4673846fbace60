"use strict";
// Follows a run that goes on: asks the server that the page came from for a newer one, and exchanges the content for it.
(() => {
  const EVERY_MS = 2000;
  const address = location.pathname;
  const state = document.querySelector("[data-follow]");
  let version = "";

  const exchange = (text) => {
    const made = new DOMParser().parseFromString(text, "text/html");
    const open = [...document.querySelectorAll("details[open][id]")].map((details) => details.id);
    const focused = document.activeElement && document.activeElement.closest("details[id]");
    document.title = made.title;
    document.getElementById("main").replaceChildren(...made.getElementById("main").childNodes);
    for (const id of open) { const details = document.getElementById(id); if (details) details.open = true; }
    if (focused) { const details = document.getElementById(focused.id); if (details) details.querySelector("summary").focus({ preventScroll: true }); }
    const only = document.querySelector("[data-only-findings]");
    if (only) only.setAttribute("aria-pressed", String(document.documentElement.classList.contains("only-findings")));
  };

  const ask = async () => {
    try {
      const answer = await fetch(`${address}?since=${version}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      if (answer.status === 200) {
        exchange(await answer.text());
        version = answer.headers.get("X-Version");
      }
      state.textContent = "following the run";
      state.classList.remove("warning");
    } catch {
      state.textContent = "the server has ended";
      state.classList.add("warning");
    }
    setTimeout(ask, EVERY_MS);
  };
  if (state) ask();
})();
