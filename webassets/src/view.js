// What the page shows around the video. It gets values and changes the document; it decides nothing.
import { channelShape, health } from './condition.js';
import { element, setAttribute, setText } from './dom.js';
import { bitrate, clockText, dateText, lateness } from './format.js';

const LATE = 3000; // ms from which on lateness is marked
const $ = (id) => document.getElementById(id);

// Shows {word, shape, notice, mark} of condition(), and the name of the channel.
export function showCondition(name, now) {
  setText($('name'), name);
  const [shape, word] = $('state').children;
  setAttribute(shape, 'data-shape', now.shape);
  setText(word, now.word);
  const title = `${name}: ${now.word}`;
  if (document.title !== title) document.title = title;

  const notice = $('notice');
  notice.hidden = !now.notice;
  $('stage').classList.toggle('dim', Boolean(now.notice));
  if (now.notice) {
    const [mark, what, why] = notice.firstElementChild.children;
    setAttribute(mark, 'data-shape', now.shape);
    setText(what, now.notice.what);
    setText(why, now.notice.why);
  }
  $('mark').hidden = !now.mark;
  setText($('mark'), now.mark);
}

// Shows the figures below the picture; channel may be undefined. stale says that they are of the past.
export function showFigures(channel, snapshot, stale) {
  $('demo').hidden = !snapshot.demo;
  for (const node of [$('facts'), $('details')]) node.classList.toggle('stale', stale);
  if (!channel) {
    setText($('health'), '\u00a0');
    setText($('figures'), '\u00a0');
    return;
  }
  setText($('health'), stale ? `As of ${clockText(new Date(snapshot.time))}: ${health(channel)}` : health(channel));
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
  for (const node of [document.querySelector('.picture'), $('main')]) {
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

// Shows a button for each channel where there are several, the chosen one marked.
export function showChannels(channels, chosen, onChoose) {
  const nav = $('channels');
  nav.hidden = channels.length < 2;
  if (nav.hidden) return;
  while (nav.children.length > channels.length) nav.lastChild.remove();
  channels.forEach((channel, i) => {
    let button = nav.children[i];
    if (!button) {
      button = element('button', { type: 'button' }, element('span', { class: 'shape' }), element('span'));
      button.addEventListener('click', () => onChoose(button.dataset.id));
      nav.append(button);
    }
    button.dataset.id = channel.id;
    setAttribute(button, 'aria-current', channel === chosen);
    setAttribute(button, 'title', `${channel.name}: ${channel.state}`);
    setAttribute(button.firstChild, 'data-shape', channelShape(channel));
    setText(button.lastChild, channel.name);
  });
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
