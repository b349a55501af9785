// Turns runs into what is checked in: bench/results/DATE.json (medians and every run), DATE.md, DATE-*.svg.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { chart } from './picture.mjs';
import { WHOLE_VIEWERS_MAX, thin } from './subjects.mjs';

const folder = 'bench/results';

export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return null;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const lostShare = (told) => told.lost / Math.max(1, told.packets + told.lost);
// Every viewer came in and nothing that was sent is missing.
export const isClean = (told) => (told.connected ?? told.viewers) === told.viewers && told.lost === 0;

const figures = {
  ns_per_packet: (told) => told.server?.cpu_ns_per_packet ?? told.cpu_ns_per_packet,
  core_share: (told) => told.server?.cpu_share ?? told.cpu_share,
  lost_share: lostShare,
  connected: (told) => told.connected ?? told.viewers,
  latency_p50_ms: (told) => told.latency_ms?.p50,
  latency_p99_ms: (told) => told.latency_ms?.p99,
  bytes_per_viewer: (told) => told.server?.bytes_per_viewer,
  packets_per_batch: (told) => told.packets_per_batch,
  packets_per_message: (told) => told.packets_per_message,
  swarm_share: (told) => told.swarm_cpu_share,
  broadcaster_share: (told) => told.broadcaster_cpu_share,
};

// runs: [{ subject, viewers, round, told }]. One entry a subject and number of viewers, in the order of subjects.
export function summarize(subjects, runs) {
  return subjects.flatMap(({ name, title }) => {
    const steps = [...new Set(runs.filter((run) => run.subject === name).map((run) => run.viewers))].sort((a, b) => a - b);
    return steps.map((viewers) => {
      const told = runs.filter((run) => run.subject === name && run.viewers === viewers).map((run) => run.told);
      const values = Object.entries(figures).map(([figure, read]) => [figure, median(told.map((one) => read(one) ?? NaN))]);
      return { subject: name, title, viewers, runs: told.length, clean_runs: told.filter(isClean).length, ...Object.fromEntries(values) };
    });
  });
}

// One entry a rate of joins.
function summarizeStorms(storms) {
  return [...new Set(storms.map(({ rate }) => rate))].map((rate) => {
    const told = storms.filter((storm) => storm.rate === rate);
    const of = (read) => median(told.map(read));
    return {
      rate,
      watchers: of(({ watching }) => watching.connected),
      watching_p50_ms: of(({ watching }) => watching.latency_ms.p50),
      watching_p99_ms: of(({ watching }) => watching.latency_ms.p99),
      watching_lost: of(({ watching }) => watching.lost),
      joiners: told[0].joining.viewers,
      joiners_served: of(({ joining }) => joining.with_media),
      first_packet_p95_ms: of(({ joining }) => joining.first_packet_ms.p95),
    };
  });
}

function stormTable(storms) {
  const rows = summarizeStorms(storms).map((storm) => [
    String(storm.rate),
    `${shown(storm.joiners_served)} of ${storm.joiners}`,
    shown(storm.first_packet_p95_ms, 1),
    shown(storm.watchers),
    shown(storm.watching_p50_ms, 1),
    shown(storm.watching_p99_ms, 1),
    shown(storm.watching_lost),
  ]);
  return table(['joins a second', 'served', 'first packet p95, ms', 'watching', 'p50, ms', 'p99, ms', 'packets lost'], rows);
}

