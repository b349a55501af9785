// Debian's browsers, driven alike: Chromium over CDP, Firefox over WebDriver BiDi, both by puppeteer-core.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';

const CHROMIUM_FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows', '--mute-audio',
];
const FAKE_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const AUTOPLAY = ['--autoplay-policy=no-user-gesture-required'];

const FIREFOX_PREFERENCES = {
  'media.navigator.permission.disabled': true, // no prompt
  'media.navigator.streams.fake': true,
  'media.autoplay.default': 0,
  'media.gmp-manager.url': 'data:,', // no plug-in is fetched
  'app.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
};

const opened = new Set();

/** {autoplay: false} as in life; {devices: false} leaves camera and microphone out; {tcpOnly} blocks UDP; {microphone} is a WAV file. */
export async function chromium({ autoplay = true, devices = true, tcpOnly = false, microphone, language = 'en-US' } = {}) {
  const args = [
    ...CHROMIUM_FLAGS,
    ...(autoplay ? AUTOPLAY : []),
    ...(devices ? FAKE_DEVICES : []),
    ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}`] : []),
    ...(tcpOnly ? ['--webrtc-ip-handling-policy=disable_non_proxied_udp', '--force-webrtc-ip-handling-policy=disable_non_proxied_udp'] : []),
    `--lang=${language}`, `--accept-lang=${language}`,
  ];
  const browser = await puppeteer.launch({
    browser: 'chrome', executablePath: '/usr/bin/chromium', headless: true, args, protocolTimeout: 120000,
    env: { ...process.env, LANGUAGE: language },
  });
  opened.add(browser);
  return browser;
}

/** {stock: true}: nothing but what a test must set, so that ICE behaves as on a person's machine. {sound: false}: no sound device. */
export async function firefox({ stock = false, sound = true, language = 'en-US' } = {}) {
  if (sound) await startSound();
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, protocolTimeout: 120000,
    extraPrefsFirefox: {
      ...FIREFOX_PREFERENCES,
      ...(stock ? {} : { 'media.peerconnection.ice.loopback': true }),
      'intl.accept_languages': language,
    },
  });
  opened.add(browser);
  return browser;
}

export async function open(browser, url, viewport = { width: 1280, height: 800 }) {
  const page = await browser.newPage();
  await page.setViewport(viewport);
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return page;
}

export async function close(browser) {
  opened.delete(browser);
  await browser.close().catch(() => {});
}

export async function closeAll() {
  await Promise.all([...opened].map(close));
  stopSound();
}

/** Waits until predicate (run in the page with argument) is true; says what for when it never is. */
export async function until(page, what, predicate, argument, withinMs = 15000) {
  const ends = Date.now() + withinMs;
  let last;
  for (;;) {
    last = await page.evaluate(predicate, argument).catch((error) => {
      if (/context was destroyed|navigat/i.test(String(error))) return false; // on its way to another page
      throw error;
    });
    if (last) return last;
    if (Date.now() > ends) throw new Error(`waited ${withinMs} ms in vain for: ${what} (last: ${JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Firefox' AudioContext runs only beside an audio device: a PulseAudio of our own with a null sink.
let sound;

async function startSound() {
  if (sound !== undefined) return;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'manycast-sound-'));
  process.env.XDG_RUNTIME_DIR = folder;
  process.env.PULSE_RUNTIME_PATH = folder;
  process.env.PULSE_SERVER = `unix:${folder}/native`;
  const child = spawn('pulseaudio', ['-n', '--exit-idle-time=-1', '--daemonize=no', '--disallow-exit',
    '-L', 'module-null-sink sink_name=silence', '-L', `module-native-protocol-unix auth-anonymous=1 socket=${folder}/native`],
  { stdio: 'ignore' });
  sound = { child, folder };
  for (let tries = 0; tries < 50 && spawnSync('pactl', ['info']).status !== 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

function stopSound() {
  if (sound === undefined) return;
  sound.child.kill('SIGKILL');
  rmSync(sound.folder, { recursive: true, force: true });
  sound = undefined;
}
process.on('exit', stopSound);
