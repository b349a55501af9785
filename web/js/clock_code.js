// clock_code.js - a wall clock drawn into the picture that a program can read back, to measure glass-to-glass delay.
//
// The page's test pattern and the program manycast-publish draw the same code, so this comment is its definition.
//
// Geometry, in fractions of a frame of W x H pixels, origin at the top left corner:
//   - one row of 60 blocks; the row is floor(H / 16) pixels high and starts at y = 0;
//   - block c (0..59) covers x from floor(c * W / 64) inclusive to floor((c + 1) * W / 64) exclusive,
//     so that a block is W/64 wide: 20 x 45 pixels at 1280x720, 10 x 22 at 640x360. The last four
//     sixty-fourths of the width carry nothing.
//   - blocks touch; there is no gap between them.
//
// Meaning of the blocks:
//   0        white  \ opening mark, also the decoder's reference for white and black
//   1        black  /
//   2..49    48 bits: milliseconds since the Unix epoch (UTC), most significant bit first; 1 is white, 0 is black
//   50..57   8 bits, most significant first: CRC-8 over the six bytes of those 48 bits, most significant byte
//            first: polynomial 0x07, initial value 0x00, no reflection, result XOR 0x55 (CRC-8/I-432-1)
//   58       black  \ closing mark, the second reference
//   59       white  /
//
// Colours: white is RGB 255,255,255 (limited-range luma 235), black RGB 0,0,0 (luma 16), chroma neutral (128).
//
// Decoding: of each block the mean luma of its inner part is taken, from 1/4 to 3/4 of its width and of its
// height. White is the mean of blocks 0 and 59, black that of 1 and 58. If white - black < 64 (of 255) there is no
// code. A bit is 1 if its block is brighter than (white + black) / 2. A wrong CRC means no code.
//
// Test vector: 1700000000000 ms = 0x018BCFE56800, CRC 0x7F.

const COLUMNS = 64;
const ROWS = 16;
const TIME_BITS = 48;
const CRC_BITS = 8;
const FIRST_BIT = 2;
const CLOSING = FIRST_BIT + TIME_BITS + CRC_BITS;
const BLOCKS = CLOSING + 2;
const MIN_CONTRAST = 64;

function crc8(bits) {
  let crc = 0;
  for (const bit of bits) {
    const top = (crc >> 7) & 1;
    crc = (crc << 1) & 0xff;
    if (top !== bit) {
      crc ^= 0x07;
    }
  }
  return crc ^ 0x55;
}

function bitsOf(value, count) {
  const bits = [];
  for (let i = count - 1; i >= 0; i--) {
    bits.push(Math.floor(value / 2 ** i) % 2);
  }
  return bits;
}

function valueOf(bits) {
  return bits.reduce((value, bit) => value * 2 + bit, 0);
}

/** The 60 blocks of a time, 1 for white and 0 for black. */
export function blocks(ms) {
  const time = bitsOf(Math.floor(ms), TIME_BITS);
  return [1, 0, ...time, ...bitsOf(crc8(time), CRC_BITS), 0, 1];
}

/** Draws the code of `ms` (Date.now()) over the top of a 2D context whose frame is width x height. */
export function encode(context, ms, width, height) {
  const rowHeight = Math.floor(height / ROWS);
  blocks(ms).forEach((white, column) => {
    const left = Math.floor((column * width) / COLUMNS);
    const right = Math.floor(((column + 1) * width) / COLUMNS);
    context.fillStyle = white ? '#fff' : '#000';
    context.fillRect(left, 0, right - left, rowHeight);
  });
}

function blockLuma(pixels, stride, column, width, rowHeight) {
  const left = (column * width) / COLUMNS;
  const span = width / COLUMNS;
  const fromX = Math.floor(left + span / 4);
  const toX = Math.max(fromX + 1, Math.floor(left + (span * 3) / 4));
  const fromY = Math.floor(rowHeight / 4);
  const toY = Math.max(fromY + 1, Math.floor((rowHeight * 3) / 4));
  let sum = 0;
  for (let y = fromY; y < toY; y++) {
    for (let x = fromX; x < toX; x++) {
      const at = (y * stride + x) * 4;
      sum += 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
    }
  }
  return sum / ((toX - fromX) * (toY - fromY));
}

/**
 * Reads the code. `source` is a 2D context, or ImageData (or the like: data, width) holding at least the top
 * 1/16 of the frame; width and height are the whole frame's. Returns milliseconds since the epoch, or null.
 */
export function decode(source, width, height) {
  const rowHeight = Math.floor(height / ROWS);
  if (width < COLUMNS || rowHeight < 1) {
    return null;
  }
  const image = source.getImageData ? source.getImageData(0, 0, width, rowHeight) : source;
  const luma = [];
  for (let column = 0; column < BLOCKS; column++) {
    luma.push(blockLuma(image.data, image.width, column, width, rowHeight));
  }
  const white = (luma[0] + luma[CLOSING + 1]) / 2;
  const black = (luma[1] + luma[CLOSING]) / 2;
  if (white - black < MIN_CONTRAST) {
    return null;
  }
  const bits = luma.slice(FIRST_BIT, CLOSING).map((value) => (value > (white + black) / 2 ? 1 : 0));
  const time = bits.slice(0, TIME_BITS);
  return crc8(time) === valueOf(bits.slice(TIME_BITS)) ? valueOf(time) : null;
}

let strip = null;

/** Reads the code of the picture that a <video> shows now. Returns milliseconds since the epoch, or null. */
export function decodeVideo(video) {
  const width = video.videoWidth;
  const height = video.videoHeight;
  if (!width || !height) {
    return null;
  }
  const rowHeight = Math.floor(height / ROWS);
  strip ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (strip.canvas.width !== width || strip.canvas.height !== rowHeight) {
    strip.canvas.width = width;
    strip.canvas.height = Math.max(1, rowHeight);
  }
  strip.drawImage(video, 0, 0);
  return decode(strip, width, height);
}