export function machine() {
  const model = readFileSync('/proc/cpuinfo', 'utf8').match(/^model name\s*:\s*(.*)$/m)?.[1] ?? os.arch();
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="(.*)"$/m)?.[1] ?? os.type();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.availableParallelism()} cores (${model}), ${memory} GB, ${system}, Linux ${os.release().match(/^\d+\.\d+/)[0]}`;
}

const shown = (value, digits = 0) => (value === null || value === undefined ? '' : value.toFixed(digits));

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n');
}

// A row a number of viewers, a column a subject; what lost packets is in brackets.
function matrix(subjects, summary, figure, digits = 0, scale = 1) {
  const steps = [...new Set(summary.map((entry) => entry.viewers))].sort((a, b) => a - b);
  const shownSubjects = subjects.filter(({ name }) => summary.some((entry) => entry.subject === name && entry[figure] !== null));
  const rows = steps.map((viewers) => [
    String(viewers),
    ...shownSubjects.map(({ name }) => {
      const entry = summary.find((one) => one.subject === name && one.viewers === viewers);
      if (entry === undefined || entry[figure] === null) return '';
      const text = shown(entry[figure] * scale, digits);
      return entry.clean_runs * 2 > entry.runs ? text : `(${text})`;
    }),
  ]);
  return table(['viewers', ...shownSubjects.map(({ title }) => title)], rows);
}

function ratios(summary) {
  const find = (subject, viewers) => summary.find((entry) => entry.subject === subject && entry.viewers === viewers);
  const cleanest = (subject, viewersMax = Infinity) =>
    summary.filter((entry) => entry.subject === subject && entry.clean_runs * 2 > entry.runs && entry.viewers <= viewersMax).at(-1);
  const rows = [];
  const put = (what, upper, lower) => {
    if (!upper || !lower) return;
    const [high, low] = [upper.ns_per_packet, lower.ns_per_packet];
    rows.push([what, String(upper.viewers), shown(high), shown(low), shown(high / low, 2)]);
  };
  for (const { viewers } of summary.filter((entry) => entry.subject === 'manycast-cm')) {
    put('Manycast, AES_CM over GCM', find('manycast-cm', viewers), find('manycast-gro', viewers));
  }
  for (const kind of ['gro', 'plain']) {
    for (const { viewers } of summary.filter((entry) => entry.subject === `manycast-${kind}`)) {
      put(`Manycast over floor, ${kind}`, find(`manycast-${kind}`, viewers), find(`floor-${kind}`, viewers));
    }
  }
  for (const name of ['janus-loops', 'janus']) {
    const most = cleanest(name);
    for (const kind of most ? ['gro', 'plain'] : []) {
      put(`${most.title}, at its most without loss, over Manycast ${kind}`, most, find(`manycast-${kind}`, most.viewers));
      const ours = cleanest(`manycast-${kind}`, WHOLE_VIEWERS_MAX);
      if (ours) put(`${most.title}, at its most without loss, over Manycast ${kind} with ${ours.viewers}`, most, ours);
    }
  }
  return table(['what', 'viewers', 'ns', 'against ns', 'ratio'], rows);
}

function pictures(subjects, summary, storms) {
  const lines = (figure, kinds, scale = 1) =>
    subjects
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ name, title }) => ({
        title,
        points: summary.filter((entry) => entry.subject === name && entry[figure] !== null).map((entry) => [entry.viewers, entry[figure] * scale]),
      }));
  const named = (suffix, list) => list.map((line) => ({ ...line, title: `${line.title}, ${suffix}` }));
  const servers = ['manycast', 'janus'];
  const draw = (title, yTitle, drawn) => chart({ title, xTitle: 'viewers', yTitle, lines: drawn });
  const latency = [...named('p50', lines('latency_p50_ms', servers)), ...named('p99', lines('latency_p99_ms', servers))];
  return {
    cost: draw(
      'CPU time of the server for a packet forwarded to one more viewer',
      'ns a packet',
      lines('ns_per_packet', ['floor', ...servers]),
    ),
    memory: draw('Memory of the server for a viewer', 'KiB a viewer', lines('bytes_per_viewer', servers, 1 / 1024)),
    latency: draw(
      'From the time when a frame is due to its last packet at the viewer',
      'ms',
      latency.filter(({ title }) => !title.includes('AES_CM')),
    ),
    storm: chart({
      title: 'Latency of those who watch while others join',
      xTitle: 'joins a second',
      yTitle: 'ms',
      lines: ['p50', 'p99'].map((share) => ({
        title: share,
        points: summarizeStorms(storms).map((storm) => [storm.rate, storm[`watching_${share}_ms`]]),
      })),
    }),
    batch: draw('Packets that the server fans out at a time', 'packets a batch', lines('packets_per_batch', ['manycast'])),
  };
}

function page(date, subjects, run) {
  const { summary, rounds, seconds, load } = run;
  return `# What a forwarded packet costs, ${date}

