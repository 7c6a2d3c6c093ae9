package app

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/isc-receiver/isc-receiver/internal/portlist"
)

// originsProblem returns what is wrong with the origins whose pages may read answers, or nil.
func (a Access) originsProblem() *Problem {
	for _, text := range a.Origins {
		if err := checkOrigin(text); err != nil {
			return check(false, "access.origins", "%v", err)
		}
	}
	return nil
}

// checkOrigin checks that an origin is written as browsers send it (RFC 6454, section 6.1), since it is compared with
// that letter by letter. The error says what is right.
func checkOrigin(text string) error {
	const form = "write https://name or https://name:8443"
	u, err := url.Parse(strings.ToLower(text))
	switch {
	case text == "*":
		return fmt.Errorf("%q would let the pages of all sites in; name each, as https://name", text)
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", strings.Contains(u.Host, "*"):
		return fmt.Errorf("%q is no origin; %s", text, form)
	case strings.ContainsFunc(text, func(r rune) bool { return r > '~' || r <= ' ' }):
		return fmt.Errorf("%q has characters that browsers write otherwise; write the name as in the DNS, xn--", text)
	}
	if number, err := portlist.ParsePort(u.Port()); u.Port() != "" && (err != nil || number == 0) {
		return fmt.Errorf("%q is no port; %s", u.Port(), form)
	}
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	host := strings.TrimSuffix(strings.TrimSuffix(u.Host, usual), ":")
	if origin := u.Scheme + "://" + host; origin != text {
		return fmt.Errorf("%q is more than an origin, or not as browsers write it; write %s", text, origin)
	}
	return nil
}
