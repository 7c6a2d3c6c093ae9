// The panel of figures: a row for each link, the totals of the channel, and below folds what only technicians ask for.
import { Charts, History } from './charts.js';
import { element, setText, showList } from './dom.js';
import { bitrate, clockText, compact, count, dateText, milliseconds, seconds } from './format.js';
import { linkWords } from './health.js';
import { Table } from './table.js';

const COLUMNS = [
  ['Port', 'UDP port of the link'],
  ['Rate', 'Bits a second'],
  ['Share', 'Part of all datagrams over the last second'],
  ['Saved', 'Packets that this link did not bring and the coding rebuilt'],
  ['Jitter', 'Variation of the travelling time'],
  ['Delay', 'Behind the fastest link'],
];
const OUTCOMES = [
  ['', ''],
  ['delivered', 'Released as they came by a link'],
  ['recovered', 'Rebuilt by the coding before or instead of arriving'],
  ['saved', 'Of the recovered packets, those that no link brought in time'],
  ['lost', 'Neither came nor could be rebuilt in time'],
];
const SPANS = [['1s', '1 s'], ['8s', '8 s'], ['60s', '60 s']];
const SPAN_COLUMNS = [['', ''], ...SPANS.map(([, name]) => [name, `Over the last ${name}`]), ['start', 'Since the start']];
const KINDS = [
  ['Received', 'received', 'All that arrived'],
  ['Source', 'source', 'Packets of the video that were of use'],
  ['Parity', 'parity', 'Packets of the coding that were of use'],
  ['Duplicate', 'duplicate', 'Was there already'],
  ['Late', 'late', 'The segment was closed'],
  ['Malformed', 'malformed', 'Not of this format'],
  ['Refused', 'refused', 'For its address, its sender or a ceiling'],
  ['Kernel dropped', 'kernel_dropped', 'Never reached the receiver: the buffer of the socket was full'],
];
const CEILINGS = {
  open_segments: 'Open segments', held_bytes: 'Held bytes', sources: 'Unknown senders', decode_bytes: 'Decoded bytes / s',
  log_lines: 'Log lines / s', fragments: 'Datagrams in fragments',
};

// Details fills a panel. What it shows stays while links come and go, so that nothing jumps and a selection survives.
export class Details {
  #panel;
  #links = new Table(COLUMNS, 'links');
  #history = new History();
  #charts = new Charts();
  #packets = new Table(OUTCOMES);
  #facts = new Table();
  #all = new Fold('Datagrams of all links');
  #each = element('div');
  #verdict = new List('What the receiver makes of it');
  #ceilings = new Table([['', ''], ['now', ''], ['limit', ''], ['reached', 'How often something was turned away']], 'ceilings');

  constructor(panel) {
    this.#panel = panel;
    panel.prepend(
      element('h2', {}, 'Links'), this.#links.table, this.#charts.node,
      element('h2', {}, 'Packets'), this.#packets.table,
      element('h2', {}, 'Receiver'), this.#facts.table,
      element('h2', {}, 'For the technician'), this.#verdict.node, this.#all.node, this.#each,
      fold('Ceilings', this.#ceilings.table),
    );
  }

  update(channel, snapshot, player) {
    this.#history.note(channel, Date.parse(snapshot.time));
    if (this.#panel.hidden) return;
    this.#charts.show(this.#history);
    this.#links.show(channel.links.map(linkRow));
    this.#packets.show(packetRows(channel));
    this.#facts.show(factRows(channel, snapshot, player));
    this.#verdict.show([channel.verdict.text, ...(channel.verdict.evidence ?? []), channel.verdict.advice ?? ''].filter(Boolean));
    this.#all.show(channel);
    while (this.#each.children.length > channel.links.length) this.#each.lastChild.remove();
    channel.links.forEach((link, i) => {
      const old = this.#each.children[i];
      const shown = old ? old.fold : new Fold('');
      shown.show(link, `Link ${link.port}`);
      if (old) return;
      shown.node.fold = shown;
      this.#each.append(shown.node);
    });
    this.#ceilings.show(Object.entries(channel.ceilings ?? {}).sort().map(([name, { now, limit, reached }]) => ({
      cells: [CEILINGS[name] ?? name, count(now), count(limit), count(reached)], bad: reached > 0,
    })));
  }
}

const fold = (title, ...content) => element('details', {}, element('summary', {}, title), ...content);

