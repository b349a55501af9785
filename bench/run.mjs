// The order of the runs: rounds outside, numbers of viewers in them, and at each number all subjects in turn, so that a
// change of the machine's mood meets all alike. See run.sh.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { isClean, lostShare, write } from './report.mjs';
import { crowd, run, storm, subjects } from './subjects.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    viewers: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    rates: { type: 'string' },
    watchers: { type: 'string' },
    'no-write': { type: 'boolean' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
// Asked for: all subjects at these numbers of viewers; else each at its own.
const asked = (options.viewers ?? (options.quick ? '100,1000' : undefined))?.split(',').map(Number);
const seconds = Number(options.seconds);
const chosen = subjects.filter(({ name }) => options.only?.split(',').includes(name) ?? true);
const load = os.loadavg()[0];
const rates = (options.rates ?? (options.quick ? '100' : '100,500')).split(',').map(Number);
const watchers = Number(options.watchers ?? (options.quick ? 300 : 1000));
const stormSeconds = options.quick ? 4 : 10;
const stormRounds = 3;
const crowdViewers = options.quick ? 2000 : 10000;
const steps = asked ?? [...new Set(chosen.flatMap((subject) => subject.steps))].sort((a, b) => a - b);
const runs = [];
const storms = [];

if (load > 1) console.error(`The machine is busy (load average ${load.toFixed(1)}): figures will be worse than they should be.`);

function say(subject, viewers, told) {
  const cost = told.server?.cpu_ns_per_packet ?? told.cpu_ns_per_packet;
  const share = 100 * (told.server?.cpu_share ?? told.cpu_share);
  const lost = isClean(told) ? '' : `, ${told.connected ?? told.viewers} came in, ${(100 * lostShare(told)).toFixed(2)} % lost`;
  const name = `${String(viewers).padStart(6)} ${subject.title.padEnd(26)}`;
  console.log(`${name} ${cost.toFixed(0).padStart(6)} ns a packet, ${share.toFixed(1)} % of a core${lost}`);
}

async function playSteps(round) {
  const ended = new Set(); // subjects that this round has seen fail
  for (const viewers of steps) {
    const here = chosen.filter(({ name, steps: own }) => !ended.has(name) && (asked ?? own).includes(viewers));
    for (const subject of here) {
      try {
        const told = await run(subject, viewers, seconds);
        runs.push({ subject: subject.name, viewers, round, told });
        say(subject, viewers, told);
        if (lostShare(told) > 0.01 || told.connected < viewers) ended.add(subject.name);
      } catch (error) {
        console.error(`${viewers} ${subject.title}: ${error.message}`);
        ended.add(subject.name);
      }
    }
  }
}

async function playStorms(round) {
  for (const rate of rates) {
    try {
      const told = await storm(watchers, rate, stormSeconds);
      storms.push({ rate, watchers, seconds: stormSeconds, round, ...told });
      const { watching, joining } = told;
      console.log(
        `${String(rate).padStart(6)} joins a second: ${joining.connected} of ${joining.viewers} came in; ${watching.connected} watching: ` +
          `p99 ${watching.latency_ms.p99} ms, ${watching.lost} packets lost`,
      );
    } catch (error) {
      console.error(`${rate} joins a second: ${error.message}`);
    }
  }
}

let memory = null;

// After each round, so that a run that is stopped has told what it saw.
function writeDown(rounds) {
  if (options['no-write']) return [];
  const command = ['bench/run.sh', ...process.argv.slice(2)].join(' ');
  return write(new Date().toISOString().slice(0, 10), subjects, { command, rounds, seconds, load, runs, storms, memory });
}

if (options.only?.split(',').includes('memory') ?? true) {
  try {
    memory = await crowd(crowdViewers);
    console.log(`${memory.connected} of ${crowdViewers} viewers: ${(memory.server.bytes_per_viewer / 1024).toFixed(1)} KiB of memory each`);
  } catch (error) {
    console.error(`${crowdViewers} viewers: ${error.message}`);
  }
}

for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round} of ${rounds}`);
  await playSteps(round);
  if (round <= stormRounds && (options.only?.split(',').includes('storm') ?? true)) await playStorms(round);
  console.log(writeDown(round).join('\n'));
}
