// Line charts as SVG, by hand: both axes may be logarithmic, every line is named at the side.

const width = 860;
const height = 460;
const frame = { left: 76, right: 616, top: 46, bottom: 400 };
const colours = ['#0b7285', '#e8590c', '#2b8a3e', '#862e9c', '#c92a2a', '#1864ab', '#5c940d', '#495057'];
const escape = (text) => String(text).replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

function ticks(least, most) {
  const steps = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) {
    for (const digit of [1, 2, 5]) {
      if (digit * power >= least * 0.999 && digit * power <= most * 1.001) steps.push(digit * power);
    }
  }
  return steps;
}

// Logarithmic, rounded out to 1, 2 or 5 times a power of ten.
function axis(values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const low = ticks(least / 10, least).at(-1) ?? least;
  const high = ticks(most, most * 10)[0] ?? most;
  const span = Math.log(high / low) || 1;
  return { steps: ticks(low, high), at: (value) => from + ((to - from) * Math.log(value / low)) / span };
}

const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 2 });

// lines: [{ title, points: [[x, y], ...] }], all above zero. Returns the SVG's text.
export function chart({ title, xTitle, yTitle, lines }) {
  const drawn = lines
    .map((line) => ({ ...line, points: line.points.filter(([x, y]) => x > 0 && y > 0) }))
    .filter((line) => line.points.length > 0);
  const points = drawn.flatMap((line) => line.points);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${frame.left}" y="26" font-size="16" font-weight="bold">${escape(title)}</text>`,
  ];
  if (points.length === 0) return [...parts, '</svg>', ''].join('\n');
  const x = axis(points.map((point) => point[0]), frame.left, frame.right);
  const y = axis(points.map((point) => point[1]), frame.bottom, frame.top);
  for (const step of x.steps) {
    const at = x.at(step).toFixed(1);
    parts.push(`<path d="M${at} ${frame.top}V${frame.bottom}" stroke="#e9ecef"/>`);
    parts.push(`<text x="${at}" y="${frame.bottom + 18}" text-anchor="middle">${number(step)}</text>`);
  }
  for (const step of y.steps) {
    const at = y.at(step).toFixed(1);
    parts.push(`<path d="M${frame.left} ${at}H${frame.right}" stroke="#e9ecef"/>`);
    parts.push(`<text x="${frame.left - 8}" y="${Number(at) + 4}" text-anchor="end">${number(step)}</text>`);
  }
  parts.push(`<text x="${(frame.left + frame.right) / 2}" y="${frame.bottom + 42}" text-anchor="middle">${escape(xTitle)}</text>`);
  parts.push(`<text transform="translate(18 ${(frame.top + frame.bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(yTitle)}</text>`);
  drawn.forEach((line, index) => {
    const colour = colours[index % colours.length];
    const path = line.points.map((point) => `${x.at(point[0]).toFixed(1)},${y.at(point[1]).toFixed(1)}`);
    parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const spot of path) parts.push(`<circle cx="${spot.split(',')[0]}" cy="${spot.split(',')[1]}" r="3" fill="${colour}"/>`);
    const row = frame.top + 14 + index * 22;
    parts.push(`<path d="M${frame.right + 20} ${row - 4}h18" stroke="${colour}" stroke-width="3"/>`);
    parts.push(`<text x="${frame.right + 44}" y="${row}">${escape(line.title)}</text>`);
  });
  return [...parts, '</svg>', ''].join('\n');
}
