// Requests to the server that the page came from.
"use strict";

import { $ } from "./dom.js";

export async function ask(path, options = {}) {
  const response = await fetch(path, options);
  if (response.status === 401) {
    $("door").hidden = false;
    $("token").focus();
  }
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Error(body.message || `the server answered ${response.status}`);
  }
  return response;
}

export const json = async (path) => (await ask(path)).json();

export const send = (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const of = (job, part = "") => `/jobs/${encodeURIComponent(job)}${part && `/${part}`}`;

// Reads server-sent events until they end; tells once they can come. EventSource would not tell why it was refused.
export async function stream(path, signal, on, opened = () => {}) {
  const response = await ask(path, { signal });
  opened();
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
      const field = (key) => lines.filter((line) => line.startsWith(key)).map((line) => line.slice(key.length)).join("\n");
      if (field("data: ")) on(field("event: "), JSON.parse(field("data: ")));
    }
  }
}

// The report and the values of all frames; nothing of what a job has not.
export async function results(job) {
  const report = await json(of(job, "report")).catch(() => null);
  const measured = report?.quality?.outputs?.some((output) => output.frames_at);
  return { report, frames: measured ? await json(of(job, "frames")).catch(() => ({})) : {} };
}
