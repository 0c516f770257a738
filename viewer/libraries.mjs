// Writes src/libraries.json: the files of the npm packages that the page loads, with their hashes.
// Modules are found by following the imports from those of the page.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const MODULES = join(import.meta.dirname, "node_modules");
const SCRIPTS = ["ol/dist/ol.js", "proj4/dist/proj4.js", "geotiff/dist-browser/geotiff.js"];
const STYLES = ["ol/ol.css", "uplot/dist/uPlot.min.css"];
const ENTRIES = ["uplot", "zarrita"]; // what the page imports by name
const IMPORT = /(?:^|[\s;])(?:import|export)\s*(?:[\w*{}\s,$]+?\s*from\s*)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

/** Name of the package of a path or specifier. */
const packageOf = (path) => path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/");
const about = (name) => JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));

/** Path below node_modules of what a bare specifier imports. */
function resolve(specifier) {
  const name = packageOf(specifier);
  const { exports: exported, module } = about(name);
  const inner = "." + specifier.slice(name.length);
  const found = exported?.[inner] ?? (inner === "." ? module : inner);
  return normalize(join(name, typeof found === "string" ? found : found.import));
}

/** Path with the version of its package, as a content delivery network has it. */
function versioned(path) {
  const name = packageOf(path);
  return `${name}@${about(name).version}${path.slice(name.length)}`;
}

const imports = {};
const files = new Set();

function follow(path) {
  if (files.has(path)) return;
  files.add(path);
  const code = readFileSync(join(MODULES, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, fixed, lazy] of code.matchAll(IMPORT)) {
    const specifier = fixed ?? lazy;
    follow(specifier.startsWith(".") ? join(dirname(path), specifier) : named(specifier));
  }
}

function named(specifier) {
  const path = resolve(specifier);
  imports[specifier] = versioned(path);
  return path;
}

ENTRIES.map(named).forEach(follow);
const integrity = Object.fromEntries(
  [...SCRIPTS, ...STYLES, ...[...files].sort()].map((path) => {
    const hash = createHash("sha384").update(readFileSync(join(MODULES, path))).digest("base64");
    return [versioned(path), `sha384-${hash}`];
  }),
);
const found = { scripts: SCRIPTS.map(versioned), styles: STYLES.map(versioned), imports, integrity };
writeFileSync(join(import.meta.dirname, "src/libraries.json"), JSON.stringify(found, null, 1) + "\n");
