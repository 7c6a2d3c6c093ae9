// Stands between a browser and a receiver, and changes what the receiver says of itself, or is the bad network between
// them: so states can be looked at that a receiver seldom gets into.
import { createServer, request } from 'node:http';

const EVERY = 250; // ms between two events

// Starts a proxy before the receiver at url. Returns {url, state, hang(), drop(), stall(ms), close()}. The fields of state
// can be set at any time: change(snapshot) returns the one to show, refuse ends connections at once, hanging takes requests and
// never answers, busy refuses event streams, denied is the challenge with which all is refused. hang() makes all open
// connections die without a word, as when a phone changes networks, and sets hanging; drop() ends them;
// stall(ms) holds all answers back for so long.
export async function startProxy(url) {
  const target = new URL(url);
  const state = { change: (snapshot) => snapshot, refuse: false, hanging: false, busy: false, denied: '' };
  let gate = Promise.resolve();
  const open = new Set(); // answers under way
  const dead = new WeakSet();
  const ask = async () => state.change(await (await fetch(new URL('/api/v1/status', target))).json());

  // Sends what an iterable yields, unless the connection has died meanwhile.
  async function pass(answer, chunks) {
    for await (const chunk of chunks) {
      await gate;
      if (dead.has(answer) || answer.destroyed) return;
      answer.write(chunk);
    }
    if (!dead.has(answer)) answer.end();
  }

  async function* events(answer) {
    for (; !answer.destroyed && !state.denied; await new Promise((resolve) => { setTimeout(resolve, EVERY); })) {
      yield `event: status\ndata: ${JSON.stringify(await ask())}\n\n`;
    }
  }

  async function serve(asked, answer) {
    const path = new URL(asked.url, target).pathname;
    await gate;
    if (state.denied) return answer.writeHead(401, { 'WWW-Authenticate': state.denied }).end();
    if (path === '/api/v1/status') {
      answer.setHeader('Content-Type', 'application/json');
      return pass(answer, [JSON.stringify(await ask())]);
    }
    if (path === '/api/v1/events' && state.busy) return answer.writeHead(503).end();
    if (path === '/api/v1/events') {
      answer.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      return pass(answer, events(answer));
    }
    const onward = request(new URL(asked.url, target), { headers: { ...asked.headers, host: target.host } });
    answer.on('close', () => onward.destroy());
    onward.end();
    const got = await new Promise((resolve, reject) => onward.on('response', resolve).on('error', reject));
    if (dead.has(answer)) return undefined;
    answer.writeHead(got.statusCode, got.headers);
    return pass(answer, got);
  }

  const server = createServer((asked, answer) => {
    if (state.refuse) return answer.destroy();
    if (state.hanging) return undefined;
    open.add(answer);
    answer.on('close', () => open.delete(answer));
    return serve(asked, answer).catch(() => { // the receiver is gone
      if (!dead.has(answer)) answer.destroy();
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    state,
    hang() {
      for (const answer of open) dead.add(answer);
      state.hanging = true;
    },
    drop() { server.closeAllConnections(); },
    stall(ms) { gate = new Promise((resolve) => { setTimeout(resolve, ms); }); },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
