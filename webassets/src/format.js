// Numbers, times and durations in words. Every function returns a string.

const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const clocks = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const dateText = (date) => dates.format(date);
export const clockText = (date) => clocks.format(date);

// How long something has lasted, or since when where that says more: "for 12 s", "for 3 min 5 s", "since 14:02:31".
// Empty where that is not known.
export function lasting(since, now) {
  if (Number.isNaN(since)) return '';
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds < 60) return `for ${seconds} s`;
  if (seconds < 600) return `for ${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const day = now - since > 20 * 3600e3 ? ` on ${dateText(since)}` : '';
  return `since ${clockText(since)}${day}`;
}

export function bitrate(bps) {
  if (bps >= 1e6) return `${(bps / 1e6).toFixed(1)} Mb/s`;
  return `${Math.round(bps / 1e3)} kb/s`;
}

// With thin spaces between thousands, which do not break.
export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');

// The same in at most six characters.
export function compact(n) {
  if (n < 1e5) return count(n);
  return n < 1e6 ? `${Math.round(n / 1e3)} k` : `${(n / 1e6).toFixed(1)} M`;
}

export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

export const milliseconds = (ms) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));

// A duration given in ms, in its one unit that matters.
export function seconds(ms) {
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60000)} min`;
}

export const lateness = (ms) => {
  const late = Math.max(0, ms) / 1000;
  return late < 60 ? `${late.toFixed(1)} s` : `${Math.floor(late / 60)} min`;
};
