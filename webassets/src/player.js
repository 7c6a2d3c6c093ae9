// The video element, kept at the live edge and rebuilt whenever it does not get on by itself.
import Hls from 'hls.js/light';
import { LivePace } from './pace.js';
import { wayToPlay } from './way.js';

const LOOK = 250; // ms between two looks at the video
const STALLED = 1000; // ms without progress until the picture counts as standing still
const RETRY = [0, 500, 1000, 2000]; // ms before a rebuild, by how many failed before it
const PATIENCE = [4500, 4500, 8000, 15000]; // ms without progress or data until a rebuild, likewise
const ASK_ANEW = 2000; // ms without progress or data until what is missing is asked for again
const SETTLED = 5000; // ms of playing after which failures are forgotten
const RESUMING = 5000; // ms after an outage of the rig in which the picture may stand until there is enough to play
const STUCK = 600; // ms for which a playlist may offer more video without hls.js fetching it
const ASLEEP = 8000; // ms between two looks that mean the computer slept

// Player plays one source into a video element. Public state: phase ('idle', 'loading', 'playing', 'stalled', 'paused',
// 'blocked', 'unsupported'), since (ms of Date.now() when the phase began), stats. onChange() follows each new phase.
export class Player {
  phase = 'idle';
  since = Date.now();
  stats = { rebuilds: 0, longestStall: 0, unstuck: 0, lastError: '' };
  onChange = () => {};
  watched = () => !document.hidden; // whether somebody may be looking
  #video;
  #still;
  #hls = null;
  #pace = null;
  #source = null; // {path, id}
  #flowing = false;
  #cut = false; // the receiver could not be reached
  #resumed = 0; // when the rig was back last
  #built = 0; // when the present player was built; 0: there is none
  #retryAt = 0; // when to build anew; 0: not asked for
  #failures = 0;
  #position = -1;
  #progress = 0; // when the picture last moved
  #activity = 0; // when data last came
  #fetching = false; // a part or segment is on its way
  #fetched = 0; // when the last one was there
  #asked = false; // what is missing was asked for again since the picture last moved
  #looked = Date.now();

