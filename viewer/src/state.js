/**
 * What is shown, and the part of the address that says it.
 *
 * @typedef {object} State
 * @property {string} layer name of the layer
 * @property {string} date day, `2019-07-31`
 * @property {{layer: string, date: string} | null} beside what the right side shows
 * @property {number} split where the sides meet, 0 to 1
 * @property {[number, number] | null} cell row and column
 * @property {[number, number, number] | null} view x and y of the middle, metres a pixel
 * @property {boolean} shade
 * @property {boolean} outlines
 * @property {string} region
 */

const SWITCHES = /** @type {const} */ (["shade", "outlines"]);

/** Where values of the state that the address does not hold come from. @type {State} */
export const START = {
  layer: "melt",
  date: "",
  beside: null,
  split: 0.5,
  cell: null,
  view: null,
  shade: true,
  outlines: false,
  region: "",
};

/** The part of an address after its `#`. @param {State} state */
export function toHash(state) {
  const parts = new URLSearchParams({ layer: state.layer, date: state.date });
  if (state.view) parts.set("view", state.view.map((value) => Number(value.toFixed(2))).join(","));
  if (state.cell) parts.set("cell", state.cell.join(","));
  if (state.beside) {
    parts.set("beside", `${state.beside.layer},${state.beside.date}`);
    parts.set("split", state.split.toFixed(3));
  }
  for (const name of SWITCHES) {
    if (state[name] !== START[name]) parts.set(name, state[name] ? "1" : "0");
  }
  if (state.region) parts.set("region", state.region);
  return parts.toString().replaceAll("%2C", ",");
}

/** The state that an address holds; what it lacks or what is no value is absent.
 * @param {string} hash @returns {Partial<State>}
 */
export function fromHash(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Partial<State>} */
  const found = {};
  for (const name of /** @type {const} */ (["layer", "date", "region"])) {
    const value = parts.get(name);
    if (value) found[name] = value;
  }
  const view = numbers(parts.get("view"), 3);
  if (view && view[2] > 0) found.view = /** @type {[number, number, number]} */ (view);
  const cell = numbers(parts.get("cell"), 2);
  if (cell?.every(Number.isInteger)) found.cell = /** @type {[number, number]} */ (cell);
  const [layer, date] = parts.get("beside")?.split(",") ?? [];
  if (layer && date) found.beside = { layer, date };
  const split = numbers(parts.get("split"), 1);
  if (split) found.split = Math.min(Math.max(split[0], 0), 1);
  for (const name of SWITCHES) {
    const value = parts.get(name);
    if (value === "0" || value === "1") found[name] = value === "1";
  }
  return found;
}

/** @param {string | null} text @param {number} count */
function numbers(text, count) {
  const found = (text ?? "").split(",").map((part) => (part.trim() ? Number(part) : NaN));
  return found.length === count && found.every(Number.isFinite) ? found : null;
}
