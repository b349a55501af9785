// Watching through Debian's coturn alone, with the credentials that the server mints from the shared secret.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, close, until } from './browsers.mjs';
import { ownAddress } from './relay.mjs';
import { seesMotion } from './senses.mjs';
import { freePort, Server, stop } from './server.mjs';

const SECRET = 'between the two of us';

async function startTurn(cleanup, address) {
  const port = await freePort();
  const first = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'manycast-turn-'));
  cleanup.later(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn('turnserver', [
    '-n', `--listening-ip=${address}`, `--relay-ip=${address}`, `--listening-port=${port}`, '--use-auth-secret',
    `--static-auth-secret=${SECRET}`, '--realm=manycast.test', `--min-port=${first}`, `--max-port=${first + 20}`,
    '--no-cli', '--no-tls', '--no-dtls', '--no-multicast-peers', '--log-file=stdout', `--pidfile=${folder}/pid`,
    `--userdb=${folder}/db`,
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  cleanup.later(() => stop(child));
  const turn = { url: `turn:${address}:${port}`, output: '' };
  child.stdout.on('data', (data) => { turn.output += data; });
  child.stderr.resume();
  child.once('error', (error) => { turn.output += `${error} Error`; });
  for (let tries = 0; tries < 100 && !/Total General servers|Error/.test(turn.output); tries++) await sleep(100);
  return turn;
}

export default {
  async 'a viewer who may only relay watches through coturn'(cleanup) {
    const address = ownAddress();
    const turn = await startTurn(cleanup, address);
    const server = await Server.start({ 'ice-servers': turn.url, 'ice-secret': SECRET, 'media-announce': address });
    cleanup.later(() => server.down());
    const publisher = server.publish('relayed');
    cleanup.later(() => stop(publisher));
    await server.isLive('relayed');
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const page = await browser.newPage();
    await page.evaluateOnNewDocument(() => {
      const Connection = window.RTCPeerConnection;
      window.RTCPeerConnection = class extends Connection {
        constructor(configuration) {
          super({ ...configuration, iceTransportPolicy: 'relay' });
        }
      };
    });
    await page.goto(`${server.url}/watch/relayed`, { waitUntil: 'domcontentloaded' });
    await until(page, 'playing', () => window.manycast?.state === 'playing', undefined, 40000);
    await seesMotion(page);
    const kind = await page.evaluate(async () => {
      const stats = await window.manycast.peerConnection.getStats();
      const pair = [...stats.values()].find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
      return stats.get(pair.localCandidateId).candidateType;
    });
    assert.equal(kind, 'relay');
  },
};