  constructor(video, still) {
    this.#video = video;
    this.#still = still;
    video.muted = true;
    setInterval(() => this.#look(), LOOK);
    video.addEventListener('timeupdate', () => this.#look());
    video.addEventListener('progress', () => { this.#activity = Date.now(); });
    video.addEventListener('error', () => this.#fail());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#wake(); });
  }

  // Plays path from now on; a new id says that what was there under this path is void. Null: nothing to play.
  // flowing tells whether the receiver has live pictures, so that standing still would be our fault.
  play(source, flowing) {
    const resumed = flowing && !this.#flowing;
    this.#flowing = flowing;
    if (source?.id !== this.#source?.id) {
      this.#source = source;
      this.#failures = 0;
      this.#cut = false;
      if (this.phase === 'paused') return;
      if (source) this.#retryAt = Date.now();
      else this.#tearDown();
      this.#look();
    } else if (resumed) {
      this.#failures = 0;
      this.#resumed = Date.now();
      if (this.phase === 'playing' && Date.now() - this.#progress > STALLED) this.#enter('loading'); // until it moves
      this.#progress = this.#activity = Date.now(); // the time that the rig was silent is no fault of the player
      if (this.#cut && this.#hls?.latestLevelDetails) this.#askAnew();
      else if (this.#cut && this.phase !== 'paused') this.#retryAt = Date.now();
      this.#cut = false;
      if (!this.#built && this.phase !== 'paused') this.#retryAt = Date.now();
      this.#look();
    }
  }

  // The receiver cannot be reached: trying again waits for the next play().
  pauseRetries() {
    this.#flowing = false;
    this.#cut = true;
  }

  togglePause() {
    if (this.phase === 'paused') {
      this.#failures = 0;
      this.#retryAt = Date.now();
      this.#enter('loading');
      this.#look();
      return;
    }
    this.#video.pause();
    this.#tearDown();
    this.#enter('paused');
  }

  // Forgets the source, the pause and the last picture.
  stop() {
    this.#source = null;
    this.#retryAt = 0;
    this.#tearDown();
    this.#still.hidden = true;
    this.#enter('idle');
  }

  // To be called from a touch or key: browsers that do not start videos by themselves obey these.
  unblock() {
    if (this.phase === 'blocked') this.#start();
  }

  // The date of the frame that is shown at mediaTime (s), or null where it is not known.
  dateAt(mediaTime) {
    if (this.#hls) {
      const date = this.#hls.playingDate;
      return date && new Date(date.getTime() - (this.#video.currentTime - mediaTime) * 1000);
    }
    const start = this.#video.getStartDate?.(); // Safari's own HLS
    return start && !Number.isNaN(start.getTime()) ? new Date(start.getTime() + mediaTime * 1000) : null;
  }

  // How far behind the end of the playlist the picture is, in s, or null where that is not known.
  get latency() { return this.#hls?.latency || null; }

  #enter(phase, since = Date.now()) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.since = since;
    this.onChange();
  }

  #build() {
    this.#tearDown();
    this.#retryAt = 0;
    this.#asked = false;
    this.#position = -1;
    this.#built = this.#progress = this.#activity = this.#fetched = Date.now();
    this.#enter('loading');
    switch (wayToPlay(Hls.isSupported(), (type) => this.#video.canPlayType(type))) {
      case 'hls.js': this.#buildHls(); break;
      case 'native': this.#video.src = this.#source.path; break;
      default: this.#enter('unsupported');
    }
    if (this.phase === 'loading') this.#start();
  }

  #buildHls() {
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: 10,
      maxBufferLength: 20,
      maxLiveSyncPlaybackRate: 1, // LivePace does this, and does not give up 2 s behind
      enableWorker: false,
      manifestLoadPolicy: policy(4000, 1),
      playlistLoadPolicy: policy(10000, 2),
      fragLoadPolicy: policy(10000, 3),
    });
    const active = () => { this.#activity = Date.now(); };
    for (const event of [Hls.Events.MANIFEST_LOADED, Hls.Events.LEVEL_LOADED, Hls.Events.FRAG_BUFFERED]) hls.on(event, active);
    hls.on(Hls.Events.FRAG_LOADING, () => { this.#fetching = true; });
    hls.on(Hls.Events.FRAG_BUFFERED, () => {
      this.#fetching = false;
      this.#fetched = Date.now();
    });
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
      if (!details.partList && hls.config.liveSyncDuration === undefined) hls.targetLatency = 3;
      this.#pace.lowLatency = Boolean(details.partList);
    });
    hls.on(Hls.Events.ERROR, (_, { details, fatal }) => {
      if (hls !== this.#hls) return;
      this.#fetching = false;
      this.stats.lastError = `${details}${fatal ? ', fatal' : ''}`;
      if (fatal) this.#fail();
    });
    this.#hls = hls;
    this.#pace = new LivePace(this.#video);
    hls.loadSource(this.#source.path);
    hls.attachMedia(this.#video);
  }

  #start() {
    this.#video.play()?.catch((error) => { if (error.name === 'NotAllowedError') this.#enter('blocked'); });
  }

  // Ends the present player and leaves its last picture standing.
  #tearDown() {
    if (!this.#built) return;
    this.#built = 0;
    this.#keepStill();
    const hls = this.#hls;
    this.#hls = this.#pace = null;
    if (hls) {
      hls.destroy();
    } else {
      this.#video.removeAttribute('src');
      this.#video.load();
    }
    if (this.phase !== 'paused') this.#enter('idle');
  }

  #keepStill() {
    const { videoWidth: width, videoHeight: height, readyState } = this.#video;
    if (!width || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    Object.assign(this.#still, { width, height });
    this.#still.getContext('2d').drawImage(this.#video, 0, 0);
    this.#still.hidden = false;
  }

  #fail() {
    if (!this.#built || this.phase === 'paused') return;
    this.stats.rebuilds++;
    this.#tearDown();
    this.#retryAt = Date.now() + RETRY[Math.min(this.#failures, RETRY.length - 1)];
    this.#failures++;
    this.#enter('loading');
  }

  // A page that was hidden, or a computer that slept, begins anew at the live edge.
  #wake() {
    if (this.phase === 'paused' || !this.#built) return;
    if (Date.now() - this.#progress > ASLEEP) this.#retryAt = Date.now();
    else if (this.#video.paused) this.#start();
    this.#look();
  }

  #look() {
    const now = Date.now();
    const slept = now - this.#looked > ASLEEP && this.watched();
    this.#looked = now;
    if (this.phase === 'paused' || this.phase === 'unsupported') return;
    if (this.#retryAt && now >= this.#retryAt && this.#source && this.#flowing) return this.#build();
    if (!this.#built) return;
    if (slept) return this.#wake();
    this.#unstick(now);
    const position = this.#video.currentTime;
    if (position !== this.#position && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#moved(now, position);
    else this.#stoodStill(now);
  }

  // hls.js 1.7.4 sometimes leaves the parts of a segment until the next one is whole; starting it anew fetches them.
  #unstick(now) {
    const details = this.#hls?.latestLevelDetails;
    const ranges = this.#video.buffered;
    if (!details?.partList || !ranges.length || this.#fetching || now - this.#fetched < STUCK) return;
    const offered = details.partEnd - ranges.end(ranges.length - 1);
    if (offered < 2 * details.partTarget) return;
    this.#fetched = now;
    this.stats.unstuck++;
    this.#hls.startLoad();
  }

  // What is on its way over a connection that has died never comes. What the buffer holds stays, so that nothing is lost.
  #askAnew() {
    this.#fetching = false;
    this.#asked = true;
    this.#hls.stopLoad();
    this.#hls.startLoad();
  }

  #moved(now, position) {
    const first = this.#position < 0;
    this.#position = position;
    if (first && position === 0) return; // not the live edge yet
    if (this.phase === 'stalled') this.stats.longestStall = Math.max(this.stats.longestStall, now - this.#progress);
    this.#progress = now;
    if (!this.#hls) this.#activity = now; // what the browser fetches itself is not seen
    this.#asked = false;
    if (now - this.#built > SETTLED) this.#failures = 0;
    if (!first) {
      this.#still.hidden = true;
      this.#enter('playing');
    }
    this.#pace?.keep(now, this.#hls.liveSyncPosition);
  }

  #stoodStill(now) {
    if (!this.watched() || !this.#flowing || this.phase === 'blocked') return;
    const still = now - this.#progress;
    const resuming = now - this.#resumed < RESUMING; // then what was left was played, and the connection is not at fault
    const waited = this.phase === 'loading' && this.#position > 0 && !resuming;
    if (still > STALLED && (this.phase === 'playing' || waited)) {
      if (!resuming) this.#pace?.stalled();
      this.#enter(resuming ? 'loading' : 'stalled', this.#progress);
    }
    if (still > STALLED) this.#nudge();
    const idle = now - this.#activity;
    if (!this.#asked && this.#hls?.latestLevelDetails && still > ASK_ANEW && idle > ASK_ANEW) this.#askAnew();
    const patience = PATIENCE[Math.min(this.#failures, PATIENCE.length - 1)];
    if (idle > patience || still > 3 * patience) this.#fail();
  }

  // Gets a video going that has data but does not play: paused by the browser, or before a gap.
  #nudge() {
    const video = this.#video;
    if (video.paused) this.#start();
    for (let i = 0; i < video.buffered.length; i++) {
      const ahead = video.buffered.start(i) - video.currentTime;
      if (ahead > 0 && ahead < 30) {
        video.currentTime = video.buffered.start(i) + 0.01;
        return;
      }
    }
  }
}

function policy(firstByte, retries) {
  const retry = { maxNumRetry: retries, retryDelayMs: 300, maxRetryDelayMs: 2000, backoff: 'exponential' };
  return { default: { maxTimeToFirstByteMs: firstByte, maxLoadTimeMs: 2 * firstByte, timeoutRetry: retry, errorRetry: retry } };
}
