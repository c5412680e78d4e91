// The page of `ffbatch serve`: one list that lives, and beside it what the address says: a job, two jobs, benchmarks.
"use strict";

import { json, send, stream } from "./api.js";
import { $, age, make, seconds, title } from "./dom.js";
import * as benches from "./benches.js";
import * as compare from "./compare.js";
import * as job from "./job.js";

const jobs = new Map();      // by id, as GET /jobs has them
const pace = new Map();      // by id, the last progress
let marked = null;           // the id of the job that another one is to be compared with
let shown = { ids: [] };     // what stands beside the list

function speed(progress) {
  const parts = [progress.stage];
  if (progress.percent != null) parts.push(`${progress.percent.toFixed(0)} %`);
  if (progress.eta_secs != null) parts.push(`ETA ${seconds(progress.eta_secs)}`);
  if (progress.speed) parts.push(`${progress.speed.toFixed(2)}x`);
  return parts.join("  ");
}

function cell(job) {
  const progress = pace.get(job.jobId);
  if (job.status === "RUNNING" && progress) {
    const bar = make("i");
    bar.style.width = `${Math.min(100, progress.percent || 0)}%`;
    return [make("div", { class: "pace" }, speed(progress)), make("div", { class: "bar" }, bar)];
  }
  if (job.status === "FAILED") return [make("div", { class: "why", title: job.statusReason }, job.statusReason || `exit code ${job.exitCode}`)];
  if (job.stoppedAt && job.startedAt) return [make("span", { class: "pace" }, seconds((job.stoppedAt - job.startedAt) / 1000))];
  return [make("div", { class: "why", title: job.statusReason }, job.statusReason || "")];
}

const rows = new Map();      // by id, the row with what its cells show

// The row of a job, with those cells made anew that show something else: what somebody points at stays where it is.
function row(job) {
  const isChosen = shown.ids.includes(job.jobId);
  const known = rows.get(job.jobId) || { row: make("tr", { "data-id": job.jobId, onclick: () => go(`job/${job.jobId}`) }, ...COLUMNS.map(([name]) => make("td", { class: name }))), shown: [] };
  rows.set(job.jobId, known);
  known.row.classList.toggle("chosen", isChosen);
  known.row.classList.toggle("marked", job.jobId === marked);
  COLUMNS.forEach(([, key, cell], at) => {
    const now = JSON.stringify(key(job, isChosen));
    if (known.shown[at] === now) return;
    known.shown[at] = now;
    const hadFocus = known.row.cells[at].contains(document.activeElement);
    known.row.cells[at].replaceChildren(...[cell(job, isChosen)].flat());
    if (hadFocus) known.row.querySelector("a")?.focus({ preventScroll: true });
  });
  return known.row;
}

// What each column shows: its class, on what it depends, and what stands in it.
const COLUMNS = [
  ["", (job) => job.status, (job) => make("span", { class: `state ${job.status}` }, job.status)],
  ["name", (job, isChosen) => [title(job), isChosen], (job, isChosen) => make("a", { href: `#job/${job.jobId}`, "aria-current": isChosen ? "true" : null }, title(job))],
  ["", (job) => job.compute, (job) => job.compute],
  ["", (job) => [job, pace.get(job.jobId)], cell],
  ["number", (job) => age(job.createdAt), (job) => age(job.createdAt)],
];

function visible() {
  const wanted = $("filter").value.trim().toLowerCase();
  const all = [...jobs.values()].sort((a, b) => b.createdAt - a.createdAt);
  return all.filter((job) => [job.jobName, job.jobId, job.status, job.compute].join(" ").toLowerCase().includes(wanted));
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    let at = $("jobs").firstElementChild;
    for (const job of visible()) {
      const own = row(job);
      if (own === at) at = at.nextElementSibling;
      else $("jobs").insertBefore(own, at);
    }
    while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
    for (const id of rows.keys()) if (!jobs.has(id)) rows.delete(id);
    $("empty").hidden = jobs.size > 0;
    const counts = {};
    for (const job of jobs.values()) counts[job.status] = (counts[job.status] || 0) + 1;
    say(Object.entries(counts).map(([state, count]) => `${count} ${state.toLowerCase()}`).join(", "));
  });
}

// It is read aloud, so that it is written only where it says something else.
function say(text) {
  if ($("counts").textContent !== text) $("counts").textContent = text;
}

