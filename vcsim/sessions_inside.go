package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// login opens a session for a client that speaks no SOAP, with the rules and the events of a SOAP login, and gives its key.
func (t *sessionTable) login(from *http.Request, user, password string) (key string, ok bool) {
	body := fmt.Sprintf(`<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><userName>%s</userName><password>%s</password></Login>`,
		escaped(user), escaped(password))
	status, header := t.call(from, "", body)
	if status != http.StatusOK {
		return "", false
	}
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		if cookie.Name == sessionCookie {
			return cookie.Value, true
		}
	}
	return "", false
}

// use is true when there is such a session; it is in use then, and no longer idle.
func (t *sessionTable) use(from *http.Request, key string) bool {
	if key == "" {
		return false
	}
	const body = `<SessionIsActive xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this><sessionID/><userName/></SessionIsActive>`
	status, _ := t.call(from, key, body)
	return status == http.StatusOK
}

// call makes a SOAP call inside the process, on behalf of the client of another protocol.
func (t *sessionTable) call(from *http.Request, key, body string) (int, http.Header) {
	envelope := `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>` + body + `</Body></Envelope>`
	request, err := http.NewRequest(http.MethodPost, "/sdk", strings.NewReader(envelope))
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	request.RemoteAddr = from.RemoteAddr
	request.Header.Set("User-Agent", from.UserAgent())
	if key != "" {
		request.AddCookie(&http.Cookie{Name: sessionCookie, Value: key})
	}
	answer := &answerHead{header: http.Header{}}
	t.service.ServeSDK(answer, request)
	return answer.status, answer.header
}

// answerHead keeps the status and the header of an answer and drops its body.
type answerHead struct {
	status int
	header http.Header
}

func (a *answerHead) Header() http.Header { return a.header }

func (a *answerHead) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answerHead) Write(body []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return len(body), nil
}

func escaped(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}

// addressOf is the client's address without the port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
