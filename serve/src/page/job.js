// One job in full: what it is, its results, its log as it comes.
"use strict";

import { json, of, results, send, stream } from "./api.js";
import { curves } from "./curves.js";
import { bytes, closing, ended, make, problem, score, seconds, table, title } from "./dom.js";

// The longest log that is shown, in characters: what came first goes first.
const LONGEST_LOG = 1e6;

// Shows a job in a place until the signal says otherwise; the answer is what to call when the job has changed.
export function show(place, id, { signal, go, pinned, pin }) {
  const parts = { head: make("div"), results: make("div") };
  const log = make("pre", { id: "log", tabindex: 0, "aria-label": "Log" });
  place.replaceChildren(parts.head, parts.results, make("h3", {}, "Log"), log);
  let [asked, reported] = [0, false];
  const refresh = async () => {
    // Of two answers the one counts that was asked for later.
    const mine = asked += 1;
    const isOld = () => signal.aborted || mine !== asked;
    let detail;
    try { detail = await json(of(id)); } catch (error) { if (!isOld()) parts.head.replaceChildren(problem(error)); return; }
    if (isOld()) return;
    parts.head.replaceChildren(...head(detail, { go, pinned, pin }));
    if (!ended(detail.job) || reported) return;
    const found = await results(id);
    if (isOld() || !found.report) return;
    reported = true;
    parts.results.replaceChildren(...outcome(id, found));
  };
  refresh();
  follow(id, log, signal);
  return refresh;
}

// Shows the log of a job as it comes, from its beginning; a connection that breaks is made again.
async function follow(id, log, signal) {
  let hasEnded = false;
  while (!hasEnded && !signal.aborted) {
    const show = lines(log);
    try {
      await stream(of(id, "events"), signal, (kind, value) => {
        hasEnded ||= kind === "end";
        if (kind === "log") show(`${value.line}\n`);
      });
    } catch (error) {
      if (!signal.aborted) show(`${error.message}\n`);
    }
    if (!hasEnded) await new Promise((done) => setTimeout(done, 2000));
  }
}

// Puts lines into an empty log, all that come within one picture of the screen at once.
function lines(log) {
  log.replaceChildren();
  let [waiting, length] = ["", 0];
  const put = () => {
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    log.append(waiting);
    length += waiting.length;
    waiting = "";
    for (; length > LONGEST_LOG && log.childNodes.length > 1; log.firstChild.remove()) length -= log.firstChild.length;
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  };
  return (line) => {
    if (!waiting) requestAnimationFrame(put);
    waiting += line;
  };
}

function head(detail, { go, pinned, pin }) {
  const { job } = detail;
  const said = make("p", { id: "problem-of-job", class: "problem", role: "alert" });
  const button = (text, part) => make("button", { type: "button", onclick: async () => {
    try {
      const answer = await (await send(of(job.jobId, part), {})).json();
      if (part === "retry") go(`job/${answer.jobId}`);
    } catch (error) { said.textContent = error.message; }
  } }, text);
  const other = pinned();
  const compare = other && other !== job.jobId
    ? make("button", { type: "button", onclick: () => go(`compare/${other}/${job.jobId}`) }, "Compare with the marked one (c)")
    : make("button", { type: "button", "aria-pressed": String(other === job.jobId), onclick: () => pin(job.jobId) }, other ? "Marked: open another job" : "Compare (c)");
  return [
    make("div", { class: "row" }, make("h2", {}, title(job)), closing(go)),
    make("div", { class: "row" }, make("span", { class: `state ${job.status}` }, job.status), make("span", { class: "why" }, `${job.compute}, ${new Date(job.createdAt).toLocaleString()}`),
      ended(job) ? button("Run again", "retry") : button("Stop", "cancel"), ended(job) ? compare : null),
    said,
    ...detail.why.map((line) => make("p", { class: "why" }, line)),
    make("h3", {}, "Command"),
    ...detail.commands.map((command) => make("pre", {}, command)),
    make("h3", {}, "Id"), make("code", {}, job.jobId)];
}

function outcome(id, { report, frames }) {
  const parts = [make("h3", {}, "Stages"), table(["Stage", "Time", "Moved"], report.stages.map((stage) => [stage.stage, seconds(stage.seconds), stage.bytes ? bytes(stage.bytes) : ""]))];
  if (report.outputs.length) {
    const link = (output, number) => make("a", { href: of(id, `outputs/${number}`), download: output.location.split("/").pop() }, output.location);
    parts.push(make("h3", {}, "Outputs"), table(["File", "Size"], report.outputs.map((output, number) => [link(output, number), output.bytes == null ? "" : bytes(output.bytes)])));
  }
  const video = player(id, report);
  if (video) parts.push(video);
  for (const output of report.quality?.outputs || []) {
    const scores = output.scores || [];
    if (scores.length) parts.push(make("h3", {}, "Quality"), table(["Metric", "Mean", "Lowest", "5th percentile"], scores.map((one) => [one.metric, ...[one.mean, one.min, one.p5].map(score)])));
    for (const why of Object.values(output.refused || {})) parts.push(make("p", { class: "problem" }, why));
  }
  const seek = video && ((where) => { video.currentTime = where * video.duration; video.scrollIntoView({ block: "nearest" }); });
  parts.push(...curves([{ frames }], seek));
  for (const note of report.notes || []) parts.push(make("p", { class: "why" }, note));
  return parts;
}

// The first output as a video, where its name is that of one; it goes where the browser cannot play it.
export function player(id, report, attributes = { controls: "" }) {
  const number = (report?.outputs || []).findIndex((output) => /\.(mp4|m4v|mov|webm|mkv|ogv)$/i.test(output.location));
  if (number < 0) return null;
  const video = make("video", { preload: "metadata", playsinline: "", ...attributes, src: of(id, `outputs/${number}`) });
  video.muted = true;
  video.addEventListener("error", () => video.replaceWith(make("p", { class: "why" }, `This browser cannot play ${report.outputs[number].location}.`)));
  return video;
}
