// capture.js - where the broadcaster's picture and sound come from: camera and microphone, the screen, or the test pattern.

import { startTestPattern } from './test_pattern.js';

export const RESOLUTIONS = {
  1080: { width: 1920, height: 1080, fps: 30, kbps: 4500 },
  720: { width: 1280, height: 720, fps: 30, kbps: 2500 },
  480: { width: 854, height: 480, fps: 30, kbps: 1200 },
};

/** Value of the device pickers for "none". */
export const NO_DEVICE = 'none';

/** Why a source did not open. `code` is a key of the failures that the page can explain. */
export class CaptureError extends Error {
  constructor(code) {
    super(code);
    this.name = 'CaptureError';
    this.code = code;
  }
}

const CAMERA_FAILURES = {
  NotAllowedError: 'camera-denied',
  SecurityError: 'camera-denied',
  NotFoundError: 'camera-missing',
  OverconstrainedError: 'camera-missing',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

function requireDevices() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new CaptureError(window.isSecureContext ? 'camera-unsupported' : 'insecure');
  }
}

function cameraConstraints({ camera, resolution }) {
  if (camera === NO_DEVICE) {
    return false;
  }
  const { width, height, fps } = RESOLUTIONS[resolution];
  const wanted = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps } };
  return camera ? { ...wanted, deviceId: { exact: camera } } : wanted;
}

function microphoneConstraints({ microphone }) {
  if (microphone === NO_DEVICE) {
    return false;
  }
  return microphone ? { deviceId: { exact: microphone } } : true;
}

async function getUserMedia(constraints) {
  if (!constraints.audio && !constraints.video) {
    throw new CaptureError('nothing-chosen');
  }
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw new CaptureError(CAMERA_FAILURES[error.name] ?? 'camera-failed');
  }
}

/** A device that was chosen earlier may be gone, and a machine may have only one of the two: take what there is. */
async function openDevices(settings) {
  const video = cameraConstraints(settings);
  const audio = microphoneConstraints(settings);
  const anyVideo = video && cameraConstraints({ ...settings, camera: '' });
  const anyAudio = audio && true;
  const attempts = [
    { video, audio, missing: null },
    { video: anyVideo, audio: anyAudio, missing: null },
    { video: anyVideo, audio: false, missing: 'microphone-missing' },
    { video: false, audio: anyAudio, missing: 'picture-missing' },
  ];
  let first = null;
  for (const { missing, ...constraints } of attempts) {
    try {
      const stream = await getUserMedia(constraints);
      return { stream, notice: missing && first?.code !== 'camera-missing' ? first.code : missing };
    } catch (error) {
      first ??= error;
      if (error.code === 'camera-denied') {
        throw error;
      }
    }
  }
  throw first;
}

function asSource(stream, { detail = false, notice = null } = {}) {
  const audio = stream.getAudioTracks()[0] ?? null;
  const video = stream.getVideoTracks()[0] ?? null;
  return { audio, video, detail, notice, stop: () => stream.getTracks().forEach((track) => track.stop()) };
}

async function openCamera(settings) {
  requireDevices();
  const { stream, notice } = await openDevices(settings);
  return asSource(stream, { notice });
}

async function openScreen({ resolution }) {
  if (!navigator.mediaDevices?.getDisplayMedia) {
    throw new CaptureError(window.isSecureContext ? 'screen-unsupported' : 'insecure');
  }
  const { width, height, fps } = RESOLUTIONS[resolution];
  const video = { width: { max: width }, height: { max: height }, frameRate: { max: fps } };
  try {
    return asSource(await navigator.mediaDevices.getDisplayMedia({ video, audio: true }), { detail: true });
  } catch (error) {
    throw new CaptureError(error.name === 'NotAllowedError' ? 'screen-denied' : 'screen-failed');
  }
}

/**
 * Opens a source: kind 'camera', 'screen' or 'test'; settings {camera, microphone, resolution, label}.
 * Returns {audio, video, detail, notice, stop}; tracks may be null. Throws a CaptureError.
 */
export async function openSource(kind, settings) {
  switch (kind) {
    case 'camera':
      return openCamera(settings);
    case 'screen':
      return openScreen(settings);
    default:
      return { ...startTestPattern({ ...RESOLUTIONS[settings.resolution], label: settings.label }), detail: false, notice: null };
  }
}

/** Cameras and microphones as {deviceId, label}; labels are empty until the user has allowed one of them. */
export async function listDevices() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind) => devices.filter((device) => device.kind === kind && device.deviceId);
  return { cameras: of('videoinput'), microphones: of('audioinput') };
}

/** Whether the camera may be opened without a question to the user. */
export async function cameraAllowed() {
  try {
    return (await navigator.permissions.query({ name: 'camera' })).state === 'granted';
  } catch {
    return false;
  }
}
