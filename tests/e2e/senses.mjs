// What a person sees and hears of a page, measured in the page.
import { until } from './browsers.mjs';

/** Two looks at the picture, some frames apart: {bright: not black, moved: the share of samples that changed}. */
async function look(page, selector) {
  return page.evaluate(async (query) => {
    const video = document.querySelector(query);
    if (!video || video.videoWidth === 0) return { bright: false, moved: 0 };
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 90;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const take = () => {
      context.drawImage(video, 0, 0, 160, 90);
      return context.getImageData(0, 0, 160, 90).data;
    };
    const first = take();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const second = take();
    let changed = 0;
    let light = 0;
    for (let i = 0; i < first.length; i += 4) {
      light += first[i] + first[i + 1] + first[i + 2];
      if (Math.abs(first[i] - second[i]) + Math.abs(first[i + 1] - second[i + 1]) > 24) changed++;
    }
    return { bright: light / (first.length / 4) > 20, moved: changed / (first.length / 4) };
  }, selector);
}

/** Resolves when the picture is there and moves. */
export async function seesMotion(page, selector = '#video', withinMs = 20000) {
  const ends = Date.now() + withinMs;
  for (;;) {
    const seen = await look(page, selector);
    if (seen.bright && seen.moved > 0.001) return seen;
    if (Date.now() > ends) throw new Error(`no moving picture in ${withinMs} ms: ${JSON.stringify(seen)}`);
  }
}

/** Resolves when a tone comes out of what the page plays: an AnalyserNode on the element's own stream. */
export async function hearsTone(page, withinMs = 15000) {
  await page.evaluate(() => {
    const stream = [...document.querySelectorAll('video, audio')].map((each) => each.srcObject)
      .find((each) => each && each.getAudioTracks().length > 0);
    if (!stream) throw new Error('nothing audible is attached');
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(analyser);
    void context.resume();
    window.ear = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  });
  await until(page, 'a tone', () => {
    const { analyser, samples } = window.ear;
    analyser.getFloatTimeDomainData(samples);
    return samples.some((sample) => Math.abs(sample) > 0.01);
  }, undefined, withinMs);
}

/** The text a person can read now. */
export function readsText(page) {
  return page.evaluate(() => document.body.innerText);
}

/** Watches for `ms` and answers what a viewer noticed: {longestMs: longest time without a new frame, frames}. */
export function freezes(page, ms, selector = '#video') {
  return page.evaluate(({ query, watchMs }) => new Promise((resolve) => {
    const video = document.querySelector(query);
    const began = performance.now();
    let last = began;
    let longestMs = 0;
    let frames = 0;
    const finish = () => resolve({ longestMs: Math.max(longestMs, performance.now() - last), frames });
    const onFrame = (now) => {
      longestMs = Math.max(longestMs, now - last);
      last = now;
      frames++;
      if (now - began < watchMs) video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    setTimeout(finish, watchMs + 50);
  }), { query: selector, watchMs: ms });
}
