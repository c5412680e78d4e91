// Two jobs side by side: figures, curves over each other, and their videos under one slider.
"use strict";

import { json, of, results } from "./api.js";
import { curves } from "./curves.js";
import { bytes, closing, ended, make, problem, score, seconds, table, title } from "./dom.js";
import { player } from "./job.js";

export async function show(place, ids, { signal, go }) {
  place.replaceChildren(make("p", { class: "why" }, "Loading ..."));
  let jobs;
  try {
    jobs = await Promise.all(ids.map(async (id) => ({ id, detail: await json(of(id)), ...await results(id) })));
  } catch (error) { if (!signal.aborted) place.replaceChildren(closing(go), problem(error)); return; }
  if (signal.aborted) return;
  const stage = videos(jobs);
  place.replaceChildren(
    make("div", { class: "row" }, make("h2", {}, "Two jobs side by side"), closing(go),
      make("button", { type: "button", onclick: () => go(`compare/${ids[1]}/${ids[0]}`) }, "Swap")),
    figures(jobs),
    ...curves(jobs, stage.seek),
    ...stage.parts,
    make("h3", {}, "Commands"),
    ...jobs.flatMap(({ detail }, number) => [make("p", { class: `key line${number}` }, title(detail.job)), ...detail.commands.map((command) => make("pre", {}, command))]));
}

// Stages that are shorter in both jobs say nothing.
const SHORTEST_SECS = 0.05;

const signed = (text) => text.startsWith("-") ? text.replace("-", "−") : `+${text}`;
const share = (a, b) => a > 0 && b > 0 ? `${signed(((b / a - 1) * 100).toFixed(1))} %` : "";
// Scores are points of a scale, of which nothing is a share.
const difference = (a, b) => signed((b - a).toFixed(Math.max(a, b) <= 1 ? 4 : 2));

function figures(jobs) {
  const head = ["", ...jobs.map(({ id, detail }, number) => make("a", { class: `key line${number}`, href: `#job/${id}` }, title(detail.job))), "Second against first"];
  head.numbers = true;
  const rows = [];
  // A row where any of the two has a value, and what lies between them where both are numbers.
  const row = (name, value, shown = String, between = share) => {
    const values = jobs.map(value);
    if (values.every((one) => one == null)) return;
    const against = values.every((one) => typeof one === "number") ? between(...values) : "";
    rows.push([name, ...values.map((one) => one == null ? "" : shown(one)), against]);
  };
  const stage = (name) => ({ report }) => report?.stages.find((one) => one.stage === name)?.seconds;
  const stages = new Set(jobs.flatMap(({ report }) => report?.stages || []).filter((one) => one.seconds >= SHORTEST_SECS).map((one) => one.stage));
  const sum = ({ report }) => {
    const sizes = (report?.outputs || []).map((output) => output.bytes).filter((size) => size != null);
    return sizes.length ? sizes.reduce((a, b) => a + b) : null;
  };
  row("State", ({ detail }) => detail.job.status);
  row("Compute", ({ detail }) => detail.job.compute);
  row("Instance type", ({ report }) => report?.machine?.instance_type?.name);
  row("Processor", ({ report }) => report?.machine?.cpu_model);
  row("ffmpeg", ({ report }) => report?.ffmpeg?.version);
  row("Whole job", ({ detail: { job } }) => ended(job) && job.startedAt ? (job.stoppedAt - job.startedAt) / 1000 : null, seconds);
  for (const name of stages) row(`Stage ${name}`, stage(name), seconds);
  row("Size of the results", sum, bytes);
  const scores = ({ report }) => report?.quality?.outputs?.[0]?.scores || [];
  for (const metric of new Set(jobs.flatMap((job) => scores(job).map((one) => one.metric)))) {
    const of = (key) => (job) => scores(job).find((one) => one.metric === metric)?.[key];
    row(`${metric} mean`, of("mean"), score, difference);
    row(`${metric} 5th percentile`, of("p5"), score, difference);
    row(`${metric} lowest`, of("min"), score, difference);
  }
  return table(head, rows);
}

// The videos over each other: the first is seen on the left of the slider, the second on its right.
function videos(jobs) {
  const [a, b] = jobs.map(({ id, report }) => player(id, report, {}));
  if (!a || !b) return { parts: [], seek: null };
  const both = [a, b];
  const slider = make("input", { type: "range", min: 0, max: 100, value: 50, step: 0.1, "aria-label": "Where the first video ends and the second begins" });
  const cut = () => { b.style.clipPath = `inset(0 0 0 ${slider.value}%)`; line.style.left = `${slider.value}%`; };
  const line = make("i", { class: "cut" });
  const clock = make("span", { class: "pace" });
  const step = (frames) => { pause(); both.forEach((video) => { video.currentTime = Math.max(0, a.currentTime + frames / 25); }); };
  const pause = () => { both.forEach((video) => video.pause()); play.textContent = "Play"; };
  const play = make("button", { type: "button", onclick: async () => {
    if (!a.paused) { pause(); return; }
    b.currentTime = a.currentTime;
    await Promise.allSettled(both.map((video) => video.play()));
    play.textContent = "Pause";
  } }, "Play");
  // Two players drift apart; what is less than a frame nobody sees.
  a.addEventListener("timeupdate", () => {
    clock.textContent = `${a.currentTime.toFixed(2)} of ${(a.duration || 0).toFixed(2)} s`;
    if (!b.seeking && Math.abs(a.currentTime - b.currentTime) > 0.04) b.currentTime = a.currentTime;
  });
  a.addEventListener("ended", pause);
  slider.addEventListener("input", cut);
  const stage = make("div", { class: "stage" }, a, b, line);
  stage.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && !event.buttons) return;
    const box = stage.getBoundingClientRect();
    slider.value = ((event.clientX - box.left) / box.width) * 100;
    cut();
  });
  cut();
  const seek = (where) => { pause(); both.forEach((video) => { video.currentTime = where * a.duration; }); stage.scrollIntoView({ block: "nearest" }); };
  const buttons = make("div", { class: "row" }, play,
    make("button", { type: "button", onclick: () => step(-1), "aria-label": "Back a little" }, "◀"),
    make("button", { type: "button", onclick: () => step(1), "aria-label": "On a little" }, "▶"), clock);
  return { parts: [make("h3", {}, "Videos: the first on the left, the second on the right"), stage, slider, buttons], seek };
}
