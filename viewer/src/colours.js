/** Colours of stored numbers, as QGIS draws them: between the stops of a ramp, or by classes. */

/** @typedef {import("./catalogue.js").Layer} Layer @typedef {import("./catalogue.js").Stop} Stop */

/** Red, green, blue, opacity, each 0 to 255. @param {Stop} stop */
function channels({ colour, opacity }) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return [...parts, Math.round(255 * opacity)];
}

/** Colour of a value. @param {number} value @param {Stop[]} stops @param {string} ramp */
export function colourOf(value, stops, ramp) {
  const found = stops.findIndex((stop) => value <= stop.value + 1e-9);
  const upper = found < 0 ? stops.length - 1 : found;
  if (ramp === "DISCRETE" || upper === 0 || found < 0) return channels(stops[upper]);
  const [from, to] = [stops[upper - 1], stops[upper]];
  const share = Math.min((value - from.value) / (to.value - from.value), 1);
  const [low, high] = [channels(from), channels(to)];
  return low.map((part, index) => Math.round(part + share * (high[index] - part)));
}

/** Writes the colours of stored numbers. */
export class Painter {
  /** @param {Layer} layer @param {Stop[]} stops */
  constructor(layer, stops) {
    this.layer = layer;
    this.stops = stops;
    /** @type {Map<number, number>} */
    this.known = new Map([[layer.nodata, 0]]);
  }

  /** Colour as the number that a pixel is in memory. @param {number} stored */
  pixel(stored) {
    let found = this.known.get(stored);
    if (found === undefined) {
      const value = stored in this.layer.codes ? stored : stored * this.layer.scale;
      const colour = colourOf(value, this.stops, this.layer.ramp);
      found = new Uint32Array(new Uint8ClampedArray(colour).buffer)[0];
      this.known.set(stored, found);
    }
    return found;
  }

  /** An image of stored numbers, `side` pixels wide and high; what they do not cover is clear.
   * @param {{data: ArrayLike<number>, width: number, height: number}} field
   * @param {[number, number]} size width and height
   */
  paint(field, size) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = size;
    const image = new ImageData(field.width, field.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let index = 0; index < pixels.length; index++) pixels[index] = this.pixel(field.data[index]);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return canvas;
  }
}

/** Colour for a style sheet. @param {Stop} stop */
export function css(stop) {
  const [red, green, blue, opacity] = channels(stop);
  return `rgb(${red} ${green} ${blue} / ${(opacity / 255).toFixed(3)})`;
}

/** Fills the legend of a layer. @param {HTMLElement} element @param {Layer} layer
 * @param {Stop[]} stops
 */
export function drawLegend(element, layer, stops) {
  const title = document.createElement("strong");
  title.textContent = layer.title;
  const list = document.createElement("ul");
  const aside = stops.filter((stop) => String(stop.value) in layer.codes);
  const ramp = stops.filter((stop) => !aside.includes(stop));
  if (layer.ramp === "INTERPOLATED") {
    const bar = document.createElement("div");
    bar.className = "bar";
    const [first, last] = [ramp[0].value, ramp[ramp.length - 1].value];
    const place = (/** @type {Stop} */ stop) => (100 * (stop.value - first)) / (last - first);
    bar.style.setProperty(
      "--colours",
      `linear-gradient(to right, ${ramp.map((stop) => `${css(stop)} ${place(stop)}%`).join(", ")})`,
    );
    element.replaceChildren(title, bar, marks(ramp, place), list);
  } else {
    element.replaceChildren(title, list);
    list.append(...ramp.map(entry));
  }
  list.append(...aside.map(entry));
}

/** Labels below a bar: its ends and its middle. @param {Stop[]} ramp @param {(stop: Stop) => number} place */
function marks(ramp, place) {
  const row = document.createElement("div");
  row.className = "marks";
  const middle = ramp.reduce((best, stop) =>
    Math.abs(place(stop) - 50) < Math.abs(place(best) - 50) ? stop : best,
  );
  for (const stop of new Set([ramp[0], middle, ramp[ramp.length - 1]])) {
    const mark = document.createElement("span");
    mark.textContent = stop.label;
    mark.style.setProperty("--at", `${place(stop)}%`);
    row.append(mark);
  }
  return row;
}

/** @param {Stop} stop */
function entry(stop) {
  const item = document.createElement("li");
  const swatch = document.createElement("i");
  swatch.style.setProperty("--colours", css(stop));
  item.append(swatch, stop.label);
  return item;
}
