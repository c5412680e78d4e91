// Reports of benchmarks.
"use strict";

import { json } from "./api.js";
import { closing, make, problem, sentence } from "./dom.js";

export async function show(place, chosen, { signal, go }) {
  let benches;
  try { benches = await json("/benches"); } catch (error) { if (!signal.aborted) place.replaceChildren(problem(error)); return; }
  if (signal.aborted) return;
  const one = (bench) => make("li", {},
    make("h3", {}, bench.has_report ? make("a", { href: `#benches/${encodeURIComponent(bench.name)}` }, bench.name) : bench.name),
    make("p", {}, ...sentence(bench.answer)),
    bench.measured ? make("p", { class: "why" }, new Date(bench.measured).toLocaleString()) : null);
  place.replaceChildren(
    make("div", { class: "row" }, make("h2", {}, "Benchmarks"), closing(go)),
    make("ul", { class: "benches" }, ...benches.map(one)));
  if (!chosen) return;
  const path = `/benches/${encodeURIComponent(chosen)}`;
  place.append(
    make("p", {}, make("a", { href: path, target: "_blank", rel: "noopener" }, "Open the report alone")),
    make("iframe", { src: path, title: `Report of ${chosen}` }));
}
