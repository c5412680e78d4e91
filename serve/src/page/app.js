// The page of `ffbatch serve`: one list that lives, one job in full. Everything that comes from a job is put in as text.
"use strict";

const $ = (id) => document.getElementById(id);
const jobs = new Map();      // by id, as GET /jobs has them
const pace = new Map();      // by id, the last progress
let chosen = null;           // the id of the job that is shown in full
let following = null;        // stops the stream of that job

// An element with attributes and children; texts stay texts.
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem("token");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401 || (response.status === 403 && token)) {
    $("door").hidden = false;
    $("token").focus();
  }
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Error(body.message || `the server answered ${response.status}`);
  }
  return response;
}

const json = async (path) => (await ask(path)).json();
const send = (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Reads server-sent events with a token, which EventSource cannot send.
async function stream(path, signal, on) {
  const response = await ask(path, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const of = (key) => lines.filter((line) => line.startsWith(key)).map((line) => line.slice(key.length)).join("\n");
      if (of("data: ")) on(of("event: "), JSON.parse(of("data: ")));
    }
  }
}

function seconds(value) {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const [h, m, s] = [Math.floor(value / 3600), Math.floor(value / 60) % 60, Math.floor(value) % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function age(then) {
  const passed = (Date.now() - then) / 1000;
  if (passed < 60) return "now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h`;
  return `${Math.floor(passed / 86400)} d`;
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < 4) { value /= 1024; at += 1; }
  return `${at ? value.toPrecision(3) : value} ${units[at]}`;
}

const title = (job) => job.jobName || job.jobId.slice(0, 8);

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
  if (job.status === "FAILED") return [make("div", { class: "why" }, job.statusReason || `exit code ${job.exitCode}`)];
  if (job.stoppedAt && job.startedAt) return [make("span", { class: "pace" }, seconds((job.stoppedAt - job.startedAt) / 1000))];
  return [make("div", { class: "why" }, job.statusReason || "")];
}

function row(job) {
  const attributes = { tabindex: 0, "data-id": job.jobId, "aria-selected": String(job.jobId === chosen), onclick: () => show(job.jobId) };
  return make("tr", attributes,
    make("td", {}, make("span", { class: `state ${job.status}` }, job.status)),
    make("td", { class: "name" }, title(job)),
    make("td", {}, job.compute),
    make("td", {}, ...cell(job)),
    make("td", { class: "number" }, age(job.createdAt)));
}

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
    const focused = document.activeElement?.dataset?.id;
    const shown = visible();
    $("jobs").replaceChildren(...shown.map(row));
    if (focused) $("jobs").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    $("empty").hidden = jobs.size > 0;
    const counts = {};
    for (const job of jobs.values()) counts[job.status] = (counts[job.status] || 0) + 1;
    $("counts").textContent = Object.entries(counts).map(([state, count]) => `${count} ${state.toLowerCase()}`).join(", ");
  });
}

async function load() {
  const listed = await json("/jobs?limit=1000");
  jobs.clear();
  for (const job of listed.jobs) jobs.set(job.jobId, job);
  draw();
}

