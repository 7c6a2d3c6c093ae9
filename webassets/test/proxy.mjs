// Stands between a browser and a receiver, and changes what the receiver says of itself: so states can be looked at that
// a receiver seldom gets into.
import { createServer, request } from 'node:http';

const EVERY = 250; // ms between two events

// Starts a proxy before the receiver at url. change(snapshot) returns the one to show; it can be replaced at any time.
// Returns {url, state: {change, refuse}, close()}; refuse makes the proxy answer nothing at all.
export async function startProxy(url) {
  const target = new URL(url);
  const state = { change: (snapshot) => snapshot, refuse: false };
  const ask = async () => state.change(await (await fetch(new URL('/api/v1/status', target))).json());
  const open = new Set();
  const server = createServer(async (asked, answer) => {
    if (state.refuse) return answer.destroy();
    const path = new URL(asked.url, target).pathname;
    try {
      if (path === '/api/v1/status') return answer.setHeader('Content-Type', 'application/json').end(JSON.stringify(await ask()));
      if (path === '/api/v1/events') return sendEvents(answer, ask, state, open);
    } catch { // the receiver is gone
      return answer.destroy();
    }
    const onward = request(new URL(asked.url, target), { headers: { ...asked.headers, host: target.host } }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    onward.end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    state,
    close() {
      for (const stop of open) stop();
      server.close();
      server.closeAllConnections();
    },
  };
}

function sendEvents(answer, ask, state, open) {
  answer.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = async () => {
    if (state.refuse) return answer.destroy();
    await ask().then((snapshot) => answer.write(`event: status\ndata: ${JSON.stringify(snapshot)}\n\n`), () => answer.destroy());
  };
  const timer = setInterval(send, EVERY);
  const stop = () => {
    clearInterval(timer);
    open.delete(stop);
  };
  open.add(stop);
  answer.on('close', stop);
  send();
}
