// How a browser plays the video. Pure: what the browser can do goes in.

// Returns 'hls.js' where there are Media Source Extensions, which follow live closest; 'native' where the browser knows HLS
// itself, as Safari does on older iPhones; else ''. canPlayType is that of the video element.
export function wayToPlay(hasMediaSource, canPlayType) {
  if (hasMediaSource) return 'hls.js';
  return canPlayType('application/vnd.apple.mpegurl') ? 'native' : '';
}
