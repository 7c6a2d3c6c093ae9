// A picture of the picture, as a PNG file with the channel's name and the frame's time below it.
import { clockText, dateText } from './format.js';

// Saves what source (a video or canvas with the given size) shows. date is the frame's, or null where it is not known.
export async function savePicture(source, { width, height }, { name, date, demo }) {
  const bar = Math.max(28, Math.round(height / 18));
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height + bar;
  const pen = canvas.getContext('2d');
  pen.drawImage(source, 0, 0, width, height);
  pen.fillStyle = '#0e1318';
  pen.fillRect(0, height, width, bar);
  pen.fillStyle = '#e6edf3';
  pen.textBaseline = 'middle';
  pen.font = `600 ${Math.round(bar * 0.5)}px system-ui, sans-serif`;
  const inset = Math.round(bar * 0.4);
  const title = demo ? `${name} (demonstration)` : name;
  pen.fillText(title, inset, height + bar / 2, width / 2 - 2 * inset);
  pen.textAlign = 'right';
  pen.fillText(date ? stamp(date) : 'time not known', width - inset, height + bar / 2, width / 2 - inset);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName(name, date ?? new Date());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function stamp(date) {
  const ahead = -date.getTimezoneOffset();
  const hours = String(Math.floor(Math.abs(ahead) / 60)).padStart(2, '0');
  const minutes = String(Math.abs(ahead) % 60).padStart(2, '0');
  const tenths = Math.floor(date.getMilliseconds() / 100);
  return `${dateText(date)}  ${clockText(date)}.${tenths}  UTC${ahead < 0 ? '\u2212' : '+'}${hours}:${minutes}`;
}

export function fileName(name, date) {
  const two = (n) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase();
  return `${plain || 'picture'}_${day}_${time}.png`;
}
