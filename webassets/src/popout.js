// The picture in a window of its own that stays above others, with its clock and what is missing, where the browser can do
// that (document picture-in-picture); else the bare video, which must not stand still there as if it were live.
import { element } from './dom.js';

export class PopOut {
  onKey = () => {}; // gets the keys that are pressed in the window
  onChange = () => {}; // is told whether the picture is out
  #stage;
  #video;
  #away;
  #window = null;

  // away stands where the picture was while it is out.
  constructor(stage, video, away) {
    this.#stage = stage;
    this.#video = video;
    this.#away = away;
    video.addEventListener('enterpictureinpicture', () => this.onChange(true));
    video.addEventListener('leavepictureinpicture', () => this.onChange(false));
  }

  get possible() {
    return 'documentPictureInPicture' in window || document.pictureInPictureEnabled
      || Boolean(this.#video.webkitSupportsPresentationMode?.('picture-in-picture'));
  }

  get isOut() { return Boolean(this.#window || document.pictureInPictureElement); }

  // To be called from a touch or key. Fails where the browser does not allow it.
  async toggle() {
    if (this.#window) return this.#window.close();
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    if ('documentPictureInPicture' in window) return this.#open();
    if (this.#video.requestPictureInPicture) return this.#video.requestPictureInPicture();
    const out = this.#video.webkitPresentationMode === 'picture-in-picture';
    return this.#video.webkitSetPresentationMode(out ? 'inline' : 'picture-in-picture');
  }

  // There is no live picture: a bare video would show the last one without a word, so it comes back into the page.
  leaveBare() {
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {}); // it has left already
    if (this.#video.webkitPresentationMode === 'picture-in-picture') this.#video.webkitSetPresentationMode('inline');
    if (this.#video.webkitDisplayingFullscreen) this.#video.webkitExitFullscreen();
  }

  async #open() {
    const { width, height } = this.#stage.getBoundingClientRect();
    const scale = Math.min(1, 480 / width);
    this.#window = await window.documentPictureInPicture.requestWindow({
      width: Math.round(width * scale), height: Math.round(height * scale),
    });
    const { document: inside } = this.#window;
    for (const { href } of document.querySelectorAll('link[rel="stylesheet"]')) {
      inside.head.append(element('link', { rel: 'stylesheet', href }));
    }
    inside.body.className = 'popped';
    inside.documentElement.lang = document.documentElement.lang;
    inside.title = document.title;
    inside.body.append(this.#stage);
    inside.addEventListener('keydown', (event) => this.onKey(event));
    this.#away.hidden = false;
    this.#window.addEventListener('pagehide', () => this.#back());
    this.onChange(true);
  }

  #back() {
    this.#window = null;
    this.#away.hidden = true;
    this.#away.before(this.#stage);
    this.onChange(false);
  }
}
