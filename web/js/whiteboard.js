// whiteboard.js - a board that two draw on, with mouse, pen or finger: what one draws is told in messages that the other applies.
//
// Messages: {type: 'draw', stroke, ink, at, points: [x, y, ...]} (points that join the stroke's, of which `at` numbers were told
// before; 0..1 across and down) and {type: 'clear'}. Event `message` (CustomEvent) {message}: to be sent to the other board.

const WIDTH = 1600;
const HEIGHT = 1000;
/** What one can draw with; a message names one by its index. The last wipes. */
export const INKS = [
  { colour: '#16181d', width: 6 },
  { colour: '#e5383b', width: 6 },
  { colour: '#1f6feb', width: 6 },
  { colour: '#2b9348', width: 6 },
  { colour: '#ffffff', width: 56 },
];
const POINTS_A_MESSAGE_MAX = 1000;
// Beyond it the oldest strokes are not told to one who comes later.
const POINTS_MAX = 400000;

const round = (value) => Math.round(value * 10000) / 10000;

function isDraw({ stroke, ink, at, points }) {
  return typeof stroke === 'string' && stroke.length <= 40 && INKS[ink] !== undefined && Number.isInteger(at) && Array.isArray(points) &&
    points.length % 2 === 0 && points.length <= 2 * POINTS_A_MESSAGE_MAX && points.every(Number.isFinite);
}

export class Whiteboard extends EventTarget {
  /** Index of the ink in use. */
  ink = 0;

  #canvas;
  #context;
  #strokes = new Map();
  #points = 0;
  #drawing = null;
  #serial = 0;
  #prefix = Math.random().toString(36).slice(2, 10);

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    this.#context = canvas.getContext('2d');
    this.#wipe();
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    ['pointerup', 'pointercancel'].forEach((type) => canvas.addEventListener(type, (event) => this.#up(event)));
  }

  /** Whether anything is drawn. */
  get empty() {
    return this.#strokes.size === 0;
  }

  clear() {
    this.#wipe();
    this.#tell({ type: 'clear' });
  }

  /** Takes a message of the other board; returns whether it was one. */
  apply(message) {
    if (message.type === 'clear') {
      this.#wipe();
      return true;
    }
    if (message.type !== 'draw' || !isDraw(message)) {
      return false;
    }
    // Both tell all they have when they meet again: what is known already is not drawn twice.
    if (message.at >= (this.#strokes.get(message.stroke)?.points.length ?? 0)) {
      this.#draw(message);
    }
    return true;
  }

  /** All that is drawn, as messages for a board that comes later. */
  *history() {
    for (const [stroke, { ink, points }] of this.#strokes) {
      for (let at = 0; at < points.length; at += 2 * POINTS_A_MESSAGE_MAX) {
        yield { type: 'draw', stroke, ink, at, points: points.slice(at, at + 2 * POINTS_A_MESSAGE_MAX) };
      }
    }
  }

  #tell(message) {
    this.dispatchEvent(new CustomEvent('message', { detail: { message } }));
  }

  #wipe() {
    this.#strokes.clear();
    this.#points = 0;
    this.#context.fillStyle = '#ffffff';
    this.#context.fillRect(0, 0, WIDTH, HEIGHT);
  }

  #draw({ stroke, ink, points }) {
    const known = this.#strokes.get(stroke) ?? { ink, points: [] };
    const from = known.points.slice(-2);
    this.#strokes.set(stroke, known);
    points.forEach((value) => known.points.push(value));
    this.#points += points.length / 2;
    this.#forgetOldest();
    const line = [...from, ...points];
    const context = this.#context;
    context.strokeStyle = INKS[known.ink].colour;
    context.lineWidth = INKS[known.ink].width;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(line[0] * WIDTH, line[1] * HEIGHT);
    for (let at = 0; at < line.length; at += 2) {
      context.lineTo(line[at] * WIDTH, line[at + 1] * HEIGHT);
    }
    context.stroke();
  }

  #forgetOldest() {
    for (const [stroke, { points }] of this.#strokes) {
      if (this.#points <= POINTS_MAX || this.#strokes.size === 1) {
        return;
      }
      this.#points -= points.length / 2;
      this.#strokes.delete(stroke);
    }
  }

  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [round((clientX - left) / width), round((clientY - top) / height)];
  }

  #add(points) {
    const { stroke, ink } = this.#drawing;
    const message = { type: 'draw', stroke, ink, at: this.#strokes.get(stroke)?.points.length ?? 0, points };
    this.#draw(message);
    this.#tell(message);
  }

  #down(event) {
    if (this.#drawing || event.button !== 0) {
      return;
    }
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#serial += 1;
    this.#drawing = { pointer: event.pointerId, stroke: `${this.#prefix}-${this.#serial}`, ink: this.ink };
    this.#add(this.#pointOf(event));
  }

  #move(event) {
    if (event.pointerId === this.#drawing?.pointer) {
      // A browser hands over several positions at once: all of them make the line smooth.
      const events = event.getCoalescedEvents?.() ?? [];
      this.#add((events.length > 0 ? events : [event]).slice(-POINTS_A_MESSAGE_MAX).flatMap((each) => this.#pointOf(each)));
    }
  }

  #up(event) {
    if (event.pointerId === this.#drawing?.pointer) {
      this.#drawing = null;
    }
  }
}
