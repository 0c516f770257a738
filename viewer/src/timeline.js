/** The days of a season: slider, player, and a strip of what was observed on each. */

/** @typedef {import("./catalogue.js").Season} Season */

const FRAME_MS = 250; // least time of a day while playing
const THUMB = 16; // width of the slider's handle, as in the style sheet
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

export class Timeline {
  /** @param {(date: string) => void} chosen @param {() => Promise<void>} drawn when a day is drawn */
  constructor(chosen, drawn) {
    const of = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
    /** @type {HTMLInputElement} */ this.slider = of("slider");
    /** @type {HTMLCanvasElement} */ this.strip = of("calendar");
    /** @type {HTMLElement} */ this.months = of("months");
    /** @type {HTMLButtonElement} */ this.button = of("play");
    this.chosen = chosen;
    this.drawn = drawn;
    /** @type {Season | null} */ this.season = null;
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.strip.addEventListener("click", (event) => this.go(this.dayAt(event.offsetX)));
    this.button.addEventListener("click", () => (this.playing ? this.stop() : this.play()));
    new ResizeObserver(() => this.drawStrip()).observe(this.strip);
  }

  get index() {
    return Number(this.slider.value);
  }

  get playing() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  /** @param {Season} season @param {string} date */
  show(season, date) {
    if (season !== this.season) {
      this.season = season;
      this.slider.max = String(season.days.length - 1);
      this.drawStrip();
      this.nameMonths(season);
    }
    this.slider.value = String(season.days.indexOf(date));
    this.slider.setAttribute("aria-valuetext", date);
  }

  /** @param {number} index of a day in the season, kept within it */
  go(index) {
    if (!this.season) return;
    const kept = Math.min(Math.max(index, 0), this.season.days.length - 1);
    this.chosen(this.season.days[kept]);
  }

  /** Shows one day after the other, each once it is drawn. */
  async play() {
    if (!this.season) return;
    this.button.setAttribute("aria-pressed", "true");
    this.button.textContent = "❚❚";
    this.button.setAttribute("aria-label", "Pause");
    if (this.index === this.season.days.length - 1) this.go(0);
    while (this.playing && this.index < this.season.days.length - 1) {
      const pause = new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      this.go(this.index + 1);
      await Promise.all([pause, this.drawn()]);
    }
    this.stop();
  }

  stop() {
    this.button.setAttribute("aria-pressed", "false");
    this.button.textContent = "▶";
    this.button.setAttribute("aria-label", "Play");
  }

  /** Place of a day on the strip, pixels: as the slider's handle stands. @param {number} index */
  place(index) {
    const count = this.season?.days.length ?? 1;
    return THUMB / 2 + ((this.strip.clientWidth - THUMB) * index) / Math.max(count - 1, 1);
  }

  /** @param {number} x */
  dayAt(x) {
    const count = this.season?.days.length ?? 1;
    return Math.round(((x - THUMB / 2) / (this.strip.clientWidth - THUMB)) * (count - 1));
  }

  drawStrip() {
    if (!this.season || !this.strip.clientWidth) return;
    const scale = devicePixelRatio;
    const height = 16;
    [this.strip.width, this.strip.height] = [this.strip.clientWidth * scale, height * scale];
    const context = /** @type {CanvasRenderingContext2D} */ (this.strip.getContext("2d"));
    const colours = getComputedStyle(document.documentElement);
    context.scale(scale, scale);
    context.fillStyle = colours.getPropertyValue("--rule");
    context.fillRect(0, height - 1, this.strip.clientWidth, 1);
    context.fillStyle = colours.getPropertyValue("--seen");
    const width = Math.max(this.place(1) - this.place(0) - 0.5, 1);
    this.season.observed.forEach((share, index) => {
      const tall = share > 0 ? Math.max(share * height, 2) : 0;
      context.fillRect(this.place(index) - width / 2, height - tall, width, tall);
    });
  }

  /** @param {Season} season */
  nameMonths(season) {
    const count = season.days.length - 1;
    const first = season.days.flatMap((day, index) => (day.endsWith("-01") ? [{ day, index }] : []));
    this.months.replaceChildren(
      ...first.map(({ day, index }) => {
        const name = document.createElement("span");
        name.textContent = MONTH.format(Date.parse(day));
        name.style.setProperty("--at", `${(100 * index) / count}%`);
        return name;
      }),
    );
  }
}
