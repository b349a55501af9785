// stats_panel.js - shows samples of stats.js as a list of named figures, in the viewer's language.

import { bindText, formatNumber, t } from './i18n.js';

const UNKNOWN = '–';

function figure(value, unit, digits = 0) {
  return value === null || value === undefined ? UNKNOWN : `${formatNumber(value, digits)} ${unit}`.trim();
}

function bitrate(kbps) {
  return kbps >= 1000 ? figure(kbps / 1000, 'Mbps', 1) : figure(kbps, 'kbps');
}

function resolution({ width, height }) {
  return width ? `${width}×${height}` : UNKNOWN;
}

function codecs({ videoCodec, audioCodec }) {
  return [videoCodec, audioCodec].filter(Boolean).join(' + ') || UNKNOWN;
}

function limit({ limitedBy }) {
  return t(`stats.limited.${limitedBy ?? 'no'}`);
}

const FIGURES = {
  glass: ({ glassMs }) => (glassMs === null || glassMs === undefined ? null : figure(glassMs, 'ms')),
  latency: ({ latencyMs }) => figure(latencyMs, 'ms'),
  bitrate: ({ kbps }) => bitrate(kbps),
  resolution,
  fps: ({ fps }) => figure(fps, 'fps'),
  loss: ({ lossPercent }) => figure(lossPercent, '%', 1),
  buffer: ({ jitterBufferMs }) => figure(jitterBufferMs, 'ms'),
  rtt: ({ rttMs }) => figure(rttMs, 'ms'),
  codec: codecs,
  path: ({ path }) => path ?? UNKNOWN,
  freezes: ({ freezeCount, freezeSeconds }) => `${figure(freezeCount, '')} / ${figure(freezeSeconds, 's', 1)}`,
  limited: limit,
};

export const VIEWER_FIGURES = ['glass', 'latency', 'bitrate', 'resolution', 'fps', 'loss', 'buffer', 'rtt', 'codec', 'path', 'freezes'];
export const BROADCASTER_FIGURES = ['bitrate', 'resolution', 'fps', 'loss', 'rtt', 'codec', 'path', 'limited'];

export class StatsPanel {
  #rows = new Map();

  /** `list` is a <dl>; `names` are of the figures above. Each value carries data-figure=NAME. */
  constructor(list, names) {
    for (const name of names) {
      const row = document.createElement('div');
      const term = document.createElement('dt');
      const value = document.createElement('dd');
      bindText(term, `stats.${name}`);
      value.dataset.figure = name;
      row.append(term, value);
      list.append(row);
      this.#rows.set(name, { row, value });
    }
  }

  /** Shows a sample; null shows that nothing is known. A figure that does not apply is left out. */
  show(sample) {
    this.#rows.forEach(({ row, value }, name) => {
      const text = FIGURES[name](sample ?? {});
      row.hidden = text === null;
      value.textContent = text ?? '';
    });
  }
}
