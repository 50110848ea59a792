package main

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// login is the one user who may log in.
type login struct {
	user     string
	password string
}

// accepts is true for the user's name, with or without its domain and in any case, together with the password. govmomi's own
// rule refuses a user that was configured with a domain.
func (l login) accepts(user, password string) bool {
	right := subtle.ConstantTimeCompare([]byte(password), []byte(l.password)) == 1
	return right && l.knows(user)
}

func (l login) knows(user string) bool {
	if strings.EqualFold(user, l.user) {
		return true
	}
	short, domain, found := strings.Cut(l.user, "@")
	return found && (strings.EqualFold(user, short) || strings.EqualFold(user, domain+`\`+short))
}

// validLogin has the form govmomi's SessionManager asks for.
func (l login) validLogin(request *types.Login) bool {
	return l.accepts(request.UserName, request.Password)
}

// requireBasic lets only requests with the right Basic credentials through to next.
func (l login) requireBasic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		if !given || !l.accepts(user, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="vsphere-motion-vcsim"`)
			writeError(w, http.StatusUnauthorized, "user name or password is missing or wrong")
			return
		}
		next.ServeHTTP(w, r)
	})
}
