/** The page: keeps what is shown in one state, and the parts of the page in step with it. */

import { Chart, drawCurve, drawExtent, drawSeasons } from "./charts.js";
import { readCatalogue } from "./catalogue.js";
import { drawLegend } from "./colours.js";
import { extents } from "./extents.js";
import { MapView } from "./map.js";
import { raster } from "./rasters.js";
import { csv, curve, meltOf, seconds } from "./series.js";
import { START, fromHash, toHash } from "./state.js";
import { Timeline } from "./timeline.js";
import { percent, placeText, sentences, valueText } from "./words.js";

/** @typedef {import("./state.js").State} State @typedef {import("./catalogue.js").Catalogue} Catalogue */

/** @param {string} id @returns {any} */
const of = (id) => document.getElementById(id);
const WHOLE = "whole area";
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7 };

class Page {
  /** @param {Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.timeline = new Timeline((date) => this.set({ date }), () => this.drawn());
    const chosen = (/** @type {number} */ time) =>
      this.set({ date: this.catalogue.nearest(new Date(time * 1000).toISOString().slice(0, 10)) });
    this.cellChart = new Chart(of("cell-chart"), chosen);
    this.extentChart = new Chart(of("extent-chart"), chosen);
    this.allSeasons = false;
    this.legend = this.curveOf = this.extentOf = "";
    /** @type {State} */
    this.state = { ...START, date: this.firstDate() };
  }

  async start() {
    this.fill();
    this.listen();
    this.view = await MapView.create(of("map"), this.catalogue, {
      clicked: (cell) => this.set({ cell }),
      moved: () => this.moved(),
      pointed: (place) => this.point(place),
      failed: problem,
    });
    const given = fromHash(location.hash);
    if (given.view) this.view.look(given.view);
    else this.view.fit();
    this.set(given);
    document.documentElement.dataset.ready = "true";
  }

  /** A day late in the last season: the first days are dry. */
  firstDate() {
    const season = this.catalogue.seasons[this.catalogue.seasons.length - 1];
    return season.days[Math.floor(season.days.length * 0.6)];
  }

  /** Choices of the page. */
  fill() {
    const { catalogue } = this;
    document.title = `Surface melt, ${catalogue.area}`;
    of("title").textContent = `Surface melt · ${catalogue.area}`;
    const groups = { day: "Of a day", season: "Of a season", seasons: "Of all seasons" };
    for (const select of [of("layer"), of("beside-layer")]) {
      for (const [kind, name] of Object.entries(groups)) {
        const fits = catalogue.layers.filter(
          (layer) => (layer.kind === "observation" ? "day" : layer.kind) === kind,
        );
        const group = document.createElement("optgroup");
        group.label = name;
        group.append(...fits.map((layer) => new Option(layer.title, layer.name)));
        if (fits.length) select.append(group);
      }
    }
    of("season").append(...catalogue.seasons.map(({ year }) => new Option(String(year))));
    of("shade").closest("label").hidden = !catalogue.height;
    for (const input of [of("date"), of("beside-date")]) {
      [input.min, input.max] = [catalogue.days[0], catalogue.days[catalogue.days.length - 1]];
    }
  }

  listen() {
    const on = (/** @type {string} */ id, /** @type {string} */ event, /** @type {() => void} */ what) =>
      of(id).addEventListener(event, what);
    on("layer", "change", () => this.set({ layer: of("layer").value }));
    on("season", "change", () => this.set({ date: this.inSeason(Number(of("season").value)) }));
    on("date", "change", () => of("date").value && this.set({ date: of("date").value }));
    on("shade", "change", () => this.set({ shade: of("shade").checked }));
    on("outlines", "change", () => this.set({ outlines: of("outlines").checked }));
    on("swipe", "change", () => this.set({ beside: of("swipe").checked ? this.other() : null }));
    on("split", "input", () => this.set({ split: Number(of("split").value) / 100 }));
    for (const id of ["beside-layer", "beside-date"]) {
      on(id, "change", () => {
        const date = of("beside-date").value || this.state.date;
        this.set({ beside: { layer: of("beside-layer").value, date } });
      });
    }
    on("region", "change", () => this.set({ region: of("region").value }));
    on("cell-csv", "click", () => this.download());
    on("cell-seasons", "click", () => this.toggleSeasons());
    on("link", "click", () => this.copyLink());
    addEventListener("hashchange", () => {
      if (location.hash.slice(1) === toHash(this.state)) return;
      const given = fromHash(location.hash);
      if (given.view) this.view?.look(given.view);
      this.set({ ...START, date: this.state.date, ...given });
    });
    addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const inMap = target.id === "map" || target.closest("#map");
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      this.timeline.go(this.timeline.index + step);
    } else if (event.key === " " && !target.matches("button")) {
      event.preventDefault();
      of("play").click();
    } else if (event.key === "Enter" && inMap) {
      const cell = this.view && this.catalogue.cellAt(this.view.looking());
      if (cell) this.set({ cell });
    }
  }

  /** The same day in another season. @param {number} year */
  inSeason(year) {
    return this.catalogue.nearest(`${year}${this.state.date.slice(4)}`);
  }

  /** What the right side shows first: the same layer a week later. */
  other() {
    const later = new Date(Date.parse(this.state.date) + 7 * 864e5).toISOString().slice(0, 10);
    return { layer: this.state.layer, date: this.catalogue.nearest(later) };
  }

  /** @param {Partial<State>} change */
  set(change) {
    const { catalogue } = this;
    const next = { ...this.state, ...change };
    next.date = catalogue.nearest(next.date);
    next.layer = catalogue.layer(next.layer).name;
    if (next.beside) {
      const { layer, date } = next.beside;
      next.beside = { layer: catalogue.layer(layer).name, date: catalogue.nearest(date) };
    }
    if (next.cell && !inside(next.cell, catalogue.grid)) next.cell = null;
    this.state = next;
    this.show();
  }

  show() {
    const { catalogue, state, view } = this;
    const season = catalogue.season(state.date);
    const layer = catalogue.layer(state.layer);
    view?.show(state);
    this.timeline.show(season, state.date);
    of("layer").value = state.layer;
    of("season").value = String(season.year);
    of("date").value = state.date;
    for (const name of /** @type {const} */ (["shade", "outlines"])) of(name).checked = state[name];
    this.showSides(state, layer);
    const share = season.observed[season.days.indexOf(state.date)];
    of("observed").textContent = share > 0 ? `${percent(share)} observed` : "not observed";
    const legend = `${state.layer}/${season.year}`;
    if (legend !== this.legend) drawLegend(of("legend"), layer, catalogue.stops(layer, state.date));
    this.legend = legend;
    for (const chart of [this.cellChart, this.extentChart]) chart.follow(seconds(state.date));
    this.showExtents(season.year);
    this.showCell(season.year);
    this.remember();
  }

  /** @param {State} state @param {import("./catalogue.js").Layer} layer */
  showSides({ beside, date, split }, layer) {
    of("swipe").checked = beside !== null;
    for (const id of ["divider", "beside", "left-label"]) of(id).hidden = beside === null;
    of("stage").style.setProperty("--split", `${100 * split}%`);
    if (!beside) return;
    of("split").value = String(100 * split);
    of("left-label").textContent = `${layer.title}, ${date}`;
    of("beside-layer").value = beside.layer;
    of("beside-date").value = beside.date;
  }

  /** Chart and words of the table of a season. @param {number} year */
  async showExtents(year) {
    const { catalogue, state } = this;
    const rows = await extents(catalogue.extents.replace("{season}", String(year))).catch(() => []);
    if (state !== this.state) return; // another day was chosen meanwhile
    const whole = rows.find((row) => row.region === WHOLE && row.date === state.date);
    this.say(sentences(catalogue, catalogue.layer(state.layer), state.date, whole));
    of("extent").hidden = rows.length === 0;
    if (!rows.length) return;
    const names = [...new Set(rows.map((row) => row.region))];
    if (of("region").options.length !== names.length) {
      of("region").replaceChildren(...names.map((name) => new Option(name, name)));
    }
    const region = names.includes(state.region) ? state.region : names[0];
    of("region").value = region;
    const shown = `${year}/${region}`;
    if (shown === this.extentOf) return;
    this.extentOf = shown;
    await drawExtent(this.extentChart, rows.filter((row) => row.region === region));
    of("extent-chart").setAttribute("aria-label", `Melt extent of ${region} in ${year}`);
  }

  /** Says what is shown; while the season plays, only on the page. @param {string} text */
  say(text) {
    of("words").setAttribute("aria-live", this.timeline.playing ? "off" : "polite");
    of("words").textContent = text;
  }

  /** @param {number} year */
  async showCell(year) {
    const { cell } = this.state;
    const wanted = cell ? `${cell}/${year}/${this.allSeasons}` : "";
    if (cell) this.sayCell(cell);
    if (wanted === this.curveOf) return;
    this.curveOf = wanted;
    of("cell-tools").hidden = cell === null;
    of("cell-hint").hidden = cell !== null;
    if (!cell) return this.cellChart.clear();
    of("cell-chart").setAttribute("aria-busy", "true");
    try {
      const found = await curve(this.catalogue, year, cell);
      if (wanted !== this.curveOf) return;
      this.curve = found;
      await (this.allSeasons ? this.drawAll(year, cell) : drawCurve(this.cellChart, found));
      this.cellChart.follow(seconds(this.state.date));
      of("cell-chart").setAttribute("aria-label", `Melt of the cell through ${year}`);
      of("cell-chart").dataset.shows = wanted;
    } catch (error) {
      this.curveOf = "";
      problem(/** @type {Error} */ (error));
    } finally {
      of("cell-chart").removeAttribute("aria-busy");
    }
  }

  /** @param {number} year @param {[number, number]} cell */
  async drawAll(year, cell) {
    const years = this.catalogue.seasons.map((season) => season.year);
    const found = await Promise.all(years.map((one) => meltOf(this.catalogue, one, cell)));
    await drawSeasons(this.cellChart, found, year);
  }

  /** @param {[number, number]} cell */
  async sayCell(cell) {
    const { catalogue, state } = this;
    const layer = catalogue.layer(state.layer);
    const place = placeText(this.lonLat(cell));
    if (layer.kind === "observation") {
      of("cell-place").textContent = place;
      return;
    }
    const stored = await (await raster(catalogue.address(layer, state.date))).value(cell);
    if (state !== this.state) return;
    of("cell-place").textContent = `${place}: ${valueText(layer, stored)}`;
    of("cell-place").dataset.stored = String(stored);
  }

  /** Middle of a cell. @param {[number, number]} cell */
  middle(cell) {
    const [left, bottom, right, top] = this.catalogue.outline(cell);
    return [(left + right) / 2, (bottom + top) / 2];
  }

  /** @param {[number, number]} cell @returns {[number, number]} */
  lonLat(cell) {
    return /** @type {MapView} */ (this.view).lonLat(this.middle(cell));
  }

  toggleSeasons() {
    this.allSeasons = !this.allSeasons;
    of("cell-seasons").setAttribute("aria-pressed", String(this.allSeasons));
    this.showCell(this.catalogue.season(this.state.date).year);
  }

  /** The curve of the cell as a file. */
  download() {
    const { cell } = this.state;
    if (!cell || !this.curve) return;
    const [x, y] = this.middle(cell);
    const [lon, lat] = this.lonLat(cell).map((value) => Number(value.toFixed(6)));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(this.curve, { lon, lat, x, y })], { type: "text/csv" }));
    link.download = `melt_${this.catalogue.area}_${cell.join("_")}_${this.curve.year}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async copyLink() {
    this.remember();
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    of("link").textContent = "Copied";
    setTimeout(() => (of("link").textContent = "Copy link"), 1500);
  }

  moved() {
    this.state.view = this.view?.looking() ?? null;
    of("north").style.setProperty("--turn", `${this.view?.north() ?? 0}deg`);
    this.remember();
  }

  /** Puts the state into the address, at most some times a second: browsers limit it. */
  remember() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => history.replaceState(null, "", `#${toHash(this.state)}`), 120);
  }

  /** Place and value under the pointer. @param {number[] | null} place */
  async point(place) {
    const cell = place && this.catalogue.cellAt(place);
    if (!place || !cell || !this.view) {
      of("pointer").textContent = "";
      return;
    }
    this.pointed = place;
    const where = placeText(this.view.lonLat(place));
    const layer = this.catalogue.layer(this.state.layer);
    const day = this.state.date;
    if (layer.kind === "observation") {
      of("pointer").textContent = where;
      return;
    }
    const stored = await (await raster(this.catalogue.address(layer, day))).value(cell).catch(() => layer.nodata);
    if (place === this.pointed) of("pointer").textContent = `${where} · ${valueText(layer, stored)}`;
  }

  /** Waits until the map shows the day. */
  drawn() {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        this.view?.map.once("rendercomplete", () => resolve());
        this.view?.map.render();
      })
    );
  }
}

/** @param {[number, number]} cell @param {import("./catalogue.js").Grid} grid */
function inside([row, column], { rows, columns }) {
  return row >= 0 && row < rows && column >= 0 && column < columns;
}

/** Says on the page what went wrong. @param {Error} error */
function problem(error) {
  of("problem").textContent = error.message;
  of("problem").hidden = false;
}

async function start() {
  if (!("ol" in window && "proj4" in window && "GeoTIFF" in window)) {
    throw new Error("The libraries of the page cannot be read; see the page on its offline use.");
  }
  const page = new Page(await readCatalogue("./viewer.json"));
  Object.assign(window, { page }); // for the console
  await page.start();
}

start().catch(problem);
