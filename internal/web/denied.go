package web

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const deniedStyle = `:root{color-scheme:dark}body{margin:0;min-height:100vh;display:grid;place-items:center;` +
	`background:#0e1318;color:#e6edf3;font:1rem/1.5 system-ui,sans-serif}` +
	`main{max-width:26rem;margin:1.5rem;padding:1.5rem 2rem;background:#11181e;border:1px solid #242f3a;` +
	`border-radius:8px}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0;color:#b4c0cc}`

// deny answers a request that the access rule refuses: with a page to a browser that shows it, else with a sentence.
// rest is for how long keys are refused.
func deny(w http.ResponseWriter, r *http.Request, why verdict, rest time.Duration) {
	code, title, text := http.StatusUnauthorized, "This link needs the key",
		"Ask the operator of the receiver for the whole link: it ends with the key. Then open it once in this browser."
	switch why {
	case wrongKey:
		title, text = "This key is not valid", "The link may be old. Ask the operator of the receiver for the present one."
	case expiredKey:
		title, text = "This link has expired", "Ask the operator of the receiver for a new one."
	case voidKey:
		title, text = "This link is no longer valid", "Ask the operator of the receiver for the present one."
	case tooManyKeys:
		code, title = http.StatusTooManyRequests, "Too many wrong keys"
		text = "Wait for a minute, then open the link again."
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(rest.Seconds()))))
	default:
	}
	if code == http.StatusUnauthorized {
		challenge := `Key realm="ISC Receiver"`
		if why == expiredKey {
			challenge += `, error="expired"` // by which the page knows what to say
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		writeText(w, code, title+". "+text)
		return
	}
	style := sha256.Sum256([]byte(deniedStyle))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+
		base64.StdEncoding.EncodeToString(style[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width"><title>` + title + `</title><style>` + deniedStyle +
		`</style><main><h1>` + title + `</h1><p>` + text + `</p></main></html>`)) // the client may be gone
}
