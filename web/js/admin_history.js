// admin_history.js - what the server said in the last ten minutes, as rows for charts.

const WINDOW_S = 600;
// A longer pause (a hidden tab, a server that is gone) is a gap in the lines.
const GAP_S = 8;

/** Packets dropped since the workers' beginning, by reason. */
function dropsOf({ workers }) {
  const drops = {};
  workers.forEach((worker) => Object.entries(worker.drops).forEach(([reason, count]) => {
    drops[reason] = (drops[reason] ?? 0) + count;
  }));
  return drops;
}

/** A second, by reason, those alone that rose; nothing after a restart, when counters begin anew. */
function rates(before, drops, seconds) {
  const rises = Object.entries(drops).map(([reason, count]) => [reason, (count - (before[reason] ?? 0)) / seconds]);
  return rises.some(([, rate]) => rate < 0) ? {} : Object.fromEntries(rises.filter(([, rate]) => rate > 0));
}

export class History {
  /** Each {at (seconds since 1970), server, drops (a second, by reason)}; server is null at a gap. */
  samples = [];

  #drops = null;

  get last() {
    return this.samples.at(-1);
  }

  add(server, at) {
    const drops = dropsOf(server);
    const pauseS = this.last ? at - this.last.at : Infinity;
    const follows = this.#drops !== null && pauseS < GAP_S && pauseS > 0;
    if (this.last && !follows) {
      this.samples.push({ at: at - 1, server: null, drops: {} });
    }
    this.samples.push({ at, server, drops: follows ? rates(this.#drops, drops, pauseS) : {} });
    this.#drops = drops;
    const first = this.samples.findIndex((sample) => sample.at > at - WINDOW_S);
    this.samples.splice(0, first);
  }

  get range() {
    const end = this.last?.at ?? Date.now() / 1000;
    return [end - WINDOW_S, end];
  }

  /** Reasons for which something was dropped in this time. */
  get reasons() {
    return [...new Set(this.samples.flatMap(({ drops }) => Object.keys(drops)))].sort();
  }

  /** Columns for uPlot: times, then what each of `readers` makes of a sample; null at gaps. */
  columns(readers) {
    return [
      this.samples.map(({ at }) => at),
      ...readers.map((read) => this.samples.map((sample) => (sample.server ? read(sample) ?? null : null))),
    ];
  }
}