// Watches all jobs for ever; a connection that breaks is made again.
async function watch() {
  for (;;) {
    try {
      const loaded = load();
      await stream("/events", undefined, (kind, value) => {
        if (kind === "job") { jobs.set(value.jobId, value); if (value.jobId === chosen) refresh(); }
        else if (kind === "progress") pace.set(value.jobId, value.progress);
        else if (kind === "reload") load();
        draw();
      });
      await loaded;
    } catch (error) {
      $("counts").textContent = error.message;
      if (!$("door").hidden) return;
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

function button(text, path, job) {
  return make("button", { type: "button", onclick: async () => {
    try {
      const answer = await (await send(`/jobs/${encodeURIComponent(job)}/${path}`, {})).json();
      if (path === "retry") { await load(); show(answer.jobId); }
    } catch (error) { $("problem-of-job").textContent = error.message; }
  } }, text);
}

function close() {
  following?.abort();
  chosen = null;
  $("detail").hidden = true;
  document.querySelector("main").classList.remove("open");
  draw();
}

async function show(id) {
  following?.abort();
  following = new AbortController();
  chosen = id;
  const { signal } = following;
  $("detail").hidden = false;
  document.querySelector("main").classList.add("open");
  $("detail").replaceChildren(make("p", { class: "why" }, "Loading ..."));
  draw();
  const log = make("pre", { id: "log", tabindex: 0, "aria-label": "Log" });
  const parts = { head: make("div"), report: make("div") };
  $("detail").replaceChildren(parts.head, parts.report, make("h3", {}, "Log"), log);
  await refresh(parts);
  try {
    await stream(`/jobs/${encodeURIComponent(id)}/events`, signal, (kind, value) => {
      if (kind !== "log") return;
      const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      log.append(`${value.line}\n`);
      if (end) log.scrollTop = log.scrollHeight;
    });
  } catch (error) {
    if (error.name !== "AbortError") log.append(error.message);
  }
}

let places = null;
async function refresh(parts = places) {
  places = parts;
  const id = chosen;
  let detail;
  try { detail = await json(`/jobs/${encodeURIComponent(id)}`); } catch (error) { parts.head.replaceChildren(make("p", { class: "problem" }, error.message)); return; }
  if (id !== chosen) return;
  const { job } = detail;
  const ended = job.status === "SUCCEEDED" || job.status === "FAILED";
  parts.head.replaceChildren(
    make("div", { class: "row" }, make("h2", {}, title(job)), make("button", { type: "button", onclick: close, "aria-label": "Close" }, "Close (Esc)")),
    make("div", { class: "row" }, make("span", { class: `state ${job.status}` }, job.status), make("span", { class: "why" }, `${job.compute}, ${new Date(job.createdAt).toLocaleString()}`),
      ended ? button("Run again", "retry", id) : button("Stop", "cancel", id)),
    make("p", { id: "problem-of-job", class: "problem", role: "alert" }),
    ...detail.why.map((line) => make("p", { class: "why" }, line)),
    make("h3", {}, "Command"),
    ...detail.commands.map((command) => make("pre", {}, command)),
    make("h3", {}, "Id"), make("code", {}, id));
  if (ended) await report(id, parts.report);
  else parts.report.replaceChildren();
}

async function report(id, place) {
  let found;
  try { found = await json(`/jobs/${encodeURIComponent(id)}/report`); } catch { place.replaceChildren(); return; }
  if (id !== chosen) return;
  const table = (head, rows) => make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((text) => make("td", {}, String(text)))))));
  const parts = [make("h3", {}, "Stages"), table(["Stage", "Time", "Moved"], found.stages.map((stage) => [stage.stage, seconds(stage.seconds), stage.bytes ? bytes(stage.bytes) : ""]))];
  if (found.outputs.length) parts.push(make("h3", {}, "Outputs"), table(["File", "Size"], found.outputs.map((output) => [output.location, output.bytes == null ? "" : bytes(output.bytes)])));
  for (const output of found.quality?.outputs || []) {
    const scores = output.scores || [];
    if (scores.length) parts.push(make("h3", {}, "Quality"), table(["Metric", "Mean", "Lowest", "5th percentile"], scores.map((score) => [score.metric, score.mean, score.min, score.p5 ?? ""].map((value) => typeof value === "number" ? value.toFixed(value <= 1 ? 4 : 2) : value))));
    for (const why of Object.values(output.refused || {})) parts.push(make("p", { class: "problem" }, why));
  }
  place.replaceChildren(...parts);
  if (found.quality?.outputs?.some((output) => output.frames_at)) curves(id, place);
}

// The values of every frame, the lowest of each column where there are more frames than columns.
async function curves(id, place) {
  let frames;
  try { frames = await json(`/jobs/${encodeURIComponent(id)}/frames`); } catch { return; }
  const fields = { vmaf: "vmaf", psnr: "psnr_avg", ssim: "ssim_avg", xpsnr: "xpsnr_y" };
  for (const [metric, field] of Object.entries(fields)) {
    const values = (frames[metric] || []).map((frame) => frame[field]).filter((value) => typeof value === "number");
    if (values.length < 2) continue;
    const each = Math.ceil(values.length / 600);
    const lows = [];
    for (let at = 0; at < values.length; at += each) lows.push(Math.min(...values.slice(at, at + each)));
    const [low, high] = [Math.min(...lows), Math.max(...lows)];
    const x = (at) => 44 + (at / (lows.length - 1)) * 590;
    const y = (value) => 110 - ((value - low) / (high - low || 1)) * 96;
    const line = lows.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const label = (value) => make("text", { x: 38, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(high <= 1 ? 3 : 1));
    if (id !== chosen) return;
    place.append(make("h3", {}, `${metric.toUpperCase()} of every frame`),
      make("svg", { class: "curve", viewBox: "0 0 640 120", role: "img", "aria-label": `${metric} from ${low} to ${high}` },
        make("line", { x1: 44, x2: 634, y1: y(low), y2: y(low) }), make("line", { x1: 44, x2: 634, y1: y(high), y2: y(high) }), label(low), label(high), make("path", { d: line })));
  }
}

function open(shown) {
  $("form").hidden = !shown;
  if (shown) $("command").focus();
}

$("new").addEventListener("click", () => open($("form").hidden));
$("filter").addEventListener("input", draw);
$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value);
  location.reload();
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
    show(answer.jobId);
  } catch (error) { $("problem").textContent = error.message; }
});
$("command").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (event.key === "Escape") { if (typing) event.target.blur(); if (!$("form").hidden) open(false); else close(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...$("jobs").children];
  const at = rows.indexOf(document.activeElement);
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step) { rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus(); event.preventDefault(); }
  else if (event.key === "Enter" && at >= 0) show(rows[at].dataset.id);
  else if (event.key === "/") { $("filter").focus(); event.preventDefault(); }
  else if (event.key === "n") { open(true); event.preventDefault(); }
});

(async () => {
  watch();
  setInterval(draw, 30000);
  const served = await json("/computes").catch(() => []);
  $("compute").replaceChildren(...served.map((one) => make("option", { value: one.name, title: one.summary }, one.name)));
})();
