// Packets evened out with RTP padding decode, whatever codec a browser publishes.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { seesMotion } from './senses.mjs';
import { Server } from './server.mjs';

const isPlaying = () => window.manycast?.state === 'playing';

/** Publishes noise (frames of many packets) in one codec by WHIP; false where the browser cannot send it. */
async function publish(page, whip, codec) {
  return page.evaluate(async (url, name) => {
    const codecs = RTCRtpSender.getCapabilities('video').codecs.filter((each) => each.mimeType === `video/${name}`);
    if (codecs.length === 0) return false;
    const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 270 });
    const context = canvas.getContext('2d');
    let frame = 0;
    setInterval(() => {
      frame++;
      for (let i = 0; i < 300; i++) {
        context.fillStyle = `hsl(${(frame * 7 + i * 41) % 360} 80% 60%)`;
        context.fillRect(Math.random() * 480, Math.random() * 270, 24, 24);
      }
    }, 50);
    const connection = new RTCPeerConnection();
    const transceiver = connection.addTransceiver(canvas.captureStream(20).getVideoTracks()[0], { direction: 'sendonly' });
    transceiver.setCodecPreferences(codecs);
    await connection.setLocalDescription();
    await new Promise((resolve) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
      setTimeout(resolve, 2000);
    });
    const answer = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/sdp' }, body: connection.localDescription.sdp,
    });
    await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    window.connection = connection; // lives as long as the page
    return true;
  }, whip, codec);
}

async function decodesPadded(cleanup, codec, audiences) {
  const server = await Server.start();
  cleanup.later(() => server.down());
  const browser = await chromium();
  cleanup.later(() => close(browser));
  const studio = await open(browser, `${server.url}/`);
  if (!await publish(studio, `${server.url}/whip/padded`, codec)) {
    console.log(`      this Chromium does not send ${codec}`);
    return;
  }
  await server.isLive('padded');
  for (const launch of audiences) {
    const audience = await launch();
    cleanup.later(() => close(audience));
    const page = await open(audience, `${server.url}/watch/padded`);
    await until(page, 'playing', isPlaying, undefined, 20000);
    const before = await server.metric('manycast_padding_bytes_total');
    await seesMotion(page);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await seesMotion(page);
    const after = await server.metric('manycast_padding_bytes_total');
    assert.ok(after > before, `padded while it played: ${before} to ${after}`);
  }
  const share = await server.metric('manycast_padding_bytes_total') / await server.metric('manycast_bytes_in_total');
  assert.ok(share <= 0.03, `${(100 * share).toFixed(2)} % of what came in`);
}

export default {
  'padded VP8 decodes in Chromium and Firefox': (cleanup) => decodesPadded(cleanup, 'VP8', [chromium, firefox]),
  'padded VP9 decodes in Chromium and Firefox': (cleanup) => decodesPadded(cleanup, 'VP9', [chromium, firefox]),
  'padded H264 decodes in Chromium': (cleanup) => decodesPadded(cleanup, 'H264', [chromium]),
  'padded AV1 decodes in Chromium': (cleanup) => decodesPadded(cleanup, 'AV1', [chromium]),
};
