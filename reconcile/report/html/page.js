"use strict";
(() => {
  const find = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  const form = byId("filter");
  if (!form) return; // a run that ended before it had jobs
  const text = byId("text");
  const boxes = find("input[name=verdict]", form);
  const choices = ["provider", "code", "label"].map(byId).filter(Boolean);
  const groups = find("#jobs .group").map((group) => ({ group, jobs: find(".job", group), open: group.open, more: find(".more", group), alike: find(".alike", group) }));
  const jobs = groups.flatMap((each) => each.jobs);
  const strips = find("[data-job]");
  const unfolded = new Set(find("#jobs .more[open]"));
  const words = new Map();
  let filtered = false;

  // --- The filter, kept in the fragment after "#?" so that it survives wherever the file is shown ---

  function readFilter() {
    const filter = new URLSearchParams();
    if (text.value.trim()) filter.set("text", text.value.trim());
    const verdicts = boxes.filter((box) => box.checked).map((box) => box.value);
    if (verdicts.length) filter.set("verdict", verdicts.join(","));
    for (const choice of choices) if (choice.value) filter.set(choice.id, choice.value);
    return filter;
  }

  function showFilter(filter) {
    const verdicts = (filter.get("verdict") || "").split(",");
    text.value = filter.get("text") || "";
    for (const box of boxes) box.checked = verdicts.includes(box.value);
    for (const choice of choices) choice.value = filter.get(choice.id) || "";
  }

  function wordsOf(job) {
    if (!words.has(job)) words.set(job, job.textContent.toLowerCase());
    return words.get(job);
  }

  // What all jobs with one cause share stands once, around them.
  function dataOf(job, key) {
    return job.dataset[key] ?? job.closest(".alike")?.dataset[key];
  }

  function accepts(filter, job) {
    const verdict = filter.get("verdict");
    const provider = filter.get("provider");
    const code = filter.get("code");
    const label = filter.get("label");
    const parts = (filter.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean);
    return (!verdict || verdict.split(",").includes(dataOf(job, "verdict")))
      && (!provider || provider === dataOf(job, "provider"))
      && (!code || code === dataOf(job, "code"))
      && (!label || (job.dataset.labels || "").split("\n").includes(label))
      && parts.every((part) => wordsOf(job).includes(part));
  }

  function applyFilter(filter) {
    const any = filter.size > 0;
    if (!any && !filtered) return;
    filtered = any;
    let shown = 0;
    for (const { group, jobs, open, more, alike } of groups) {
      let matching = 0;
      for (const job of jobs) {
        job.hidden = any && !accepts(filter, job);
        matching += !job.hidden;
      }
      group.hidden = matching === 0;
      group.open = any || open;
      for (const each of more) each.open = any || unfolded.has(each);
      for (const each of alike) each.hidden = !each.querySelector(".job:not([hidden])");
      shown += matching;
    }
    for (const strip of strips) strip.hidden = byId(strip.dataset.job).closest(".job").hidden;
    byId("nothing").hidden = shown > 0 || !any;
    byId("shown").value = any ? `${shown.toLocaleString("en")} of ${jobs.length.toLocaleString("en")} jobs` : "";
  }

  function changeFilter() {
    const filter = readFilter();
    applyFilter(filter);
    keepFragment(filter.size ? `#?${filter}` : "#");
  }

  function keepFragment(fragment) {
    try {
      history.replaceState(null, "", fragment);
    } catch {
      // A viewer that shows the file inside its own page may forbid it; the filter works all the same.
    }
  }

  // --- Links to a job ---

  function follow() {
    const fragment = location.hash.slice(1);
    const filter = new URLSearchParams(fragment.startsWith("?") ? fragment.slice(1) : "");
    showFilter(filter);
    applyFilter(filter);
    const place = fragment.startsWith("?") ? null : byId(decode(fragment));
    for (let around = place; around; around = around.parentElement) if (around.localName === "details") around.open = true;
    if (place) (place.closest(".job") || place).scrollIntoView();
  }

  function decode(fragment) {
    try {
      return decodeURIComponent(fragment);
    } catch {
      return fragment;
    }
  }

  // --- Copying ---

  function offerCopy(job) {
    const code = job.querySelector(":scope > .body > .again > code:only-of-type:not(:has(+ .copy))");
    if (!code) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    code.after(button);
  }

  async function copy(button) {
    const code = button.previousElementSibling;
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Selected";
    byId("said").textContent = copied ? "Command copied" : "Command selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // --- The keyboard ---

  let current = null;

  function isShown(job) {
    return !job.hidden && !job.parentElement.closest("details:not([open])");
  }

  function move(step) {
    let i = current ? jobs.indexOf(current) : step > 0 ? -1 : jobs.length;
    do i += step; while (jobs[i] && !isShown(jobs[i]));
    if (!jobs[i]) return;
    current = jobs[i];
    const target = current.querySelector("summary") || current;
    if (target === current) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest" });
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (event.target === text || readFilter().size) form.reset();
      text.blur();
    } else if (!/^(?:INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      if (event.key === "/") text.focus(), text.select();
      else if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else return;
      event.preventDefault();
    }
  }

  // --- Everything that only works with this script appears with it ---

  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changeFilter, 60); });
  form.addEventListener("reset", () => setTimeout(changeFilter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });
  document.addEventListener("focusin", (event) => { current = event.target.closest(".job") || current; });
  document.addEventListener("keydown", press);
  addEventListener("hashchange", follow);
  document.addEventListener("toggle", (event) => offerCopy(event.target), true);
  find(".job[open]").forEach(offerCopy);
  for (const part of [form, ...find(".keys")]) part.hidden = false;
  follow();
})();
