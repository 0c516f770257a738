/* global GeoTIFF */
/** Cloud-Optimized GeoTIFFs read by ranges, block by block, and kept while there is room. */

/** @typedef {{data: ArrayLike<number>, width: number, height: number}} Field */

const KEPT_FILES = 40;

/** One file, with its overviews from fine to coarse. */
class Raster {
  /** @param {any[]} levels */
  constructor(levels) {
    this.levels = levels;
    /** @type {Map<string, Promise<Field>>} */
    this.blocks = new Map();
  }

  /** Stored numbers of a block. @param {number} level 0: the cells themselves
   * @param {number} column @param {number} row of the block @param {number} margin cells around it
   * @returns {Promise<Field>}
   */
  block(level, column, row, margin = 0) {
    const key = `${level}/${column}/${row}/${margin}`;
    const found = this.blocks.get(key) ?? this.read(level, column, row, margin);
    this.blocks.set(key, found);
    return found;
  }

  /** @param {number} level @param {number} column @param {number} row @param {number} margin */
  async read(level, column, row, margin) {
    const image = this.levels[level];
    const [width, height] = [image.getTileWidth(), image.getTileHeight()];
    const left = Math.max(column * width - margin, 0);
    const top = Math.max(row * height - margin, 0);
    const right = Math.min((column + 1) * width + margin, image.getWidth());
    const bottom = Math.min((row + 1) * height + margin, image.getHeight());
    const [data] = await image.readRasters({ window: [left, top, right, bottom], samples: [0] });
    return { data, width: right - left, height: bottom - top };
  }

  /** Stored number of a cell. @param {[number, number]} cell row, column */
  async value([row, column]) {
    const [width, height] = [this.levels[0].getTileWidth(), this.levels[0].getTileHeight()];
    const block = await this.block(0, Math.floor(column / width), Math.floor(row / height));
    return block.data[(row % height) * block.width + (column % width)];
  }
}

/** @type {Map<string, Promise<Raster>>} */
const open = new Map();

/** The file at an address. @param {string} address @returns {Promise<Raster>} */
export function raster(address) {
  const found = open.get(address) ?? openRaster(address);
  open.delete(address); // the last one used is the last in order
  open.set(address, found);
  if (open.size > KEPT_FILES) open.delete(/** @type {string} */ (open.keys().next().value));
  return found;
}

/** @param {string} address */
async function openRaster(address) {
  try {
    const url = new URL(address, document.baseURI).href;
    // some static servers answer a range with the whole file
    const file = await GeoTIFF.fromUrl(url, { allowFullFile: true, blockSize: 16384 });
    const count = await file.getImageCount();
    const images = await Promise.all([...Array(count).keys()].map((index) => file.getImage(index)));
    return new Raster(images);
  } catch (error) {
    open.delete(address);
    throw new Error(`${address} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** How the blocks of the files lie: side of a block and factor of each level, from fine to coarse.
 * @param {string} address of any file of the grid
 */
export async function layout(address) {
  const { levels } = await raster(address);
  const width = levels[0].getWidth();
  return levels.map((image) => ({
    factor: 2 ** Math.round(Math.log2(width / image.getWidth())),
    size: /** @type {[number, number]} */ ([image.getTileWidth(), image.getTileHeight()]),
  }));
}
