#!/bin/sh
# Draws the demonstration's clip, demo.h264, beside this script: 20 s of 640x360 at 25 pictures a second.
#
# Every picture is an SVG that awk writes and ffmpeg (built with librsvg, as Debian's is) rasterises. All that moves
# goes through a whole number of cycles in the 500 pictures, so the last one leads into the first.
# Needs: awk, ffmpeg with librsvg and libx264, fonts-dejavu-core.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

LC_ALL=C awk -v dir="$work" '
function part(x) { return x - int(x) }

# A range of hills whose outline repeats after "period" pixels, moved left by "shift".
function hills(base, high, period, waves, shift, colour,    x, p, d) {
    d = "M0 360"
    for (x = 0; x <= 640; x += 8) {
        p = tau * (x + shift) / period
        d = d sprintf(" L%d %.1f", x, base - high * (0.6 * sin(waves * p) + 0.4 * sin((waves + 3) * p + 1)))
    }
    return "<path fill=\"" colour "\" d=\"" d " L640 360 Z\"/>"
}

# Houses with lit windows, 20 to a street of 1000 pixels.
function street(shift,    i, x, w, h, s, r, c) {
    s = ""
    for (i = 0; i < 20; i++) {
        x = i * 50 - shift
        while (x < -60) x += 1000
        if (x > 640) continue
        w = 34 + (i * 7) % 17
        h = 34 + (i * 37) % 53
        s = s sprintf("<rect x=\"%.2f\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#152238\"/>", x, 236 - h, w, h)
        for (r = 0; r < int(h / 16); r++) for (c = 0; c < 3; c++) if ((i * 5 + r * 3 + c * 7) % 4 == 0)
            s = s sprintf("<rect x=\"%.2f\" y=\"%d\" width=\"5\" height=\"7\" fill=\"#f2c26b\"/>",
                x + 6 + c * 10, 242 - h + r * 16)
    }
    return s
}

function wheel(x, turn,    s) {
    s = "<g transform=\"translate(" x " 280)\"><circle r=\"17\" fill=\"#0c0f14\"/><circle r=\"9\" fill=\"#aeb8c4\"/>"
    s = s sprintf("<g transform=\"rotate(%.2f)\" stroke=\"#4b5563\" stroke-width=\"2.5\">", 360 * turn)
    return s "<path d=\"M-9 0H9M0 -9V9\"/></g></g>"
}

function ambulance(t,    s, glow) {
    glow = 0.5 - 0.5 * cos(tau * part(t / 1.25)) # slow enough for everybody: 0.8 flashes a second
    s = sprintf("<g transform=\"translate(0 %.2f)\">", 1.2 * sin(tau * t * 0.8))
    s = s "<ellipse cx=\"480\" cy=\"274\" rx=\"100\" ry=\"10\" fill=\"url(#beam)\"/>"
    s = s sprintf("<circle cx=\"318\" cy=\"178\" r=\"34\" fill=\"url(#blue)\" opacity=\"%.3f\"/>", glow)
    s = s sprintf("<circle cx=\"238\" cy=\"178\" r=\"34\" fill=\"url(#blue)\" opacity=\"%.3f\"/>", 1 - glow)
    s = s "<rect x=\"308\" y=\"176\" width=\"20\" height=\"11\" rx=\"4\" fill=\"#3b9dff\"/>"
    s = s "<rect x=\"228\" y=\"176\" width=\"20\" height=\"11\" rx=\"4\" fill=\"#3b9dff\"/>"
    s = s "<path fill=\"#eef2f6\" d=\"M212 186H332q8 0 13 8l22 34 30 8q11 3 11 14v24q0 8-8 8H212q-8 0-8-8V194"
    s = s "q0-8 8-8Z\"/>"
    s = s "<path fill=\"#16324a\" d=\"M316 198h14q4 0 7 4l17 26h-38q-4 0-4-4v-22q0-4 4-4Z\"/>"
    s = s "<path fill=\"#d9532c\" d=\"M204 246H406q2 3 2 6v8H204Z\"/>"
    s = s "<rect x=\"398\" y=\"262\" width=\"12\" height=\"7\" rx=\"3\" fill=\"#ffe9b0\"/>"
    s = s "<rect x=\"216\" y=\"198\" width=\"30\" height=\"36\" rx=\"4\" fill=\"#1d8a5f\"/>"
    s = s "<path fill=\"#fff\" d=\"M228 205h6v8h8v6h-8v8h-6v-8h-8v-6h8Z\"/>"
    s = s "<text x=\"279\" y=\"223\" font-size=\"18\" font-weight=\"bold\" fill=\"#16324a\" text-anchor=\"middle\">"
    s = s "DEMO</text></g>"
    return s wheel(242, t * 2) wheel(362, t * 2)
}

# One heartbeat, p from 0 to 1, as a height.
function beat(p) {
    return 5 * bump(p, 0.20, 0.030) - 7 * bump(p, 0.345, 0.010) + 33 * bump(p, 0.375, 0.013) \
        - 9 * bump(p, 0.405, 0.012) + 8 * bump(p, 0.62, 0.045)
}
function bump(p, at, wide) { return exp(-((p - at) / wide) * ((p - at) / wide) / 2) }

