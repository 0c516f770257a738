/**
 * What there is to show, as `viewer.json` lists it.
 *
 * @typedef {{value: number, colour: string, label: string, opacity: number}} Stop
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} title
 * @property {"day" | "season" | "seasons" | "observation"} kind what a map of the layer is of
 * @property {string} unit
 * @property {number} scale value of a stored 1
 * @property {number} nodata
 * @property {Record<string, string>} codes what stored numbers mean that are no values
 * @property {"INTERPOLATED" | "DISCRETE"} ramp
 * @property {Stop[]} [stops]
 * @property {Record<string, Stop[]>} [stops_of] by season
 * @property {string} path
 * @typedef {{year: number, days: string[], observed: number[], filled: Record<string, string>,
 *   gaps: [string, string][]}} Season
 * @typedef {{left: number, top: number, spacing_m: number, rows: number, columns: number}} Grid
 */

export class Catalogue {
  /** @param {any} content of viewer.json */
  constructor(content) {
    /** @type {string} */ this.area = content.area;
    /** @type {string} */ this.model = content.model;
    this.projection = content.projection;
    /** @type {Grid} */ this.grid = content.grid;
    /** @type {Season[]} */ this.seasons = content.seasons;
    /** @type {Layer[]} */ this.layers = content.layers;
    /** @type {string} */ this.cube = content.cube;
    /** @type {boolean} */ this.inputs = content.inputs;
    /** @type {string | null} */ this.height = content.height;
    /** @type {string} */ this.extents = content.extents;
    /** @type {string} */ this.regions = content.regions;
    this.days = this.seasons.flatMap((season) => season.days);
    if (this.inputs) this.layers.splice(1, 0, observation(this.layers[0]));
  }

  /** @param {string} name @returns {Layer} the first layer where there is none of that name */
  layer(name) {
    return this.layers.find((layer) => layer.name === name) ?? this.layers[0];
  }

  /** @param {string} date @returns {Season} */
  season(date) {
    return this.seasons.find((season) => season.days.includes(date)) ?? this.seasons[0];
  }

  /** The nearest day that there is. @param {string} date */
  nearest(date) {
    if (this.days.includes(date)) return date;
    const wanted = Date.parse(date);
    const apart = (/** @type {string} */ day) => Math.abs(Date.parse(day) - wanted);
    return this.days.reduce((best, day) => (apart(day) < apart(best) ? day : best));
  }

  /** Address of a map. @param {Layer} layer @param {string} date */
  address(layer, date) {
    const year = String(this.season(date).year);
    return layer.path.replaceAll("{season}", year).replaceAll("{date}", date);
  }

  /** Bounds of the grid: left, bottom, right, top. @returns {[number, number, number, number]} */
  get bounds() {
    const { left, top, spacing_m, rows, columns } = this.grid;
    return [left, top - rows * spacing_m, left + columns * spacing_m, top];
  }

  /** Row and column of the cell at a place, null outside. @param {number[]} place x, y
   * @returns {[number, number] | null}
   */
  cellAt([x, y]) {
    const { left, top, spacing_m, rows, columns } = this.grid;
    const row = Math.floor((top - y) / spacing_m);
    const column = Math.floor((x - left) / spacing_m);
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    return inside ? [row, column] : null;
  }

  /** Outline of a cell: left, bottom, right, top. @param {[number, number]} cell */
  outline([row, column]) {
    const { left, top, spacing_m } = this.grid;
    const [x, y] = [left + column * spacing_m, top - row * spacing_m];
    return [x, y - spacing_m, x + spacing_m, y];
  }

  /** Colours of a layer on a day. @param {Layer} layer @param {string} date @returns {Stop[]} */
  stops(layer, date) {
    return layer.stops ?? layer.stops_of?.[String(this.season(date).year)] ?? [];
  }
}

/** The acquisition of a day as a layer in the colours of the melt. @param {Layer} melt
 * @returns {Layer}
 */
function observation(melt) {
  return { ...melt, name: "sar", title: "That day's observation", kind: "observation", path: "" };
}

/** Reads what there is; an error says what to do. @param {string} address */
export async function readCatalogue(address) {
  const answer = await fetch(address, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}; publish the area again`);
  return new Catalogue(await answer.json());
}
