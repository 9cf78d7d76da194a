"use strict";
// The pages work without this script. With it, live parts refresh, names replace ids, and waits have an age.
(() => {
  const every = 5000;

  const ages = (root) => {
    for (const time of root.querySelectorAll("time[data-age]")) {
      const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
      const [value, unit] = seconds < 120 ? [seconds, "s"] : seconds < 7200
        ? [Math.floor(seconds / 60), "min"] : seconds < 172800
          ? [Math.floor(seconds / 3600), "h"] : [Math.floor(seconds / 86400), "days"];
      const place = time.nextElementSibling;
      if (place && place.classList.contains("age")) place.textContent = ` (${value} ${unit} ago)`;
    }
  };

  const names = async (root) => {
    const unnamed = [...root.querySelectorAll("[data-nameless]")];
    const ids = [...new Set(unnamed.map((one) => one.dataset.nameless))].slice(0, 40);
    if (!ids.length) return;
    const answer = await fetch(`/api/ui/names?ids=${ids.join(",")}`, { cache: "no-store" });
    if (!answer.ok) return;
    const known = await answer.json();
    for (const one of unnamed) {
      const name = known[one.dataset.nameless];
      if (name) {
        one.textContent = name;
        one.title = one.dataset.nameless;
        one.removeAttribute("data-nameless");
      }
    }
  };

  const enrich = (root) => { ages(root); names(root).catch(() => {}); };

  const say = (text) => {
    const place = document.getElementById("said");
    if (place && text && place.textContent !== text) place.textContent = text;
  };

  const refresh = async (part) => {
    const headers = part.dataset.etag ? { "If-None-Match": part.dataset.etag } : {};
    const answer = await fetch(part.dataset.live, { headers, cache: "no-store", redirect: "manual" });
    if (answer.status === 304) return;
    if (!answer.ok) { say("The page could not be refreshed. Reload it."); return; }
    const text = await answer.text();
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const opened = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
    const entered = [...part.querySelectorAll("input[id]")].filter((one) => one.checked || one.value !== one.defaultValue);
    part.dataset.etag = answer.headers.get("ETag") || "";
    part.innerHTML = text;
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    for (const { id, type, value, checked } of entered) {
      const field = document.getElementById(id);
      if (field && type === "checkbox") field.checked = checked;
      else if (field) field.value = value;
    }
    if (focused) document.getElementById(focused)?.focus();
    enrich(part);
    say(part.querySelector("[data-say]")?.textContent.trim());
  };

  const isInUse = (part) => part.contains(document.activeElement)
    && document.activeElement.matches("input, select, textarea");

  enrich(document);
  const parts = [...document.querySelectorAll("[data-live]")];
  setInterval(() => {
    ages(document);
    if (document.hidden) return;
    for (const part of parts) if (!isInUse(part)) refresh(part).catch(() => {});
  }, every);
})();
