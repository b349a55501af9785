// stats.js - what a peer connection reports, as the few figures that a person reads. Rates are since the last sample.

function find(reports, type, kind) {
  return reports.find((report) => report.type === type && (kind === undefined || report.kind === kind));
}

function selectedPair(reports) {
  const transport = find(reports, 'transport');
  const pairs = reports.filter((report) => report.type === 'candidate-pair');
  return pairs.find((pair) => pair.id === transport?.selectedCandidatePairId) ?? pairs.find((pair) => pair.nominated && pair.state === 'succeeded');
}

function codecName(reports, stream) {
  const codec = reports.find((report) => report.id === stream?.codecId);
  return codec?.mimeType.split('/')[1] ?? null;
}

function path(reports, pair) {
  const local = reports.find((report) => report.id === pair?.localCandidateId);
  const remote = reports.find((report) => report.id === pair?.remoteCandidateId);
  const transport = (local?.relayProtocol ?? local?.protocol ?? remote?.protocol ?? '').toUpperCase();
  return transport ? `${transport} ${local?.candidateType ?? ''}`.trim() : null;
}

/** Increase of a counter between two samples of one report; null where either is missing. */
function increase(now, before, field) {
  return now?.[field] === undefined || before?.[field] === undefined ? null : now[field] - before[field];
}

function ratio(part, whole) {
  return part === null || !whole ? null : part / whole;
}

export class StatsReader {
  #pc = null;
  #before = new Map();

  /** Takes a sample of `pc`; null without a connection. Figures that the browser does not give are null. */
  async sample(pc) {
    if (pc !== this.#pc) {
      this.#pc = pc;
      this.#before = new Map();
    }
    if (!pc || pc.connectionState === 'closed') {
      return null;
    }
    const reports = [...(await pc.getStats()).values()];
    const outgoing = reports.some((report) => report.type === 'outbound-rtp');
    const sample = outgoing ? this.#sending(reports) : this.#receiving(reports);
    this.#before = new Map(reports.map((report) => [report.id, report]));
    return sample;
  }

  #kbps(report, field) {
    const before = this.#before.get(report?.id);
    const bytes = increase(report, before, field);
    const ms = before ? report.timestamp - before.timestamp : 0;
    return bytes === null || ms <= 0 ? null : Math.max(0, (bytes * 8) / ms);
  }

  #fps(report, field) {
    const before = this.#before.get(report?.id);
    const frames = increase(report, before, field);
    const ms = before ? report.timestamp - before.timestamp : 0;
    return report?.framesPerSecond ?? (frames === null || ms <= 0 ? null : (frames * 1000) / ms);
  }

  /** Mean of a cumulated time over a cumulated count since the last sample, in milliseconds. */
  #meanMs(report, time, count) {
    const before = this.#before.get(report?.id);
    const mean = ratio(increase(report, before, time), increase(report, before, count));
    return mean === null ? null : mean * 1000;
  }

  #common(reports, audio, video, bytesField, framesField) {
    const pair = selectedPair(reports);
    const videoKbps = this.#kbps(video, bytesField);
    const audioKbps = this.#kbps(audio, bytesField);
    return {
      kbps: videoKbps === null && audioKbps === null ? null : (videoKbps ?? 0) + (audioKbps ?? 0),
      videoKbps,
      audioKbps,
      width: video?.frameWidth ?? null,
      height: video?.frameHeight ?? null,
      fps: this.#fps(video, framesField),
      videoCodec: codecName(reports, video),
      audioCodec: codecName(reports, audio),
      rttMs: pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
      path: path(reports, pair),
    };
  }

  #sending(reports) {
    const audio = find(reports, 'outbound-rtp', 'audio');
    const video = find(reports, 'outbound-rtp', 'video');
    const far = find(reports, 'remote-inbound-rtp', 'video') ?? find(reports, 'remote-inbound-rtp', 'audio');
    const common = this.#common(reports, audio, video, 'bytesSent', 'framesEncoded');
    return {
      ...common,
      rttMs: far?.roundTripTime === undefined ? common.rttMs : far.roundTripTime * 1000,
      lossPercent: far?.fractionLost === undefined ? null : far.fractionLost * 100,
      limitedBy: video?.qualityLimitationReason === 'none' ? null : video?.qualityLimitationReason ?? null,
      keyFrames: video?.keyFramesEncoded ?? null,
      pictureLossIndications: video?.pliCount ?? null,
      retransmitted: video?.retransmittedPacketsSent ?? null,
    };
  }

  #lossPercent(streams) {
    let lost = 0;
    let received = 0;
    for (const stream of streams.filter(Boolean)) {
      const before = this.#before.get(stream.id);
      lost += Math.max(0, increase(stream, before, 'packetsLost') ?? 0);
      received += increase(stream, before, 'packetsReceived') ?? 0;
    }
    return lost + received > 0 ? (lost * 100) / (lost + received) : null;
  }

  #receiving(reports) {
    const audio = find(reports, 'inbound-rtp', 'audio');
    const video = find(reports, 'inbound-rtp', 'video');
    const common = this.#common(reports, audio, video, 'bytesReceived', 'framesDecoded');
    const bufferMs = this.#meanMs(video ?? audio, 'jitterBufferDelay', 'jitterBufferEmittedCount');
    const decodeMs = this.#meanMs(video, 'totalDecodeTime', 'framesDecoded');
    const processingMs = this.#meanMs(video, 'totalProcessingDelay', 'framesDecoded') ?? (bufferMs === null ? null : bufferMs + (decodeMs ?? 0));
    return {
      ...common,
      lossPercent: this.#lossPercent([audio, video]),
      jitterBufferMs: bufferMs,
      decodeMs,
      // From the server to the screen: half a round trip, the wait in the buffer, the decoder.
      latencyMs: processingMs === null ? null : processingMs + (common.rttMs ?? 0) / 2,
      framesDecoded: video?.framesDecoded ?? null,
      framesDropped: video?.framesDropped ?? null,
      freezeCount: video?.freezeCount ?? null,
      freezeSeconds: video?.totalFreezesDuration ?? null,
      packetsLost: (audio?.packetsLost ?? 0) + (video?.packetsLost ?? 0),
      retransmitted: video?.retransmittedPacketsReceived ?? null,
    };
  }
}
