// The list of rigs to choose from. It is one stop of the tab key; the arrow keys move in it.
import { summary } from './condition.js';
import { element, setAttribute, setText } from './dom.js';

const FEW = 3; // so many have room in the header of a wide screen
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export class Rigs {
  #nav;
  #onChoose;
  #buttons = new Map(); // by id, in the order of the page
  #chosen = null;

  // onChoose(id) is called when one is chosen here.
  constructor(nav, onChoose) {
    this.#nav = nav;
    this.#onChoose = onChoose;
    nav.addEventListener('keydown', (event) => this.#move(event));
  }

  // Shows the channels, unless there is but one and it is the chosen one.
  update(channels, chosen) {
    const several = channels.length > 1 || (channels.length === 1 && channels[0].id !== chosen);
    this.#nav.hidden = !several;
    document.body.classList.toggle('several', several);
    document.body.classList.toggle('many', several && channels.length > FEW);
    if (!several) return;
    for (const [id, button] of this.#buttons) {
      if (channels.some((channel) => channel.id === id)) continue;
      button.remove();
      this.#buttons.delete(id);
    }
    channels.forEach((channel, place) => this.#show(channel, place, chosen));
    const focusable = this.#buttons.get(chosen) ?? this.#nav.firstElementChild;
    for (const button of this.#buttons.values()) button.tabIndex = button === focusable ? 0 : -1;
    if (chosen !== this.#chosen) this.#buttons.get(chosen)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.#chosen = chosen;
  }

  #show(channel, place, chosen) {
    let button = this.#buttons.get(channel.id);
    if (!button) {
      button = element('button', { type: 'button' },
        element('span', { class: 'shape' }), element('span', { class: 'rig' }), ' ', element('span', { class: 'word' }));
      button.addEventListener('click', () => this.#onChoose(channel.id));
      this.#buttons.set(channel.id, button);
    }
    if (this.#nav.children[place] !== button) this.#nav.insertBefore(button, this.#nav.children[place] ?? null);
    const { word, shape } = summary(channel);
    const [mark, name, state] = button.children;
    setAttribute(button, 'aria-current', channel.id === chosen);
    setAttribute(mark, 'data-shape', shape);
    setText(name, channel.name || channel.id);
    setText(state, word);
  }

  #move(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = [...this.#nav.children];
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    all[Math.min(all.length - 1, Math.max(0, at + step))].focus();
  }
}