Machine: ${machine()}; load average before: ${load.toFixed(1)}. Command: \`${run.command}\`.
${rounds === 1 ? 'One round: a first look, no medians.' : `Medians of ${rounds} rounds; in each, all take turns at every number of viewers.`}

One broadcaster sends 720p30 VP8 at 2.5 Mbit/s and Opus; above ${WHOLE_VIEWERS_MAX} viewers, more than a core can carry of that, frames of the
same size, ${thin.fps} a second, and no sound: those rows compare with the floor beside them and not with the rows above. The server runs on the first core with one worker; broadcaster and swarm share
the others. Each run starts a fresh server; ${seconds} s are measured once all viewers are in. CPU time is the server process' own, from /proc,
divided by the packets that arrived; on loopback the kernel's delivery to the receivers is part of it. Every viewer is a real one (ICE, DTLS,
reports); one in fifty decrypts. \`UDP_GRO\`: receivers that take a GSO message whole, as a network card would; \`plain\`: the kernel cuts it up
for them, at the sender's cost. \`floor\` is the barest loop that seals and sends the like (bench/floor). Janus is Debian's package,
VideoRoom, with its defaults and with \`event_loops = 1\` (one core). All with AEAD_AES_128_GCM unless said.
Figures in brackets: not all viewers came in, or packets were lost, in half of the runs or more. A subject goes no further once it loses
more than 1 % or a viewer is left outside.

## CPU time, ns a packet

${matrix(subjects, summary, 'ns_per_packet')}

![CPU time](${date}-cost.svg)

## Ratios

${ratios(summary)}

## Share of the server's core, %

${matrix(subjects, summary, 'core_share', 1, 100)}

## Latency p50 and p99, ms

From the time when a frame is due (the broadcaster plays a recording: nothing is encoded meanwhile) to the arrival of its last packet. A key frame, one of sixty frames,
is some five times as long as the others.

${matrix(subjects, summary, 'latency_p50_ms', 1)}

${matrix(subjects, summary, 'latency_p99_ms', 1)}

![latency](${date}-latency.svg)

## Joins beside viewers who watch

Who joins stays for a second of the stream at full rate, and leaves.

${stormTable(run.storms)}

![joins](${date}-storm.svg)

## Memory, KiB a viewer

${matrix(subjects, summary, 'bytes_per_viewer', 1, 1 / 1024)}

![memory](${date}-memory.svg)

At ${run.memory ? run.memory.viewers : 'most'} viewers of a thinner stream: ${run.memory ? shown(run.memory.server.bytes_per_viewer / 1024, 1) : 'not measured'} KiB.

## Packets a message, a batch

${matrix(subjects, summary, 'packets_per_message', 1)}

${matrix(subjects, summary, 'packets_per_batch', 1)}

![batches](${date}-batch.svg)

## The client

Share of a core of the swarm, and of the broadcaster, %: both on the cores that the server has not.

${matrix(subjects, summary, 'swarm_share', 1, 100)}

${matrix(subjects, summary, 'broadcaster_share', 1, 100)}

Lost, %:

${matrix(subjects, summary, 'lost_share', 3, 100)}
`;
}

// run: { command, rounds, seconds, load, runs, storms, memory }. Returns the names of the files.
export function write(date, subjects, run) {
  const summary = summarize(subjects, run.runs);
  const files = {
    [`${date}.json`]: `${JSON.stringify({ date, machine: machine(), ...run, summary }, null, 1)}\n`,
    [`${date}.md`]: page(date, subjects, { ...run, summary }),
  };
  for (const [name, text] of Object.entries(pictures(subjects, summary, run.storms))) files[`${date}-${name}.svg`] = text;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
  return Object.keys(files).map((name) => `${folder}/${name}`);
}
