// admin_figures.js - figures as an operator reads them; what is not known is a dash.

import { formatNumber } from './i18n.js';

const UNKNOWN = '–';

export const isKnown = (value) => value !== null && value !== undefined;

export function number(value, digits = 0) {
  return isKnown(value) ? formatNumber(value, digits) : UNKNOWN;
}

export function unit(value, name, digits = 0) {
  return isKnown(value) ? `${formatNumber(value, digits)} ${name}` : UNKNOWN;
}

export function bitRate(kbps) {
  if (kbps >= 1e6) {
    return unit(kbps / 1e6, 'Gbit/s', 2);
  }
  return kbps >= 1000 ? unit(kbps / 1000, 'Mbit/s', 1) : unit(kbps, 'kbit/s');
}

export function bytes(value) {
  if (value >= 1e9) {
    return unit(value / 1e9, 'GB', 1);
  }
  return value >= 1e6 ? unit(value / 1e6, 'MB', 1) : unit(isKnown(value) ? value / 1e3 : null, 'kB');
}

/** 3 d 4:05, 4:05:06 or 5:06. */
export function duration(seconds) {
  if (!isKnown(seconds)) {
    return UNKNOWN;
  }
  const two = (value) => String(value).padStart(2, '0');
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (days > 0) {
    return `${days} d ${hours}:${two(minutes)}`;
  }
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
