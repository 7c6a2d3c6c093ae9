// The last minute as curves: the rate of each link, and what was lost.
import { element, setAttribute, setText, showList } from './dom.js';
import { bitrate, plural } from './format.js';

const SPAN = 60; // samples, one a second
const [WIDTH, HEIGHT] = [360, 56];
const SVG = 'http://www.w3.org/2000/svg';

// History keeps a sample a second of one channel.
export class History {
  samples = []; // {at, rates, lost}, the newest last
  ports = []; // of the links, in the order of the rates
  #id = '';

  // Takes note of a channel at a time in ms.
  note(channel, at) {
    if (channel.id !== this.#id) this.samples = [];
    this.#id = channel.id;
    this.ports = channel.links.map((link) => link.port);
    const last = this.samples.at(-1);
    if (last && at - last.at < 900) return;
    if (last && at - last.at > 5000) this.samples = []; // a gap would look like a second
    this.samples.push({
      at, rates: channel.links.map((link) => link.bitrate_bps ?? 0), lost: channel.recent?.['1s']?.lost ?? 0,
    });
    if (this.samples.length > SPAN) this.samples.shift();
  }
}

// The path of a curve through values, the newest at the right edge, 0 at the bottom and most at the top.
export function pathOf(values, most) {
  return values.map((value, i) => {
    const x = WIDTH - (values.length - 1 - i) * WIDTH / (SPAN - 1);
    const y = HEIGHT - 1 - (HEIGHT - 2) * Math.min(1, value / most);
    return `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
  }).join('');
}

// A round number that is no less than value, so that the scale changes seldom.
export function roundUp(value) {
  const step = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((n) => n * step).find((n) => n >= value);
}

class Chart {
  #lines = [];
  #scale = element('figcaption');
  #svg = document.createElementNS(SVG, 'svg');
  #keys = element('ul', { class: 'keys', 'aria-label': 'Ports, in the order of their curves' });

  constructor(kind) {
    this.#svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute('preserveAspectRatio', 'none');
    this.#svg.setAttribute('role', 'img');
    this.node = element('figure', { class: kind }, this.#scale, this.#keys, this.#svg);
  }

  // curves: a list of values for each; names says whose they are, where there may be several.
  show(curves, most, caption, names = []) {
    showList(this.#keys, names.map(String));
    this.#keys.hidden = names.length === 0;
    while (this.#lines.length > curves.length) this.#lines.pop().remove();
    curves.forEach((values, i) => {
      if (!this.#lines[i]) {
        this.#lines[i] = document.createElementNS(SVG, 'path');
        this.#svg.append(this.#lines[i]);
      }
      setAttribute(this.#lines[i], 'd', pathOf(values, most));
    });
    setText(this.#scale, caption);
    setAttribute(this.#svg, 'aria-label', caption);
  }
}

// Charts shows a History.
export class Charts {
  #rates = new Chart('rates');
  #lost = new Chart('lost');

  constructor() { this.node = element('div', { class: 'charts' }, this.#rates.node, this.#lost.node); }

  show({ samples, ports }) {
    const links = samples.at(-1)?.rates.length ?? 0;
    const curves = Array.from({ length: links }, (_, link) => samples.map(({ rates }) => rates[link] ?? 0));
    const most = roundUp(Math.max(1000, ...curves.flat()));
    this.#rates.show(curves, most, `Rate of each link over the last minute, up to ${bitrate(most)}`, ports);
    const lost = samples.map((sample) => sample.lost);
    const worst = Math.max(0, ...lost);
    const span = lost.length < SPAN ? `${lost.length} s` : 'minute';
    const caption = worst ? `Lost, at worst ${plural(worst, 'packet')} in a second` : `Nothing lost in the last ${span}`;
    this.#lost.show([lost], roundUp(Math.max(10, worst)), caption);
  }
}
