/* global ol, proj4 */
/** The map: layers in the projection of the grid, nothing resampled but by the nearest cell. */

import { Painter } from "./colours.js";
import { layout, raster } from "./rasters.js";
import { observed } from "./series.js";
import { shade } from "./relief.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue @typedef {import("./catalogue.js").Layer} Layer */

/** Makes the projection of the grid known. @param {Catalogue} catalogue */
function projectionOf({ projection: { name, proj4: text, world }, bounds }) {
  proj4.defs(name, text);
  ol.proj.proj4.register(proj4);
  const found = ol.proj.get(name);
  const [left, bottom, right, top] = bounds;
  const margin = Math.max(right - left, top - bottom);
  found.setExtent([left - margin, bottom - margin, right + margin, top + margin]);
  found.setWorldExtent(world);
  return found;
}

/** A layer of maps whose file and colours change with the day. */
class MapLayer {
  /** @param {Catalogue} catalogue @param {any} projection @param {any[]} levels
   * @param {(error: Error) => void} failed
   */
  constructor(catalogue, projection, levels, failed) {
    this.catalogue = catalogue;
    this.levels = levels;
    this.failed = failed;
    this.shown = "";
    this.layer = catalogue.layers[0];
    this.date = catalogue.days[0];
    this.painter = new Painter(this.layer, []);
    this.source = new ol.source.ImageTile({
      loader: (/** @type {number} */ z, /** @type {number} */ x, /** @type {number} */ y) =>
        this.tile(z, x, y),
      projection,
      tileGrid: tileGrid(catalogue, levels),
      interpolate: false,
      transition: 0,
      wrapX: false,
    });
    this.onMap = new ol.layer.Tile({ source: this.source, extent: catalogue.bounds });
  }

  /** @param {string} name of a layer @param {string} date */
  show(name, date) {
    const key = `${name}/${date}`;
    if (key === this.shown) return;
    this.shown = key;
    this.layer = this.catalogue.layer(name);
    this.date = date;
    this.painter = new Painter(this.layer, this.catalogue.stops(this.layer, date));
    this.source.setKey(key); // the tiles of the last day stay until those of this one are there
  }

  /** @param {number} z @param {number} x @param {number} y */
  async tile(z, x, y) {
    const level = this.levels.length - 1 - z;
    const { painter, layer, date } = this;
    try {
      const field = await this.block(layer, date, level, x, y);
      return painter.paint(field, this.levels[level].size);
    } catch (error) {
      this.failed(/** @type {Error} */ (error));
      throw error;
    }
  }

  /** @param {Layer} layer @param {string} date @param {number} level @param {number} x @param {number} y */
  async block(layer, date, level, x, y) {
    if (layer.kind === "observation") {
      return observed(this.catalogue, date, this.levels[level], x, y);
    }
    return (await raster(this.catalogue.address(layer, date))).block(level, x, y);
  }
}

/** The blocks of the files as tiles; levels of tiles run from coarse to fine.
 * @param {Catalogue} catalogue @param {any[]} levels
 */
function tileGrid(catalogue, levels) {
  const coarseFirst = [...levels].reverse();
  return new ol.tilegrid.TileGrid({
    origin: [catalogue.grid.left, catalogue.grid.top],
    extent: catalogue.bounds,
    resolutions: coarseFirst.map(({ factor }) => factor * catalogue.grid.spacing_m),
    tileSizes: coarseFirst.map(({ size }) => size),
  });
}

/** Light and shade of the terrain. @param {Catalogue} catalogue @param {any} projection
 * @param {any[]} levels
 */
function reliefLayer(catalogue, projection, levels) {
  const source = new ol.source.ImageTile({
    loader: async (/** @type {number} */ z, /** @type {number} */ x, /** @type {number} */ y) => {
      const level = levels.length - 1 - z;
      const file = await raster(/** @type {string} */ (catalogue.height));
      const side = levels[level].factor * catalogue.grid.spacing_m;
      return shade(file, level, x, y, levels[level].size, side);
    },
    projection,
    tileGrid: tileGrid(catalogue, levels),
    transition: 0,
    wrapX: false,
  });
  return new ol.layer.Tile({ source, extent: catalogue.bounds, zIndex: 0 });
}

/** Lines over the map. @param {string} colour @param {number} width */
function lines(colour, width, zIndex = 5) {
  const style = new ol.style.Style({ stroke: new ol.style.Stroke({ color: colour, width }) });
  return new ol.layer.Vector({ source: new ol.source.Vector(), style, zIndex });
}

export class MapView {
  /** @param {HTMLElement} element @param {Catalogue} catalogue
   * @param {{clicked: (cell: [number, number]) => void, moved: () => void,
   *   pointed: (place: number[] | null) => void, failed: (error: Error) => void}} told
   */
  static async create(element, catalogue, told) {
    const first = catalogue.address(catalogue.layers[0], catalogue.days[0]);
    return new MapView(element, catalogue, await layout(first), told);
  }