# A monitor trace: a gap sweeps over 4 s of heartbeats, 1.25 of them a second.
function trace(t,    x, age, s, d, pen) {
    d = ""
    pen = 0
    for (x = 0; x <= 400; x += 1.6) {
        age = part(t / 4 - x / 400 + 2)
        if (age > 0.95) { pen = 0; continue }
        d = d sprintf("%s%.1f %.1f", pen ? " L" : " M", 24 + x, 337 - beat(part(x / 80)))
        pen = 1
    }
    s = "<rect x=\"12\" y=\"302\" width=\"424\" height=\"48\" rx=\"8\" fill=\"#06121c\" opacity=\"0.9\"/>"
    s = s "<path fill=\"none\" stroke=\"#45e0a8\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"" d "\"/>"
    return s sprintf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\" fill=\"#d8fff0\"/>",
        24 + 400 * part(t / 4), 337 - beat(part(t / 0.8)))
}

# A clock whose hand turns once in 20 s, with the seconds in figures.
function clock(t,    s, i) {
    s = "<g transform=\"translate(552 84)\"><circle r=\"62\" fill=\"#06121c\" opacity=\"0.82\"/>"
    s = s "<circle r=\"58\" fill=\"none\" stroke=\"#93a7bb\" stroke-width=\"1.5\"/>"
    for (i = 0; i < 20; i++)
        s = s sprintf("<path stroke=\"#dbe6f0\" stroke-width=\"%s\" d=\"M0 -55V-%d\" transform=\"rotate(%d)\"/>",
            i % 5 ? "1.5" : "3", i % 5 ? 50 : 46, i * 18)
    s = s sprintf("<path fill=\"#ff8f5c\" d=\"M-3 10L0 -48L3 10Z\" transform=\"rotate(%.2f)\"/>", 18 * t)
    s = s "<circle r=\"4.5\" fill=\"#ff8f5c\"/>"
    s = s sprintf("<text y=\"37\" font-size=\"21\" text-anchor=\"middle\" fill=\"#f4f8fb\" %s>%05.2f</text></g>",
        "font-family=\"DejaVu Sans Mono\" font-weight=\"bold\"", t)
    return s
}

BEGIN {
    tau = 8 * atan2(1, 1)
    for (n = 0; n < 500; n++) {
        t = n / 25
        f = sprintf("%s/%03d.svg", dir, n)
        s = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"360\" font-family=\"DejaVu Sans\"><defs>"
        s = s "<linearGradient id=\"sky\" x2=\"0\" y2=\"1\"><stop offset=\"0\" stop-color=\"#12284a\"/>"
        s = s "<stop offset=\"0.45\" stop-color=\"#4a6a96\"/><stop offset=\"0.66\" stop-color=\"#f0a878\"/>"
        s = s "</linearGradient>"
        s = s "<radialGradient id=\"blue\"><stop offset=\"0\" stop-color=\"#8cc8ff\"/>"
        s = s "<stop offset=\"1\" stop-color=\"#3b9dff\" stop-opacity=\"0\"/></radialGradient>"
        s = s "<radialGradient id=\"beam\"><stop offset=\"0\" stop-color=\"#ffe9b0\" stop-opacity=\"0.8\"/>"
        s = s "<stop offset=\"1\" stop-color=\"#ffe9b0\" stop-opacity=\"0\"/></radialGradient></defs>"
        s = s "<rect width=\"640\" height=\"360\" fill=\"url(#sky)\"/>"
        s = s "<circle cx=\"118\" cy=\"150\" r=\"30\" fill=\"#ffd9a8\"/>"
        s = s hills(190, 22, 500, 2, n, "#5d6f93") hills(212, 16, 1000, 5, 2 * n, "#33496b") street(2 * n)
        s = s "<rect y=\"234\" width=\"640\" height=\"126\" fill=\"#1b2029\"/>"
        s = s "<rect y=\"234\" width=\"640\" height=\"5\" fill=\"#39424f\"/>"
        for (i = 0; i < 9; i++) s = s sprintf("<rect x=\"%d\" y=\"318\" width=\"44\" height=\"5\" fill=\"#c9d1da\"/>",
            i * 100 - (5 * n) % 100 - 44)
        s = s ambulance(t) trace(t) clock(t)
        s = s "<rect x=\"264\" y=\"14\" width=\"112\" height=\"36\" rx=\"8\" fill=\"#06121c\" opacity=\"0.82\"/>"
        s = s "<text x=\"320\" y=\"40\" font-size=\"22\" font-weight=\"bold\" fill=\"#ffd166\" text-anchor=\"middle\">"
        s = s "DEMO</text></svg>"
        print s > f
        close(f)
    }
}'

# One thread, so that the same ffmpeg makes the same bytes. The last filter takes out the encoder's signature.
ffmpeg -hide_banner -loglevel error -y -f image2 -framerate 25 -c:v librsvg -start_number 0 -i "$work/%03d.svg" \
    -vf 'scale=out_color_matrix=bt709:out_range=tv,format=yuv420p' \
    -c:v libx264 -threads 1 -preset veryslow -tune zerolatency -profile:v main -bf 0 -refs 3 -g 25 -keyint_min 25 \
    -sc_threshold 0 -flags +cgop -x264-params repeat-headers=1:sliced-threads=0 \
    -b:v 720k -maxrate 900k -bufsize 300k \
    -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv \
    -bsf:v filter_units=remove_types=6 -f h264 "$here/demo.h264"
ls -l "$here/demo.h264"