// Fold is the datagrams of a link, or of all, over each span, with what else is counted beside them.
class Fold {
  #counts = new Table(SPAN_COLUMNS, 'spans');
  #facts = new Table(null, 'facts-of');
  #title = element('summary');

  constructor(title) {
    setText(this.#title, title);
    this.node = element('details', {}, this.#title, this.#counts.table, this.#facts.table);
  }

  // of: a channel, or a link under a title of its own.
  show(of, title) {
    if (title) setText(this.#title, title);
    if (!this.node.open) return;
    const over = (pick) => [...SPANS.map(([span]) => pick(of.recent?.[span] ?? {})), pick(of)];
    this.#counts.show([
      ...KINDS.map(([name, key, explanation]) => ({
        cells: [name, ...over(({ datagrams }) => count(datagrams?.[key] ?? 0))], title: explanation,
        bad: key === 'kernel_dropped' && of.datagrams?.[key] > 0,
      })),
      { cells: ['Longest gap', ...over(({ longest_gap_ms: gap }) => seconds(gap ?? 0))], title: 'Between two packets' },
    ]);
    this.#facts.show([
      ...(title ? [{ cells: ['From', of.from || 'nobody yet'], note: true }] : []),
      ...reasons('Malformed', of.malformed),
      ...reasons('Refused', of.refused),
      ...(title ? [
        { cells: ['Feedback sent', count(of.feedback_sent ?? 0)] }, { cells: ['Feedback withheld', count(of.feedback_withheld ?? 0)] },
      ] : []),
    ]);
  }
}

// List is sentences below a fold.
class List {
  #list = element('ul');

  constructor(title) { this.node = fold(title, this.#list); }

  show(texts) { showList(this.#list, texts); }
}

const reasons = (kind, counts) => Object.entries(counts ?? {}).sort().map(([name, n]) => ({ cells: [`${kind}: ${name}`, count(n)] }));

function linkRow(link) {
  const name = String(link.port);
  if (link.state !== 'up') {
    const why = link.state === 'down' && link.error ? `${linkWords(link)}: ${link.error}` : linkWords(link);
    const came = link.datagrams?.received > 0 || link.state === 'down';
    return { shape: came ? 'square' : 'ring', off: came, cells: [name, why], wide: COLUMNS.length - 1 };
  }
  return {
    shape: 'disc',
    title: `From ${link.from}; ${count(link.saved)} saved`,
    cells: [
      name, bitrate(link.bitrate_bps), `${Math.round(link.share * 100)} %`, compact(link.saved), wait(link.jitter_ms), wait(link.delay_ms),
    ],
  };
}

const wait = (ms) => (ms < 1000 ? `${milliseconds(ms)} ms` : seconds(ms));

function packetRows(channel) {
  const row = (name, packets) => ({
    cells: [name, ...['delivered', 'recovered', 'saved', 'lost'].map((key) => count(packets[key] ?? 0))],
    bad: packets.lost > 0,
  });
  return [...SPANS.map(([span, name]) => row(`Last ${name}`, channel.recent?.[span] ?? {})), row('Since start', channel.packets)];
}

const SOURCES = {
  udp: 'its own ports', capture: 'beside another program: it only listens', file: 'a capture file: not live',
};

function factRows(channel, snapshot, player) {
  const { stream } = channel;
  const started = new Date(snapshot.started);
  return [
    ['Video', stream.codec ? `${stream.codec.toUpperCase().replace('H264', 'H.264')}, payload type ${stream.payload_type}` : 'none yet'],
    ['Receives from', SOURCES[channel.source] ?? channel.source ?? 'its own ports'],
    ['Feedback to the rig', channel.listen_only ? 'none: this receiver only listens' : 'yes'],
    ['Survives the loss of', linksText(channel.survives_links)],
    ['Latency budget', `${Math.round(channel.latency_ms)} ms`],
    ['Wait of packets, 99 %', `${milliseconds(channel.wait_ms.p99)} ms`],
    ['Viewers', count(channel.viewers)],
    ...(channel.rtp?.to ? [['RTP is sent on to', channel.rtp.to]] : []),
    ['Longest stop here', player.longestStall ? `${(player.longestStall / 1000).toFixed(1)} s` : 'none'],
    ['Running since', `${dateText(started)} ${clockText(started)}`],
    ['Version', snapshot.version],
  ].map((cells) => ({ cells, note: true }));
}

const linksText = (n) => (n === 1 ? 'any 1 link' : n > 1 ? `any ${n} links` : 'no link');