  /** @param {HTMLElement} element @param {Catalogue} catalogue @param {any[]} levels @param {any} told */
  constructor(element, catalogue, levels, told) {
    this.catalogue = catalogue;
    this.projection = projectionOf(catalogue);
    const make = () => new MapLayer(catalogue, this.projection, levels, told.failed);
    [this.main, this.beside] = [make(), make()];
    this.main.onMap.setZIndex(1);
    this.beside.onMap.setZIndex(2);
    this.beside.onMap.setVisible(false);
    this.split = 0.5;
    this.frame = lines("#8a8f96", 1, 4);
    this.frame.getSource().addFeature(box(catalogue.bounds));
    this.outlines = lines("#c2410c", 1.5);
    this.outlines.setVisible(false);
    this.marker = lines("#d9480f", 3, 6);
    this.relief = catalogue.height ? reliefLayer(catalogue, this.projection, levels) : null;
    this.map = new ol.Map({
      target: element,
      layers: [
        ...(this.relief ? [this.relief] : []),
        ...[this.main.onMap, this.beside.onMap, this.frame, this.outlines, this.marker],
      ],
      view: this.view(),
      controls: ol.control.defaults.defaults({ attribution: false, rotate: false }).extend([
        new ol.control.ScaleLine({ minWidth: 80 }),
      ]),
    });
    this.clip();
    this.map.on("click", (/** @type {any} */ event) => {
      const cell = catalogue.cellAt(event.coordinate);
      if (cell) told.clicked(cell);
    });
    this.map.on("pointermove", (/** @type {any} */ event) => told.pointed(event.coordinate));
    element.addEventListener("pointerleave", () => told.pointed(null));
    this.map.on("moveend", told.moved);
  }

  /** The first view: the whole area. */
  view() {
    const [left, bottom, right, top] = this.catalogue.bounds;
    const side = this.catalogue.grid.spacing_m;
    const view = new ol.View({
      projection: this.projection,
      center: [(left + right) / 2, (bottom + top) / 2],
      resolution: side,
      minResolution: side / 32,
      maxResolution: Math.max(right - left, top - bottom) / 150,
      constrainOnlyCenter: true,
      extent: this.catalogue.bounds,
      enableRotation: false,
    });
    return view;
  }

  /** Shows the whole area. */
  fit() {
    const narrow = (this.map.getSize()?.[0] ?? 0) < 600;
    this.map.getView().fit(this.catalogue.bounds, { padding: Array(4).fill(narrow ? 8 : 24) });
  }

  /** @param {[number, number, number]} view */
  look([x, y, resolution]) {
    this.map.getView().setCenter([x, y]);
    this.map.getView().setResolution(resolution);
  }

  /** @returns {[number, number, number]} */
  looking() {
    const view = this.map.getView();
    return [...view.getCenter(), view.getResolution()];
  }

  /** Clips the right layer at the divider. */
  clip() {
    const layer = this.beside.onMap;
    layer.on("prerender", (/** @type {any} */ event) => {
      const [width, height] = this.map.getSize();
      const at = width * this.split;
      const corners = [[at, 0], [width, 0], [width, height], [at, height]].map((pixel) =>
        ol.render.getRenderPixel(event, pixel),
      );
      this.keepWithin(event.context, corners);
    });
    layer.on("postrender", (/** @type {any} */ event) => event.context.restore());
    // the left layer ends where the right one begins: both are partly clear
    this.main.onMap.on("prerender", (/** @type {any} */ event) => {
      const [width, height] = this.map.getSize();
      const at = layer.getVisible() ? width * this.split : width;
      const corners = [[0, 0], [at, 0], [at, height], [0, height]].map((pixel) =>
        ol.render.getRenderPixel(event, pixel),
      );
      this.keepWithin(event.context, corners);
    });
    this.main.onMap.on("postrender", (/** @type {any} */ event) => event.context.restore());
  }

  /** @param {CanvasRenderingContext2D} context @param {number[][]} corners */
  keepWithin(context, corners) {
    context.save();
    context.beginPath();
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
    context.clip();
  }

  /** @param {import("./state.js").State} state */
  show(state) {
    this.main.show(state.layer, state.date);
    if (state.beside) this.beside.show(state.beside.layer, state.beside.date);
    this.beside.onMap.setVisible(state.beside !== null);
    this.split = state.split;
    this.relief?.setVisible(state.shade);
    this.outlines.setVisible(state.outlines);
    if (state.outlines) this.readOutlines();
    this.mark(state.cell);
    this.map.render();
  }

  /** Reads the outlines when they are first shown. */
  async readOutlines() {
    if (this.asked) return;
    this.asked = true;
    const content = await (await fetch(this.catalogue.regions)).json();
    const features = new ol.format.GeoJSON().readFeatures(content);
    this.outlines.getSource().addFeatures(features);
  }

  /** @param {[number, number] | null} cell */
  mark(cell) {
    this.marker.getSource().clear();
    if (cell) this.marker.getSource().addFeature(box(this.catalogue.outline(cell)));
  }

  /** Longitude and latitude of a place. @param {number[]} place @returns {[number, number]} */
  lonLat(place) {
    return ol.proj.toLonLat(place, this.projection);
  }

  /** Direction of north in the middle of the map, degrees clockwise from up. */
  north() {
    const middle = this.map.getView().getCenter();
    const [lon, lat] = this.lonLat(middle);
    const [x, y] = ol.proj.fromLonLat([lon, lat + 0.01], this.projection);
    return (Math.atan2(x - middle[0], y - middle[1]) * 180) / Math.PI;
  }
}

/** @param {number[]} bounds */
function box(bounds) {
  return new ol.Feature(ol.geom.Polygon.fromExtent ? ol.geom.Polygon.fromExtent(bounds)
    : ol.geom.polygon.fromExtent(bounds));
}
