/** Curves of a cell, and maps that only the Zarr store holds. */

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */

const DAY = 864e5;
const CURVES = ["melt", "melt_low", "melt_high", "sar_age"];

/** @type {Promise<{zarr: any, root: any}> | null} */
let opened = null;
/** @type {Map<string, Promise<any>>} */
const arrays = new Map();

/** The store, opened once, with its metadata in one request. @param {Catalogue} catalogue */
function store(catalogue) {
  opened ??= (async () => {
    const zarr = await import("zarrita");
    const url = new URL(catalogue.cube, document.baseURI).href;
    const files = new zarr.FetchStore(url, { useSuffixRequest: true });
    const root = await zarr.open.v3(await zarr.withConsolidatedMetadata(files, { format: "v3" }), {
      kind: "group",
    });
    return { zarr, root };
  })();
  opened.catch(() => (opened = null));
  return opened;
}

/** @param {Catalogue} catalogue @param {string} path of an array or group in the store
 * @param {"array" | "group"} kind
 */
function member(catalogue, path, kind = "array") {
  const found =
    arrays.get(path) ??
    store(catalogue).then(({ zarr, root }) => zarr.open.v3(root.resolve(path), { kind }));
  arrays.set(path, found);
  found.catch(() => arrays.delete(path));
  return found;
}

/** Stored numbers of an array over some days at a cell.
 * @param {Catalogue} catalogue @param {string} path @param {[number, number]} days first, past last
 * @param {[number, number]} cell row, column
 * @returns {Promise<ArrayLike<number>>}
 */
async function along(catalogue, path, [first, last], [row, column]) {
  const { zarr } = await store(catalogue);
  const array = await member(catalogue, path);
  return (await zarr.get(array, [zarr.slice(first, last), row, column])).data;
}

/** @param {ArrayLike<number>} stored @param {number} nodata @param {number} scale */
function values(stored, nodata, scale) {
  return Array.from(stored, (number) =>
    number === nodata || Number.isNaN(number) ? null : number * scale,
  );
}

/**
 * The curve of a cell through a season; null where there are no data.
 *
 * @typedef {object} Curve
 * @property {number} year
 * @property {string[]} days
 * @property {(number | null)[]} melt 0 to 1
 * @property {(number | null)[]} [low] of the interval
 * @property {(number | null)[]} [high]
 * @property {boolean[]} seen whether the cell was observed on the day
 * @property {(number | null)[]} [sar] what was observed, 0 to 1
 * @property {(number | null)[]} [water] of MAR, kg/kg
 */

/** @param {Catalogue} catalogue @param {number} year @param {[number, number]} cell
 * @returns {Promise<Curve>}
 */
export async function curve(catalogue, year, cell) {
  const season = catalogue.seasons.find((one) => one.year === year) ?? catalogue.seasons[0];
  const first = catalogue.days.indexOf(season.days[0]);
  /** @type {[number, number]} */
  const days = [first, first + season.days.length];
  const layers = catalogue.layers.filter(({ name }) => CURVES.includes(name));
  const [own, inputs] = await Promise.all([
    Promise.all(layers.map(({ name }) => along(catalogue, name, days, cell))),
    catalogue.inputs ? inputsAlong(catalogue, days, cell) : {},
  ]);
  const found = Object.fromEntries(layers.map((layer, index) => [layer.name, { layer, stored: own[index] }]));
  const of = (/** @type {string} */ name) =>
    found[name] && values(found[name].stored, found[name].layer.nodata, found[name].layer.scale);
  return {
    year: season.year,
    days: season.days,
    melt: of("melt"),
    low: of("melt_low"),
    high: of("melt_high"),
    seen: (of("sar_age") ?? []).map((age) => age === 0),
    ...inputs,
  };
}

/** The melt of a cell alone, of a further season. @param {Catalogue} catalogue @param {number} year
 * @param {[number, number]} cell
 */
export async function meltOf(catalogue, year, cell) {
  const season = catalogue.seasons.find((one) => one.year === year) ?? catalogue.seasons[0];
  const first = catalogue.days.indexOf(season.days[0]);
  const layer = catalogue.layer("melt");
  const stored = await along(catalogue, "melt", [first, first + season.days.length], cell);
  return { year: season.year, days: season.days, melt: values(stored, layer.nodata, layer.scale) };
}

/** @param {Catalogue} catalogue @param {[number, number]} days @param {[number, number]} cell */
async function inputsAlong(catalogue, days, cell) {
  const group = await member(catalogue, "inputs_coarse", "group");
  const [side, , left, , , top] = group.attrs["spatial:transform"];
  const [x0, y0, x1, y1] = catalogue.outline(cell);
  /** @type {[number, number]} */
  const coarse = [
    Math.floor((top - (y0 + y1) / 2) / side),
    Math.floor(((x0 + x1) / 2 - left) / side),
  ];
  const [sar, water] = await Promise.all([
    along(catalogue, "inputs/sar", days, cell),
    along(catalogue, "inputs_coarse/liquid_water", days, coarse),
  ]);
  const { nodata, scale } = catalogue.layer("melt");
  return { sar: values(sar, nodata, scale), water: values(water, NaN, 1) };
}

/** A block of the acquisition of a day: every so manyth cell of the block's extent.
 * @param {Catalogue} catalogue @param {string} date
 * @param {{factor: number, size: [number, number]}} level @param {number} x @param {number} y
 */
export async function observed(catalogue, date, { factor, size }, x, y) {
  const { zarr } = await store(catalogue);
  const array = await member(catalogue, "inputs/sar");
  const { rows, columns } = catalogue.grid;
  const [left, top] = [x * size[0] * factor, y * size[1] * factor];
  const right = Math.min(left + size[0] * factor, columns);
  const bottom = Math.min(top + size[1] * factor, rows);
  const { data, shape } = await zarr.get(array, [
    catalogue.days.indexOf(date),
    zarr.slice(top, bottom, factor),
    zarr.slice(left, right, factor),
  ]);
  return { data, width: shape[1], height: shape[0] };
}

/** The days of a curve as text with commas, one line a day. @param {Curve} of
 * @param {Record<string, number>} place columns that are the same on every day
 */
export function csv(of, place) {
  const optional = { melt_low: of.low, melt_high: of.high, sar: of.sar, mar_liquid_water: of.water };
  const present = Object.entries(optional).filter(([, column]) => column);
  const head = ["date", ...Object.keys(place), "melt", ...present.map(([name]) => name), "observed"];
  const text = (/** @type {number | null | undefined} */ value) =>
    value == null ? "" : String(Number(value.toPrecision(6)));
  const rows = of.days.map((day, index) => [
    day,
    ...Object.values(place),
    text(of.melt[index]),
    ...present.map(([, column]) => text(column?.[index])),
    of.seen[index] ? 1 : 0,
  ]);
  return [head, ...rows].map((row) => row.join(",")).join("\n") + "\n";
}

/** Seconds since 1970. @param {string} day */
export const seconds = (day) => Date.parse(day) / 1000;

/** Day of the year. @param {string} day */
export const dayOfYear = (day) =>
  Math.round((Date.parse(day) - Date.parse(`${day.slice(0, 4)}-01-01`)) / DAY) + 1;
