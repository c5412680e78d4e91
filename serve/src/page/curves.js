// The quality of every frame, of one job or of several over each other.
"use strict";

import { make } from "./dom.js";

// What stands for a metric in the values of a frame.
const FIELDS = { vmaf: "vmaf", psnr: "psnr_avg", ssim: "ssim_avg", xpsnr: "xpsnr_y" };

const [LEFT, RIGHT, TOP, BOTTOM, COLUMNS] = [44, 634, 14, 110, 600];

// Frames of several jobs as one picture for each metric that any of them has. Whoever clicks is told where, from 0 to 1.
export function curves(jobs, on) {
  return Object.entries(FIELDS).flatMap(([metric, field]) => {
    const lines = jobs.map(({ frames }) => (frames[metric] || []).map((frame) => frame[field]).filter((value) => typeof value === "number"));
    if (!lines.some((values) => values.length > 1)) return [];
    return [make("h3", {}, `${metric.toUpperCase()} of every frame`), picture(metric, lines, on)];
  });
}

// The lowest value of each column where there are more frames than columns.
function lowest(values) {
  const each = Math.ceil(values.length / COLUMNS);
  const lows = [];
  for (let at = 0; at < values.length; at += each) lows.push(Math.min(...values.slice(at, at + each)));
  return lows;
}

function picture(metric, lines, on) {
  const drawn = lines.map(lowest);
  const all = drawn.flat();
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const y = (value) => BOTTOM - ((value - low) / (high - low || 1)) * (BOTTOM - TOP);
  const path = (lows, number) => {
    const x = (at) => LEFT + (at / Math.max(1, lows.length - 1)) * (RIGHT - LEFT);
    return make("path", { class: `line${number}`, d: lows.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("") });
  };
  const text = (value) => value.toFixed(high <= 1 ? 3 : 1);
  const label = (value) => make("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, text(value));
  const rule = (value) => make("line", { x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) });
  const drawing = make("svg", { class: `curve${on ? " seeks" : ""}`, viewBox: "0 0 640 120", role: "img", "aria-label": `${metric} of every frame, from ${text(low)} to ${text(high)}` },
    rule(low), rule(high), label(low), label(high), ...drawn.map(path));
  if (on) drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 640;
    on(Math.min(1, Math.max(0, (x - LEFT) / (RIGHT - LEFT))));
  });
  return drawing;
}
