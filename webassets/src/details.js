// The panel of figures: a row for each link, and the totals of the channel.
import { element, setAttribute, setText } from './dom.js';
import { bitrate, clockText, count, dateText, lasting, milliseconds } from './format.js';

const SHAPES = { up: 'disc', silent: 'triangle', down: 'square' };
const COLUMNS = [
  ['Port', 'UDP port of the link'],
  ['Rate', 'Bits a second'],
  ['Share', 'Part of all datagrams over the last second'],
  ['Saved', 'Packets that this link did not bring and the coding rebuilt'],
  ['Jitter', 'Variation of the travelling time'],
  ['Delay', 'Behind the fastest link'],
];
const OUTCOMES = [
  ['as sent', 'Came by a link'],
  ['rebuilt', 'Rebuilt before or instead of arriving'],
  ['lost', 'Neither came nor could be rebuilt in time'],
];
const SAVED = 'Of the rebuilt packets, those that no link brought in time';
const SPANS = [['1s', '1 s'], ['8s', '8 s'], ['60s', '1 min']];

// Details fills a panel. Its rows stay while links come and go, so that nothing jumps and a selection survives.
export class Details {
  #panel;
  #links = element('tbody');
  #packets = element('tbody');
  #facts = element('tbody');

  constructor(panel) {
    this.#panel = panel;
    panel.prepend(
      element('h2', {}, 'Links'), element('table', { class: 'links' }, head(COLUMNS), this.#links),
      element('h2', {}, 'Packets'), element('table', {}, head([['', ''], ...OUTCOMES]), this.#packets),
      element('h2', {}, 'Receiver'), element('table', {}, this.#facts),
    );
  }

  update(channel, snapshot, player) {
    if (this.#panel.hidden) return;
    fill(this.#links, channel.links.map((link) => linkRow(link, Date.parse(snapshot.time))));
    fill(this.#packets, packetRows(channel));
    fill(this.#facts, factRows(channel, snapshot, player).map(([name, value]) => ({ cells: [name, value] })));
  }
}

function head(columns) {
  return element('thead', {}, element('tr', {}, ...columns.map(([name, title]) => element('th', { scope: 'col', title }, name))));
}

function linkRow(link, now) {
  const name = String(link.port);
  if (link.state !== 'up') {
    const silent = link.datagrams.received ? `silent ${lasting(Date.parse(link.since), now)}` : 'nothing yet';
    const note = link.state === 'down' ? `failed: ${link.error}` : silent;
    return { shape: SHAPES[link.state], off: true, cells: [name, note], wide: true };
  }
  return {
    shape: SHAPES.up,
    cells: [
      name, bitrate(link.bitrate_bps), `${Math.round(link.share * 100)} %`, count(link.saved),
      `${milliseconds(link.jitter_ms)} ms`, `${milliseconds(link.delay_ms)} ms`,
    ],
  };
}

function packetRows(channel) {
  const row = (name, packets) => ({
    cells: [name, count(packets.delivered ?? 0), count(packets.recovered ?? 0), count(packets.lost ?? 0)],
    bad: packets.lost > 0,
  });
  return [
    ...SPANS.map(([span, name]) => row(`Last ${name}`, channel.recent?.[span] ?? {})),
    row('Since start', channel.packets),
    { cells: ['Of them saved', '', count(channel.packets.saved), ''], title: SAVED },
  ];
}

function factRows(channel, snapshot, player) {
  const { stream } = channel;
  const started = new Date(snapshot.started);
  return [
    ['Video', stream.codec ? `${stream.codec.toUpperCase().replace('H264', 'H.264')}, payload type ${stream.payload_type}` : 'none yet'],
    ['Survives the loss of', linksText(channel.survives_links)],
    ['Latency budget', `${Math.round(channel.latency_ms)} ms`],
    ['Wait of packets, 99 %', `${milliseconds(channel.wait_ms.p99)} ms`],
    ['Viewers', count(channel.viewers)],
    ['Longest stop of this player', player.longestStall ? `${(player.longestStall / 1000).toFixed(1)} s` : 'none'],
    ['Running since', `${dateText(started)} ${clockText(started)}`],
    ['Version', snapshot.version],
  ];
}

const linksText = (n) => (n === 1 ? 'any 1 link' : n > 1 ? `any ${n} links` : 'no link');

// Makes a table's body show rows of {cells, title, shape, off, wide, bad}, changing as little as possible.
function fill(body, rows) {
  while (body.rows.length > rows.length) body.lastChild.remove();
  rows.forEach((row, i) => {
    let line = body.rows[i];
    if (!line || line.cells.length !== row.cells.length) {
      const made = element('tr', {}, element('th', { scope: 'row' }), ...row.cells.slice(1).map(() => element('td')));
      if (row.shape) made.firstChild.append(element('span', { class: 'shape' }), '');
      if (line) line.replaceWith(made);
      else body.append(made);
      line = made;
    }
    if (row.title) setAttribute(line, 'title', row.title);
    line.classList.toggle('off', Boolean(row.off));
    row.cells.forEach((text, n) => {
      const cell = line.cells[n];
      if (n === 0 && row.shape) {
        setAttribute(cell.firstChild, 'data-shape', row.shape);
        if (cell.lastChild.data !== text) cell.lastChild.data = text;
        return;
      }
      setText(cell, text);
      if (row.wide) {
        setAttribute(cell, 'colspan', COLUMNS.length - 1);
        cell.className = 'note';
      }
    });
    line.lastChild.classList.toggle('bad', Boolean(row.bad));
  });
}
