// scrape.mjs [--viewers N] [--rooms N] [--seconds N] - what reading /metrics once a second costs those who watch: the same
// swarm in as many rooms of thin streams twice, with a fresh server each, without and with a scraper. Prints how long a
// scrape took, and the delay of media in the server and to the viewers. Wants `make build`.
import { parseArgs } from 'node:util';
import { broadcast, stop, watch, withManycast } from './subjects.mjs';

const { values: options } = parseArgs({
  options: {
    viewers: { type: 'string', default: '10000' },
    rooms: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
  },
});
const [viewers, rooms, seconds] = [options.viewers, options.rooms, options.seconds].map(Number);
const stream = { size: '128x72', fps: 2, kbps: 20, audio: false };
const delay = 'manycast_forward_delay_us';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function scrape(base) {
  const began = performance.now();
  const text = await (await fetch(`${base}/metrics`)).text();
  return { ms: performance.now() - began, text };
}

const value = (text, name) => Number(text.match(new RegExp(`^${name} (\\S+)`, 'm'))?.[1]);
const buckets = (text) => [...text.matchAll(new RegExp(`^${delay}_bucket\\{le="([^"]+)"\\} (\\d+)`, 'gm'))].map(([, le, count]) => [Number(le === '+Inf' ? Infinity : le), Number(count)]);

// The 99th of a hundred delays between two scrapes, interpolated as Prometheus does.
function p99(from, to) {
  const before = buckets(from);
  const counts = buckets(to).map(([le, count], i) => [le, count - before[i][1]]);
  const wanted = 0.99 * counts.at(-1)[1];
  const i = counts.findIndex(([, count]) => count >= wanted);
  const [low, below] = i > 0 ? counts[i - 1] : [0, 0];
  const [high, count] = counts[i];
  return high === Infinity ? low : low + ((high - low) * (wanted - below)) / (count - below);
}

const settle = async (base) => {
  for (let waited = 0; waited < 120; waited++) {
    const { text } = await scrape(base);
    if (value(text, 'manycast_sessions_opened_total') - rooms >= viewers) return;
    await sleep(1000);
  }
};

const measure = (isScraped) =>
  withManycast(async (base, pid) => {
    const publishers = await Promise.all(Array.from({ length: rooms }, (_, i) => broadcast(`${base}/whip/bench-${i}`, stream)));
    try {
      const watching = watch(`${base}/whep/bench`, { viewers, ramp: 400, seconds, gro: true, suite: 'gcm', rooms }, pid);
      watching.catch(() => {}); // heard below
      await settle(base);
      await sleep(3000); // the swarm settles for two seconds before it measures
      const scrapes = [await scrape(base)];
      for (let second = 1; second < seconds; second++) {
        await sleep(1000);
        if (isScraped) scrapes.push(await scrape(base));
      }
      const last = await scrape(base);
      return { told: await watching, scrapes, p99_us: p99(scrapes[0].text, last.text), text: last.text };
    } finally {
      await Promise.all(publishers.map(stop));
    }
  }, ['--ingest-ports', '7100-7399', '--media-viewers', String(2 * viewers), '--limits-rooms', String(2 * rooms), '--metrics-rooms', String(rooms)]);

for (const isScraped of [false, true]) {
  const { told, scrapes, p99_us, text } = await measure(isScraped);
  const times = scrapes.map(({ ms }) => ms).sort((a, b) => a - b);
  console.log(`${isScraped ? 'scraped each second' : 'not scraped'}: ${told.connected} viewers connected, ${value(text, 'manycast_rooms')} rooms, ${(told.packets / told.seconds).toFixed(0)} packets/s, ${told.lost} lost`);
  console.log(`  media: p99 in the server ${p99_us.toFixed(0)} us, to the viewers p50 ${told.latency_ms.p50} ms, p99 ${told.latency_ms.p99} ms (${told.latency_ms.count}); server ${(100 * told.server.cpu_share).toFixed(1)} % of a core`);
  if (isScraped) console.log(`  /metrics: ${scrapes.length} scrapes of ${text.length} bytes, median ${times[times.length >> 1].toFixed(1)} ms, longest ${times.at(-1).toFixed(1)} ms`);
}
