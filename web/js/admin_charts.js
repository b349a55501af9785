// admin_charts.js - the operator's charts: uPlot over the history of the last ten minutes.

import { number } from './admin_figures.js';
import { t, timeFormat } from './i18n.js';
import uPlot from './uplot.js';

const HEIGHT = 190;
const COLOURS = ['#ff6673', '#6aa9ff', '#4cc38a', '#f2b84b', '#b48cff', '#4fd1d9', '#f58fd0', '#c3cad6'];
const LINE = '#2a313e';
const TEXT = '#9aa4b5';
const FONT = '12px system-ui, sans-serif';

function axis(options) {
  return { stroke: TEXT, font: FONT, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1, size: 4 }, ...options };
}

/** One chart: `lines` returns [{name, read, digits, scale}] for the history; it is drawn anew when their names change. */
class Chart {
  #box;
  #lines;
  #plot = null;
  #names = null;

  constructor(box, lines) {
    this.#box = box;
    this.#lines = lines;
    new ResizeObserver(() => this.#resize()).observe(box.parentElement);
  }

  show(history) {
    const lines = this.#lines(history);
    const names = lines.map(({ name }) => name).join('\n');
    if (names !== this.#names) {
      this.#names = names;
      this.#plot?.destroy();
      this.#plot = lines.length > 0 ? this.#make(lines, history) : null;
    }
    this.#plot?.setData(history.columns(lines.map(({ read }) => read)));
    if (this.#plot && !(this.#plot.cursor.left >= 0)) {
      this.#plot.setLegend({ idx: history.samples.length - 1 }); // nobody points: what is now
    }
    this.#box.setAttribute('aria-label', lines.map(({ name, read, digits = 0 }) => {
      const value = history.last?.server ? read(history.last) : null;
      return t('admin.chart.now', { name, value: number(value, digits) });
    }).join(', '));
  }

  #make(lines, history) {
    const right = lines.find(({ scale }) => scale !== undefined)?.scale;
    const times = (u, splits) => splits.map((s) => timeFormat({ hour: '2-digit', minute: '2-digit' }).format(new Date(s * 1000)));
    const fromZero = { range: (u, low, high) => [0, Math.max(1, (high ?? 0) * 1.1)] };
    const values = (u, splits) => splits.map((value) => (Number.isInteger(value) || value < 10 ? number(value, 2) : ''));
    return new uPlot({
      width: this.#width, height: HEIGHT,
      scales: { x: { range: () => history.range }, y: fromZero, ...(right && { [right]: fromZero }) },
      axes: [
        axis({ values: times, space: 70, size: 30 }),
        axis({ values, size: 52 }),
        ...(right ? [axis({ values, size: 40, scale: right, side: 1, grid: { show: false } })] : []),
      ],
      series: [
        { label: t('admin.chart.time'), value: (u, s) => (s === null ? '–' : timeFormat({ timeStyle: 'medium' }).format(new Date(s * 1000))) },
        ...lines.map(({ name, digits = 0, scale = 'y' }, i) => ({
          label: name, scale, stroke: COLOURS[i % COLOURS.length], width: 2, points: { show: false }, value: (u, value) => number(value, digits),
        })),
      ],
      cursor: { drag: { x: false, y: false } },
    }, history.columns(lines.map(({ read }) => read)), this.#box);
  }

  get #width() {
    return Math.max(200, this.#box.parentElement.clientWidth - 28);
  }

  #resize() {
    this.#plot?.setSize({ width: this.#width, height: HEIGHT });
  }
}

function audience() {
  return [
    { name: t('admin.viewers'), read: ({ server }) => server.viewers },
    { name: t('admin.rooms'), read: ({ server }) => server.rooms, scale: 'rooms' },
  ];
}

function rate() {
  return [
    { name: t('admin.in'), read: ({ server }) => server.kbps_in / 1000, digits: 1 },
    { name: t('admin.out'), read: ({ server }) => server.kbps_out / 1000, digits: 1 },
  ];
}

function cpu({ last }) {
  return (last?.server?.workers ?? []).map(({ worker }, i) => ({
    name: t('admin.worker', { number: worker }), read: ({ server }) => server.workers[i]?.cpu_percent, digits: 1,
  }));
}

function drops({ reasons }) {
  return reasons.map((reason) => ({ name: reason.replaceAll('_', ' '), read: (sample) => sample.drops[reason] ?? 0, digits: 1 }));
}

/** Charts in the elements chart-audience, chart-rate, chart-cpu and chart-drops; show(history) draws them. */
export class Charts {
  #charts = Object.entries({ audience, rate, cpu, drops })
    .map(([name, lines]) => new Chart(document.getElementById(`chart-${name}`), lines));

  show(history) {
    this.#charts.forEach((chart) => chart.show(history));
    document.getElementById('no-drops').hidden = history.reasons.length > 0;
  }
}
