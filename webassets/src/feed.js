// The receiver's snapshot, live: by server-sent events, and by polling while these do not come.

const EXPECTED = 1000; // ms; the receiver sends at least this often
const SILENCE = 3 * EXPECTED; // without a snapshot for so long, the connection counts as lost
const PATIENCE = 4000; // ms for one poll
const SYNC = 60000; // ms after which the clocks are compared anew
const DENIED = [5000, 10000, 20000, 40000, 60000]; // ms between polls while the key is void: fewer and fewer
const REOPEN = 10000; // ms between attempts at events that the receiver refuses

// ServerClock tells the server's time by the browser's clock.
export class ServerClock {
  #offset = 0;
  #roundTrip = Infinity;

  now() { return Date.now() + this.#offset; }

  // The answer to a request that left at `sent` and came back at `received` (browser's clock) says `time`.
  // The answer with the shortest way knows best; it is believed for as long as it does not contradict later ones.
  sample(sent, received, time) {
    const roundTrip = received - sent;
    const offset = time + roundTrip / 2 - received;
    const contradicts = Math.abs(offset - this.#offset) > (roundTrip + this.#roundTrip) / 2;
    if (roundTrip > this.#roundTrip && !contradicts) return;
    this.#offset = offset;
    this.#roundTrip = roundTrip;
  }

  // Whether an event that says `time` and came just now shows that one of the clocks was set: events are late, not early.
  doubts(time) {
    const ahead = time - this.now();
    return ahead > 500 || ahead < -5000;
  }
}

// Feed calls onSnapshot(snapshot) with each, and onChange() when the connection is lost or found. Public state:
// met (there was a snapshot), lostSince (ms, or 0 while connected), denied ('void' where the key is needed or no longer good,
// 'expired' where its time is over, else ''), clock.
export class Feed {
  clock = new ServerClock();
  met = false;
  lostSince = 0;
  denied = '';
  #refusals = 0; // in a row
  #last = Date.now(); // when the last snapshot came
  #events = null;
  #opened = 0;
  #asking = null; // ends the poll that is under way
  #polled = 0; // when the last poll began
  #lastSynced = 0;

  constructor(onSnapshot, onChange) {
    this.onSnapshot = onSnapshot;
    this.onChange = onChange;
  }

  start() {
    this.#open();
    this.#poll();
    setInterval(() => this.#watch(), EXPECTED);
    for (const [target, event] of [[window, 'online'], [window, 'pageshow'], [document, 'visibilitychange']]) {
      target.addEventListener(event, () => { if (document.visibilityState === 'visible') this.wake(); });
    }
  }

  // Something may have changed, such as the network: look at once, and do not wait for what may never come.
  wake() {
    if (this.#asking && Date.now() - this.#polled > EXPECTED) {
      this.#asking.abort();
      this.#asking = null;
    }
    this.#poll();
    if (!this.denied && Date.now() - this.#last > SILENCE) this.#open();
  }

  #open() {
    this.#events?.close();
    this.#opened = Date.now();
    this.#events = new EventSource('/api/v1/events');
    this.#events.addEventListener('status', (event) => {
      const snapshot = JSON.parse(event.data);
      if (this.clock.doubts(Date.parse(snapshot.time))) this.#poll();
      this.#take(snapshot);
    });
    this.#events.addEventListener('error', () => this.#poll());
  }

  // Each second: asks for what the events do not bring, and opens them anew where that may help.
  #watch() {
    const now = Date.now();
    if (this.denied) {
      if (now - this.#polled >= DENIED[Math.min(this.#refusals, DENIED.length) - 1]) this.#poll();
      return;
    }
    const closed = this.#events.readyState === EventSource.CLOSED; // refused: the browser does not try again
    const quiet = now - this.#last > SILENCE;
    if (quiet) this.#lose();
    if (closed || quiet || now - this.#lastSynced > SYNC) this.#poll();
    if ((closed || quiet) && now - this.#opened > (closed ? REOPEN : SILENCE)) this.#open();
  }

  async #poll() {
    if (this.#asking) return;
    const asking = this.#asking = new AbortController();
    const timer = setTimeout(() => asking.abort(), PATIENCE);
    try {
      const sent = this.#polled = Date.now();
      const response = await fetch('/api/v1/status', { cache: 'no-store', signal: asking.signal });
      const received = Date.now();
      if (response.status === 401) this.#deny(response.headers.get('WWW-Authenticate') ?? '');
      if (!response.ok) return;
      const snapshot = await response.json();
      this.clock.sample(sent, received, Date.parse(snapshot.time));
      this.#lastSynced = received;
      if (this.denied || this.lostSince) this.#open(); // the old connection brings nothing, even if nobody has ended it
      this.#take(snapshot);
    } catch { // no answer: where the events have ended too, the connection is lost; else the watch decides
      if (asking === this.#asking && this.#events.readyState !== EventSource.OPEN) this.#lose();
    } finally {
      clearTimeout(timer);
      if (asking === this.#asking) this.#asking = null;
    }
  }

  #lose() {
    if (this.lostSince) return;
    this.lostSince = this.#last;
    this.onChange();
  }

  #deny(challenge) {
    this.#events.close();
    this.#refusals++;
    this.denied = challenge.includes('error="expired"') ? 'expired' : 'void';
    this.onChange();
  }

  #take(snapshot) {
    snapshot.channels ??= []; // an empty list of the receiver's is null
    for (const channel of snapshot.channels) {
      channel.links ??= [];
      channel.verdict ??= { code: '', text: '' };
    }
    this.#last = Date.now();
    this.met = true;
    this.denied = '';
    this.#refusals = 0;
    this.lostSince = 0;
    this.onSnapshot(snapshot);
  }
}
