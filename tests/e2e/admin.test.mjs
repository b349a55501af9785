// The operator's page: the key, what it shows, what it does, and what it says when there is nothing to show.
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, close, open, until } from './browsers.mjs';
import { readsText } from './senses.mjs';
import { outputFolder, Server, stop } from './server.mjs';

const KEY = 'of the operator';
const POLL_MS = 2000;

const isState = (state) => window.manycast?.state === state;
const press = (page, selector) => page.$eval(selector, (button) => button.click());

async function enter(page, key) {
  await page.waitForSelector('#ask:not([hidden])');
  await page.type('#key', key);
  await page.keyboard.press('Enter');
}

/** What the page asks the API for from now on. */
function record(page) {
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request));
  return asked;
}

/** As the browser does when another tab comes to the front. */
const hide = (page, hidden) => page.evaluate((value) => {
  Object.defineProperty(document, 'hidden', { value, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

async function seesRoom(page) {
  await until(page, 'the room', () => document.querySelector('#rooms .link')?.textContent === 'demo');
  await press(page, '#rooms .link');
  await until(page, 'broadcaster and viewer', () => document.querySelectorAll('#sessions tbody tr').length === 2);
  return page.evaluate(() => [...document.querySelectorAll('#sessions tbody tr')]
    .find((row) => row.textContent.includes('viewer')).dataset.session);
}

export default {
  async 'the operator sees the server, removes a viewer, drains; the page outlives the server'(cleanup) {
    const server = await Server.start({ 'auth-admin-key': KEY });
    cleanup.later(() => server.down());
    const publisher = server.publish('demo', ['--size', '640x360', '--kbps', '600']);
    cleanup.later(() => stop(publisher));
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const viewer = await open(browser, `${server.url}/watch/demo`);
    await until(viewer, 'playing', () => window.manycast?.state === 'playing', undefined, 30000);

    const page = await open(browser, `${server.url}/admin`);
    await page.evaluate(() => {
      window.violations = [];
      addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
    });
    const asked = record(page);
    await enter(page, 'wrong');
    await until(page, 'the refusal', isState, 'wrong');
    await enter(page, KEY);
    await until(page, 'the board', isState, 'operator');
    assert.ok(asked.every((request) => !decodeURIComponent(request.url()).includes(KEY)), 'the key stays out of addresses');
    assert.equal(new URL(page.url()).search, '');
    await until(page, 'figures', () => window.manycast.samples > 1 && document.getElementById('now-viewers').textContent === '1');
    assert.equal(await page.$$eval('.chart canvas', (charts) => charts.length >= 3), true);

    const session = await seesRoom(page);
    await page.screenshot({ path: path.join(outputFolder, 'admin-room.png'), fullPage: true });
    const kick = `tr[data-session="${session}"] .actions button`;
    const mute = `${kick}:last-child`;
    for (const next of ['admin.unmute', 'admin.mute']) {
      await press(page, mute);
      await until(page, next, ({ selector, key }) => document.querySelector(selector).dataset.i18n === key, { selector: mute, key: next });
    }
    await press(page, kick);
    assert.equal(await viewer.evaluate(() => window.manycast.state), 'playing', 'once is not enough');
    await press(page, kick);
    await until(viewer, 'removed', () => document.getElementById('state').dataset.i18n === 'fail.kicked.title');
    await until(page, 'the row goes', (selector) => document.querySelector(selector) === null, kick);

    await hide(page, true);
    await sleep(500); // for what is under way
    asked.length = 0;
    await sleep(1.5 * POLL_MS);
    assert.equal(asked.length, 0, 'a hidden page asks nothing');
    await hide(page, false);
    await until(page, 'the board again', isState, 'operator');

    await press(page, '#drain');
    await page.keyboard.press('Enter'); // the focus is on "cancel"
    await until(page, 'the dialog closes', () => !document.getElementById('drain-dialog').open);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    await press(page, '#drain');
    await press(page, '#drain-do');
    await until(page, 'no answer', isState, 'gone', 20000);
    await until(page, 'since when', () => /\d\d:\d\d:\d\d/.test(document.getElementById('gone').innerText));
    await server.up();
    await until(page, 'the board of the new server', isState, 'operator', 20000);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
    assert.deepEqual(page.problems, []);
    await press(page, '#forget');
    await until(page, 'the form', isState, 'nobody');
    assert.equal(await page.evaluate(() => JSON.stringify(sessionStorage).includes('operator')), false);
  },

  async 'without an operator’s key the page says what to set, on a phone too'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const browser = await chromium({ language: 'zh-CN' });
    cleanup.later(() => close(browser));
    const page = await open(browser, `${server.url}/admin`, { width: 360, height: 740 });
    await until(page, 'what is missing', isState, 'unset');
    assert.match(await readsText(page), /admin_key/);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  },
};
