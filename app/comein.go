package app

// sayWhoComesIn warns of what others can see without being asked for a key, or on the way of the video, and logs what
// viewers can compare.
func (r *Run) sayWhoComesIn() {
	if r.certificate != nil {
		r.log.Info("viewers' connections are encrypted", "fingerprint", r.Fingerprint(), "expires", r.certificate.Expires())
	}
	if r.oldListener != nil {
		r.log.Info("players of the old server are served", "address", r.oldListener.Addr().String())
	}
	if r.local() {
		return
	}
	seen := "the video and the key"
	if r.access() == AccessOpen {
		seen = "the video"
		r.warn("Everyone who reaches the page can watch: access is open, and no key is asked for. " +
			"Choose access by key, unless the network is closed.")
	}
	public := r.cfg.HTTP.PublicURL != ""
	page := r.page()
	switch {
	case page.Scheme == "https" || onLoopback(r.listener) && !public:
	case r.certificate != nil:
		r.warn("Viewers' connections are not encrypted where they follow the link, as the public address begins with http. "+
			"Write https://%s/ there.", page.Host)
	default:
		r.warn("Viewers' connections are not encrypted: whoever is on the way can see %s. Give the page a certificate, or "+
			"let it make one: [tls] in the settings, Encryption in the set-up.", seen)
	}
	if r.oldListener != nil && (public || !onLoopback(r.oldListener)) {
		r.warn("The address for players of the old server is not encrypted: whoever is on the way can see %s. "+
			"Switch it off where nobody needs it.", seen)
	}
}