let since = null;            // what events have told while the list was asked for
async function load() {
  const own = since = new Map();
  const listed = await json("/jobs?limit=1000");
  if (own !== since) return;
  since = null;
  jobs.clear();
  for (const job of [...listed.jobs, ...own.values()]) jobs.set(job.jobId, job);
  $("missing").textContent = Object.entries(listed.missing).map(([compute, why]) => `The jobs of ${compute} are missing: ${why}`).join("; ");
  draw();
}

// Watches all jobs for ever; a connection that breaks is made again.
async function watch() {
  for (;;) {
    const turn = new AbortController();
    try {
      await stream("/events", turn.signal, (kind, value) => {
        if (kind === "job") {
          jobs.set(value.jobId, value);
          since?.set(value.jobId, value);
          if (shown.ids.includes(value.jobId)) shown.refresh?.();
        } else if (kind === "progress") pace.set(value.jobId, value.progress);
        else if (kind === "reload") load().catch((error) => say(error.message));
        draw();
      }, () => load().catch((error) => say(error.message)));
    } catch (error) {
      say(error.message);
      if (!$("door").hidden) return;
    } finally {
      turn.abort();
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

// What is shown stands in the address, so that it can be kept, sent, and gone back to.
function go(to) {
  if (location.hash.slice(1) === to) route();
  else location.hash = to;
}

function pin(id) {
  marked = marked === id ? null : id;
  shown.refresh?.();
  draw();
}

function route() {
  shown.leave?.();
  const leaving = new AbortController();
  const tools = { signal: leaving.signal, go, pin, pinned: () => marked };
  const [view, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const ids = view === "job" || view === "compare" ? rest : [];
  shown = { ids, leave: () => leaving.abort() };
  const views = { job: () => job.show($("detail"), ids[0], tools), compare: () => compare.show($("detail"), ids, tools), benches: () => benches.show($("detail"), rest[0], tools) };
  const isOpen = view in views;
  $("detail").hidden = !isOpen;
  $("main").classList.toggle("open", isOpen);
  $("main").classList.toggle("wide", view === "compare" || view === "benches");
  $("detail").replaceChildren();
  draw();
  if (!isOpen) return;
  const refresh = views[view]();
  if (typeof refresh === "function") shown.refresh = refresh;
}

function open(isOpen) {
  $("form").hidden = !isOpen;
  if (isOpen) $("command").focus();
}

$("new").addEventListener("click", () => open($("form").hidden));
$("benches").addEventListener("click", () => go("benches"));
$("filter").addEventListener("input", draw);
$("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await send("/session", { token: $("token").value });
    location.reload();
  } catch (error) { $("refused").textContent = error.message; }
});
$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("problem").textContent = "";
  const command = $("command").value;
  const name = command.trim().split(/\s+/).pop().replace(/["']/g, "").split("/").pop();
  const quality = [...document.querySelectorAll("[name=quality]:checked")].map((box) => box.value);
  try {
    const answer = await (await send("/jobs", { command, compute: $("compute").value, name, quality })).json();
    open(false);
    await load();
    go(`job/${answer.jobId}`);
  } catch (error) { $("problem").textContent = error.message; }
});
$("command").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit();
});

// The first of two jobs is marked, the second compared with it.
function mark(id) {
  if (!id) return;
  if (marked && marked !== id) go(`compare/${marked}/${id}`);
  else pin(id);
}

document.addEventListener("keydown", (event) => {
  const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    if (!$("form").hidden) open(false);
    else if (!typing) go("");
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const listed = [...$("jobs").children];
  const at = listed.indexOf(document.activeElement.closest("tr"));
  // Arrows scroll whatever else has the focus.
  const isInList = at >= 0 || document.activeElement === document.body;
  const step = { j: 1, k: -1, ...(isInList && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
  if (step) { listed[Math.max(0, Math.min(listed.length - 1, at + step))]?.querySelector("a").focus(); event.preventDefault(); }
  else if (event.key === "c") mark(listed[at]?.dataset.id || (shown.ids.length === 1 ? shown.ids[0] : null));
  else if (event.key === "b" && !$("benches").hidden) go("benches");
  else if (event.key === "/") { $("filter").focus(); event.preventDefault(); }
  else if (event.key === "n") { open(true); event.preventDefault(); }
});

window.addEventListener("hashchange", route);

async function start() {
  watch();
  route();
  setInterval(() => load().catch((error) => say(error.message)), 30000);
  const [served, known] = await Promise.all([json("/computes").catch(() => []), json("/benches").catch(() => [])]);
  $("compute").replaceChildren(...served.map((one) => make("option", { value: one.name, title: one.summary }, one.name)));
  $("benches").hidden = known.length === 0;
}

start();
