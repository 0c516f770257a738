/** What is shown, in words. */

/** @typedef {import("./catalogue.js").Catalogue} Catalogue @typedef {import("./catalogue.js").Layer} Layer */

const LONG = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const COMMON = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });

/** @param {number} share */
export const percent = (share) => (share > 0 && share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`);

/** @param {string} date */
export const longDate = (date) => LONG.format(Date.parse(date));

/** A sentence or two on the map of a day.
 * @param {Catalogue} catalogue @param {Layer} layer @param {string} date
 * @param {Record<string, any> | undefined} whole row of the whole area in the table of extents
 */
export function sentences(catalogue, layer, date, whole) {
  const season = catalogue.season(date);
  if (layer.kind === "seasons") return `${layer.title}, ${catalogue.area}.`;
  if (layer.kind === "season") return `${layer.title} in ${season.year}, ${catalogue.area}.`;
  const parts = [`${longDate(date)}, ${catalogue.area}.`];
  if (whole?.mean_fraction != null) parts.push(meltOf(whole));
  parts.push(observation(season.observed[season.days.indexOf(date)]));
  if (season.filled[date]) parts.push(`Filled: ${season.filled[date]}.`);
  const gap = season.gaps.find(([first, last]) => first <= date && date <= last);
  if (gap) parts.push(`Long gap of Sentinel-1, ${gap[0]} to ${gap[1]}.`);
  return parts.join(" ");
}

/** @param {Record<string, any>} whole */
function meltOf(whole) {
  const { mean_fraction: share, melt_extent_low_km2: low, melt_extent_high_km2: high, area_km2: area } = whole;
  const interval = low != null && area > 0 ? ` (bounds ${percent(low / area)} to ${percent(high / area)})` : "";
  return `${sentence(percent(share))} of the surface melts${interval}.`;
}

/** @param {number} share */
function observation(share) {
  if (!(share > 0)) return "No acquisition of Sentinel-1 on this day: the map is inferred.";
  if (share > 0.995) return "Observed by Sentinel-1 on this day.";
  return `${sentence(percent(share))} of it was observed by Sentinel-1 on this day, the rest is inferred.`;
}

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A stored number as a reader wants it. @param {Layer} layer @param {number} stored */
export function valueText(layer, stored) {
  if (stored === layer.nodata) return "no data";
  if (stored in layer.codes) return layer.codes[stored];
  const value = stored * layer.scale;
  if (/^(onset|end)(_mean)?$/.test(layer.name)) return COMMON.format(Date.UTC(2019, 0, Math.round(value)));
  if (layer.unit === "days") {
    const days = Number(value.toFixed(1));
    return days === 1 ? "1 day" : `${days} days`;
  }
  return layer.scale === 0.01 ? `${Math.round(100 * value)} %` : String(Number(value.toFixed(2)));
}

/** @param {[number, number]} place longitude, latitude */
export function placeText([lon, lat]) {
  const part = (/** @type {number} */ value, /** @type {string} */ name) => `${Math.abs(value).toFixed(4)}° ${name}`;
  return `${part(lat, lat < 0 ? "S" : "N")}, ${part(lon, lon < 0 ? "W" : "E")}`;
}
