// What the page shows around the video. It gets values and changes the document; it decides nothing.
import { isCapture } from './condition.js';
import { $, setAttribute, setText, showList } from './dom.js';
import { bitrate, clockText, dateText, lateness } from './format.js';
import { health } from './health.js';

const LATE = 3000; // ms from which on lateness is marked

// Shows {word, shape, notice, mark} of condition(), and the name of the channel.
export function showCondition(name, now) {
  setText($('name'), name);
  const [shape, word] = $('state').children;
  const [shapeAlone, nameAlone, wordAlone] = $('alone').children; // said where the picture is all that is seen
  for (const node of [shape, shapeAlone]) setAttribute(node, 'data-shape', now.shape);
  for (const node of [word, wordAlone]) setText(node, now.word);
  setText(nameAlone, name);
  const title = `${name}: ${now.word}`;
  if (document.title !== title) document.title = title;

  $('notice').hidden = !now.notice;
  $('main').classList.toggle('diagnosed', isLong(now.notice));
  $('stage').classList.toggle('dim', Boolean(now.notice));
  if (now.notice) showNotice(now.shape, now.notice);
  $('mark').hidden = !now.mark;
  setText($('mark'), now.mark);
}

// Where there is more to say than a sentence, an upright screen makes room for it.
const isLong = (notice) => Boolean(notice && (notice.advice || notice.evidence.length || notice.technical.length));

function showNotice(shape, { what, since, why, evidence, advice, technical }) {
  setAttribute($('notice-shape'), 'data-shape', shape);
  setText($('notice-what'), what);
  setText($('notice-since'), since);
  setText($('notice-why'), why);
  showList($('notice-evidence'), evidence);
  setText($('notice-advice'), advice);
  $('notice-technical').hidden = technical.length === 0;
  showList($('notice-technical').lastElementChild, technical);
}

// Shows the figures below the picture; channel may be undefined. stale says that they are of the past.
export function showFigures(channel, snapshot, stale) {
  $('demo').hidden = !snapshot.demo;
  $('open').hidden = snapshot.access !== 'open';
  $('source').hidden = !channel || !isCapture(channel);
  for (const node of [$('facts'), $('details')]) node.classList.toggle('stale', stale);
  for (const node of [$('health'), $('figures'), $('details')]) node.classList.toggle('empty', !channel);
  if (!channel) return;
  const [shape, sentence] = $('health').children;
  const links = health(channel);
  setAttribute(shape, 'data-shape', links.shape);
  setText(sentence, stale ? `As of ${clockText(new Date(snapshot.time))}: ${links.text}` : links.text);
  const { width, height, fps, bitrate_bps: bps } = channel.stream;
  const figures = [];
  if (width) figures.push(`${width}\u00d7${height}`);
  if (channel.state === 'live' && fps) figures.push(`${Math.round(fps)} fps`);
  if (channel.state === 'live' && bps) figures.push(bitrate(bps));
  setText($('figures'), figures.join(' \u00b7 ') || '\u00a0');
}

// Gives the picture its shape before it is there, so that nothing jumps when it comes.
export function shapePicture(width, height) {
  if (!width || !height) return;
  for (const node of [$('picture'), $('main')]) {
    if (node.style.getPropertyValue('--w') === String(width) && node.style.getPropertyValue('--h') === String(height)) continue;
    node.style.setProperty('--w', width);
    node.style.setProperty('--h', height);
  }
}

// Shows date and time of the frame on screen, and how late it is in ms; null hides either. frozen says that
// it is the last one and not live.
export function showClock(date, late, frozen) {
  $('clock').hidden = !date;
  if (date) {
    const [day, time] = $('clock').children;
    setText(day, frozen ? `Last picture, ${dateText(date)}` : dateText(date));
    setText(time, clockText(date));
    setAttribute(time, 'datetime', new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString());
  }
  $('late').hidden = late === null;
  if (late !== null) {
    setText($('late').firstChild, lateness(late));
    setAttribute($('late'), 'data-level', late > LATE ? 'warning' : 'good');
  }
}

let toastTimer = 0;

// Shows a short remark on what a key or button has done.
export function toast(text) {
  const node = $('toast');
  setText(node, text);
  node.classList.add('on');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => node.classList.remove('on'), 2000);
}
