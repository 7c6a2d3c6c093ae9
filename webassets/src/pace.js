// Keeps the video as close to live as the connection allows.

const SPAN = 2000; // ms over which the least margin counts
const FASTEST = 1.5;
const FAR = 10; // s behind the live position from which on it jumps instead of hurrying: longer than playlists are

// The margin that playing keeps, in seconds of video that is there before it is needed.
const MARGIN = { lowLatency: 0.3, whole: 1.5 };
const MARGIN_STEP = 0.25; // more after each stall
const MARGIN_MOST = 2;
const FORGIVE = 30000; // ms without a stall after which a step is taken back

// LivePace sets the rate of a video: a little faster while there was more in the buffer than the margin, all the time of
// the last 2 s; else 1. So it finds by itself how close to live this connection plays without stalls.
export class LivePace {
  lowLatency = true;
  #video;
  #least = []; // {at, ahead}, ahead rising: the least of the span comes first
  #extra = 0;
  #stalledAt = 0;
  #playsSince = 0;

  constructor(video) { this.#video = video; }

  // To be called a few times a second while the picture moves. livePosition: where playing should be, in s, or null.
  keep(now, livePosition) {
    const video = this.#video;
    this.#playsSince ||= now;
    if (livePosition !== null && livePosition - video.currentTime > FAR) {
      video.currentTime = livePosition;
      this.#least = [];
      return;
    }
    const ranges = video.buffered;
    const ahead = ranges.length ? ranges.end(ranges.length - 1) - video.currentTime : 0;
    while (this.#least.length && this.#least.at(-1).ahead >= ahead) this.#least.pop();
    this.#least.push({ at: now, ahead });
    while (this.#least[0].at < now - SPAN) this.#least.shift();
    if (this.#extra && now - this.#stalledAt > FORGIVE) {
      this.#extra = Math.max(0, this.#extra - MARGIN_STEP);
      this.#stalledAt = now;
    }
    const spare = this.#least[0].ahead - (this.lowLatency ? MARGIN.lowLatency : MARGIN.whole) - this.#extra;
    const settled = now - this.#playsSince > SPAN;
    const rate = settled && spare > 0.1 ? Math.min(FASTEST, (21 + Math.floor(spare * 10)) / 20) : 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  // The picture stood still for want of data: keep more from now on.
  stalled() {
    this.#extra = Math.min(MARGIN_MOST, this.#extra + MARGIN_STEP);
    this.#stalledAt = Date.now();
    this.#least = [];
  }
}
