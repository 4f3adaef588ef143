// Before the first paint: the theme the reader chose, if any. Loaded in the head, without defer, for that reason.
"use strict";
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* no storage: the system's theme it is */ }
