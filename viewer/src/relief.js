/** Light and shade of the terrain, lit from the upper left. */

/** @typedef {{block: (level: number, column: number, row: number, margin: number) =>
 *   Promise<{data: ArrayLike<number>, width: number, height: number}>}} Raster */

const SCALE = 0.25; // metres of a stored 1
const NODATA = -32768;
const EXAGGERATED = 4;
const LIGHT = [-0.5, 0.5, Math.SQRT1_2]; // from the north-west, 45 degrees high
const DARK = [125, 119, 108];
const BRIGHT = [216, 210, 198];

/** A tile of the relief. @param {Raster} file heights @param {number} level @param {number} column
 * @param {number} row @param {[number, number]} size @param {number} side of a cell, metres
 */
export async function shade(file, level, column, row, size, side) {
  const field = await file.block(level, column, row, 1);
  const [left, top] = [column > 0 ? 1 : 0, row > 0 ? 1 : 0]; // the margin that there is
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = size;
  const image = new ImageData(...size);
  for (let y = 0; y < Math.min(size[1], field.height - top); y++) {
    for (let x = 0; x < Math.min(size[0], field.width - left); x++) {
      const light = lightAt(field, x + left, y + top, side);
      if (light === null) continue;
      const at = 4 * (y * size[0] + x);
      DARK.forEach((dark, band) => (image.data[at + band] = dark + light * (BRIGHT[band] - dark)));
      image.data[at + 3] = 255;
    }
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** Light on a cell, 0 to 1; null without a height.
 * @param {{data: ArrayLike<number>, width: number, height: number}} field
 * @param {number} x @param {number} y @param {number} side
 */
function lightAt({ data, width, height }, x, y, side) {
  const here = data[y * width + x];
  if (here === NODATA) return null;
  const at = (/** @type {number} */ column, /** @type {number} */ row) => {
    const found = data[
      Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1)
    ];
    return found === NODATA ? here : found;
  };
  const rise = (SCALE * EXAGGERATED) / (2 * side);
  const east = (at(x + 1, y) - at(x - 1, y)) * rise;
  const north = (at(x, y - 1) - at(x, y + 1)) * rise;
  const length = Math.hypot(east, north, 1);
  const light = (-east * LIGHT[0] - north * LIGHT[1] + LIGHT[2]) / length;
  return Math.min(Math.max(light, 0), 1);
}
