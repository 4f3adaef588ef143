// What the pages do in the browser beside htmx: the theme toggle, what a choice fills in, times in the reader's words,
// and errors of parts.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not remembered, then */ }
    document.dispatchEvent(new CustomEvent("theme"));
  });

  document.addEventListener("submit", (event) => {
    const asked = event.target.dataset.confirm;
    if (asked && !confirm(asked)) return event.preventDefault();
    // Sent once: a second click would be the same command anyway, but should not look like another one.
    setTimeout(() => event.target.querySelectorAll("button:not([type=button])").forEach((b) => { b.disabled = true; }));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form button:disabled").forEach((b) => { b.disabled = false; }));

  document.addEventListener("change", (event) => {
    const filled = document.getElementById(event.target.dataset?.fills);
    if (filled) filled.value = event.target.value;
  });

  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [30 * 86400, "day", 86400]];
  const words = (time) => {
    const ago = (time - Date.now()) / 1000;
    const step = steps.find(([limit]) => Math.abs(ago) < limit);
    return step ? relative.format(Math.round(ago / step[2]), step[1]) : exact.format(time);
  };
  const tell = (scope) => scope.querySelectorAll("time[datetime]").forEach((element) => {
    const time = new Date(element.dateTime);
    element.title = exact.format(time);
    if (!("exact" in element.dataset)) element.textContent = words(time);
  });
  tell(document);
  setInterval(() => tell(document), 20000);
  document.addEventListener("htmx:load", (event) => tell(event.target.parentNode || event.target));
  document.addEventListener("htmx:afterSettle", (event) => tell(event.target));

  // What one has unfolded stays unfolded when its part is fetched anew; a list that grows forgets its oldest.
  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    unfolded = [...event.detail.target.querySelectorAll("details[id][open]")].map((element) => element.id);
  });
  document.addEventListener("htmx:afterSwap", () => unfolded.forEach((id) => document.getElementById(id)?.setAttribute("open", "")));
  document.addEventListener("htmx:sseMessage", (event) => {
    const list = event.target.closest?.("[data-most]");
    while (list && list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
  });

  // A part that could not be fetched: say so, without taking away what is there.
  document.addEventListener("htmx:responseError", (event) => {
    const toast = document.getElementById("toast");
    const told = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").body.textContent.trim();
    toast.replaceChildren(Object.assign(document.createElement("p"), { textContent: told || "This part could not be loaded." }));
    setTimeout(() => toast.replaceChildren(), 8000);
  });
})();
