// Elements and texts. Everything that comes from a job is put in as text.
"use strict";

export const $ = (id) => document.getElementById(id);

const DRAWN = ["svg", "path", "line", "text"];

// An element with attributes and children; texts stay texts.
export function make(name, attributes = {}, ...children) {
  const element = DRAWN.includes(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

export const problem = (error) => make("p", { class: "problem", role: "alert" }, error.message);

// What leads from whatever stands beside the list back to the list alone.
export const closing = (go) => make("button", { type: "button", onclick: () => go(""), "aria-label": "Close" }, "Close (Esc)");

export function table(head, rows) {
  const cell = (name, text, at, attributes = {}) => make(name, { ...attributes, class: at && head.numbers ? "number" : null }, text instanceof Node ? text : String(text));
  return make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((text, at) => cell("th", text, at, { scope: "col" })))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((text, at) => cell("td", text, at))))));
}

export function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const [h, m, s] = [Math.floor(value / 3600), Math.floor(value / 60) % 60, Math.floor(value) % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function age(then) {
  const passed = (Date.now() - then) / 1000;
  if (passed < 60) return "now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h`;
  return `${Math.floor(passed / 86400)} d`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < 4) { value /= 1024; at += 1; }
  return `${at ? value.toPrecision(3) : value} ${units[at]}`;
}

export const score = (value) => typeof value === "number" ? value.toFixed(value <= 1 ? 4 : 2) : value ?? "";

// A sentence whose names stand between backticks.
export const sentence = (text) => text.split("`").map((part, at) => at % 2 ? make("code", {}, part) : part);

export const title = (job) => job.jobName || job.jobId.slice(0, 8);

export const ended = (job) => job.status === "SUCCEEDED" || job.status === "FAILED";
